//! The reference in the docs is the table of keys, and messages keep their form.

use super::endpoint;
use crate::lints::LINTS;
use crate::parse::keys::KEYS;

#[test]
fn the_docs_list_every_key() {
    let docs = include_str!("../lib.rs");
    for key in KEYS {
        let row = format!("/// | `{}` | {} | {} |", key.example, key.meaning, key.value);
        assert!(docs.contains(&row), "the reference in lib.rs lacks:\n{row}");
    }
}

#[test]
fn the_rule_book_lists_every_lint_with_its_levels() {
    let docs = include_str!("../../../docs/rules.md");
    for lint in LINTS {
        let level = |level| format!("{level:?}").to_lowercase();
        let row =
            format!("| `{}` | {} | {} | ", lint.name, level(lint.standard), level(lint.strict));
        assert!(docs.contains(&row), "docs/rules.md lacks:\n{row}");
        let headings = docs.lines().filter(|line| line.starts_with("### "));
        let explains =
            headings.filter(|line| line.contains(lint.name) || lint.name.contains("reason"));
        assert!(explains.count() > 0, "docs/rules.md does not explain `{}`", lint.name);
    }
}

#[test]
fn every_example_is_accepted() {
    let handler = "async fn handler(order: Json<NewOrder>) -> String { String::new() }";
    for key in KEYS {
        if key.name == "use" {
            // It is taken out before the keys are read.
            let example = key.example.parse().unwrap();
            assert!(crate::parse::layers::used(&example).is_some());
            continue;
        }
        let validates = matches!(key.name, "validate" | "unvalidated");
        let rest = if validates { "" } else { ", validate(order)" };
        let rule = if key.name == "hide" { "roles = \"admin\", " } else { "" };
        let handler = match key.name {
            "websocket" => "async fn handler(order: Payload) -> String { String::new() }",
            _ => handler,
        };
        let rest = if key.name == "websocket" { "" } else { rest };
        // A body makes the handler a write, which needs a limit where anybody may call.
        let limit = match key.example {
            "public" => ", rate(\"10/min\", by = address)",
            "auth = optional" => ", rate = \"10/min\"",
            _ => "",
        };
        let attribute = format!("{rule}{}{rest}{limit}", key.example);
        let mistakes = endpoint(&attribute, handler).err().map(|report| report.messages());
        assert_eq!(mistakes, None, "{attribute}");
    }
}

#[test]
fn every_mistake_of_an_attribute_is_reported_at_once() {
    let attribute =
        "role = \"a\", scopes = \"\", rate = \"0/h\", max_body = \"1XB\", validate(oder)";
    let report = endpoint(attribute, "fn handler(order: Json<u8>) {}").err();
    let messages = report.map(|report| report.messages()).unwrap_or_default();
    assert_eq!(messages.len(), 7, "{messages:#?}");
    for message in messages {
        let first = message.lines().next().unwrap_or_default();
        assert!(first.chars().count() <= 100 && !first.ends_with('.'), "{first}");
        assert!(message.matches("\n= help: ").count() <= 1, "{message}");
    }
}
