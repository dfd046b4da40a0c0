//! The pages that are looked up are complete: `reference.md` has every key of the attribute,
//! `configuration.md` every setting of the builder, and `logs-and-metrics.md` every log line.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::Chars;

use super::is_in_order;

/// Keys whose values have units.
const MEASURED: [&str; 4] = ["fresh", "rate", "max_body", "body_timeout"];

#[test]
fn the_reference_has_a_row_for_each_key() {
    let keys = fs::read_to_string("../secure-macros/src/parse/keys.rs").unwrap();
    let page = fs::read_to_string("../docs/reference.md").unwrap();
    let names = keys.lines().filter_map(|line| line.trim().strip_prefix("name: \""));
    let names: Vec<&str> = names.filter_map(|rest| rest.strip_suffix("\",")).collect();
    for name in &names {
        let begin = format!("| `{name}");
        let rows = page.lines().filter_map(|line| line.strip_prefix(begin.as_str()));
        let mut rows = rows.filter(|rest| rest.starts_with([' ', '`', '('])).peekable();
        assert!(rows.peek().is_some(), "docs/reference.md has no row for `{name}`");
        let has_units = rows.any(|row| row.contains("Units:"));
        assert!(has_units || !MEASURED.contains(name), "docs/reference.md: no units of `{name}`");
    }
    assert!(names.len() >= 28, "only {} keys were found", names.len());
}

#[test]
fn the_configuration_has_each_method_of_the_builder() {
    let page = fs::read_to_string("../docs/configuration.md").unwrap();
    let mut methods = 0;
    for file in sources(Path::new("../secure-runtime/src/security")) {
        let mut is_builder = false;
        for line in fs::read_to_string(file).unwrap().lines() {
            if line.starts_with("impl") {
                is_builder = line == "impl SecurityBuilder {";
            }
            let signature = line.strip_prefix("    pub fn ").filter(|_| is_builder);
            if let Some(name) = signature.and_then(|it| it.split(['(', '<']).next()) {
                methods += 1;
                let is_told = page.contains(&format!("`{name}("));
                assert!(is_told, "docs/configuration.md lacks `{name}` of the builder");
            }
        }
    }
    assert!(methods >= 33, "only {methods} methods were found");
}

#[test]
fn the_page_about_logs_has_each_line() {
    let page = fs::read_to_string("../docs/logs-and-metrics.md").unwrap();
    let templates: Vec<&str> = page.lines().flat_map(spans).filter(|it| is_telling(it)).collect();
    let mut lines = 0;
    for file in sources(Path::new("../secure-runtime/src")) {
        for message in messages(&fs::read_to_string(&file).unwrap()) {
            lines += 1;
            let is_told = templates.iter().any(|template| is_like(template, &message));
            let place = file.display();
            assert!(is_told, "docs/logs-and-metrics.md lacks a line of {place}: {message}");
        }
    }
    assert!(lines >= 50, "only {lines} log lines were found");
}

/// Each message that is logged. What is only a variable is composed elsewhere.
fn messages(source: &str) -> Vec<String> {
    let mut messages = Vec::new();
    let mut rest = source;
    while let Some((_, behind)) = rest.split_once("tracing::") {
        rest = behind;
        let Some((level, arguments)) = behind.split_once("!(") else { continue };
        if ["error", "warn", "info", "debug", "trace"].contains(&level) {
            messages.extend(message(arguments));
        }
    }
    messages.retain(|message| message.contains(' ') || !message.contains('{'));
    messages
}

/// The first argument that is a text; those before it are fields.
fn message(arguments: &str) -> Option<String> {
    let mut letters = arguments.chars();
    let mut before = ',';
    while let Some(letter) = letters.next() {
        if letter == '"' {
            let text = literal(&mut letters);
            if before == ',' {
                return Some(text);
            }
        }
        if !letter.is_whitespace() {
            before = letter;
        }
    }
    None
}

/// The text up to the closing quote; a line that ends with `\` continues behind the indentation.
fn literal(letters: &mut Chars<'_>) -> String {
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' => match letters.next() {
                Some('\n') => *letters = letters.as_str().trim_start().chars(),
                Some(escaped) => text.push(escaped),
                None => break,
            },
            _ => text.push(letter),
        }
    }
    text
}

/// What stands in backticks, or in two of them.
fn spans(line: &str) -> Vec<&str> {
    let mut spans = Vec::new();
    for (number, part) in line.split("``").enumerate() {
        if number % 2 == 1 {
            spans.push(part.trim());
        } else {
            spans.extend(part.split('`').skip(1).step_by(2));
        }
    }
    spans
}

/// Not only dots, which every message would be like.
fn is_telling(template: &str) -> bool {
    template.chars().filter(char::is_ascii_alphabetic).count() >= 6
}

/// Whether the message is this text, where dots stand for anything.
fn is_like(template: &str, message: &str) -> bool {
    let parts: Vec<String> = template.split('…').map(str::to_owned).collect();
    let [first, middle @ .., last] = parts.as_slice() else { return template == message };
    let rest = message.strip_prefix(first.as_str());
    let rest = rest.and_then(|rest| rest.strip_suffix(last.as_str()));
    rest.is_some_and(|rest| is_in_order(middle, rest))
}

/// The Rust files in a folder, at any depth.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
