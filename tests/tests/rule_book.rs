//! Every message in a table of the docs is one that the compiler prints for a UI test: a program that does
//! not compile.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "rule_book/guide.rs"]
mod guide;
#[path = "rule_book/lookup.rs"]
mod lookup;
#[path = "rule_book/quickstart.rs"]
mod quickstart;

use std::fs;
use std::path::Path;

/// A message that no UI test shows, because it depends on the compiler's environment. It is tested with the calendar.
const ELSEWHERE: &str = "`SOURCE_DATE_EPOCH` expects seconds since 1970, found …";

#[test]
fn every_message_of_the_docs_is_one_of_a_program() {
    let said = said();
    let mut messages = 0;
    for file in ["rules", "allow", "module-policies", "step-up"] {
        let text = fs::read_to_string(format!("../docs/{file}.md")).unwrap();
        for message in told(&text) {
            messages += 1;
            let shown = said.iter().any(|line| is_in_order(&fragments(&message), line));
            assert!(shown || message == ELSEWHERE, "docs/{file}.md: no program shows {message}");
        }
    }
    assert!(messages >= 90, "only {messages} messages were found");
}

/// Every line that the compiler prints about a program, without the parts that depend on the example.
fn said() -> Vec<String> {
    let folders = ["tests/ui", "vocabulary/tests/ui"].map(|folder| fs::read_dir(folder).unwrap());
    let topics = folders.into_iter().flatten().map(|topic| topic.unwrap().path());
    let files = topics.flat_map(|topic| fs::read_dir(topic).unwrap());
    let blessed = files.map(|file| file.unwrap().path()).filter(|file| is_blessed(file));
    let texts: Vec<String> = blessed.map(|file| fs::read_to_string(file).unwrap()).collect();
    // The quoted source contains the expected message in a comment; skip it.
    let lines = texts.iter().flat_map(|text| text.lines()).filter(|line| !line.contains("//~"));
    lines.map(plain).collect()
}

fn is_blessed(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "stderr")
}

/// The cells of every column with the heading `message`.
fn told(text: &str) -> Vec<String> {
    let mut column = None;
    let mut messages = Vec::new();
    for line in text.lines() {
        let cells = cells(line);
        let headed = cells.iter().position(|cell| cell == "message");
        if !line.starts_with('|') {
            column = None;
        } else if headed.is_some() {
            column = headed;
        } else if let Some(cell) = column.and_then(|column| cells.get(column))
            && !cell.starts_with("---")
        {
            let code = cell.strip_prefix("`` ").and_then(|cell| cell.strip_suffix(" ``"));
            let code = code.or_else(|| cell.strip_prefix('`')?.strip_suffix('`'));
            messages.push(code.unwrap_or_else(|| panic!("no message: {line}")).to_owned());
        }
    }
    messages
}

/// The cells of a row; `\\|` is a bar inside a cell.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim_matches('|').replace("\\|", "\u{1}");
    line.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect()
}

/// The parts between the ellipses.
fn fragments(message: &str) -> Vec<String> {
    plain(message).split('…').map(|part| part.trim().to_owned()).collect()
}

/// A message without the parts that depend on the example: words in backticks, text in quotes, numbers.
fn plain(message: &str) -> String {
    let mut plain = String::new();
    let mut until = None;
    for letter in message.chars() {
        match until {
            Some(end) if letter == end => until = None,
            Some(_) => {}
            None if letter == '`' || letter == '"' => {
                plain.push('·');
                until = Some(letter);
            }
            None if letter.is_ascii_digit() => {
                if !plain.ends_with('#') {
                    plain.push('#');
                }
            }
            None => plain.push(letter),
        }
    }
    plain
}

fn is_in_order(fragments: &[String], line: &str) -> bool {
    let mut rest = line;
    fragments.iter().all(|fragment| match rest.split_once(fragment.as_str()) {
        Some((_, behind)) => {
            rest = behind;
            true
        }
        None => false,
    })
}
