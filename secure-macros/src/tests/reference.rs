//! The reference in the docs is the table of keys, and messages keep their form.

use super::endpoint;
use crate::keys::KEYS;

#[test]
fn the_docs_list_every_key() {
    let docs = include_str!("../lib.rs");
    for key in KEYS {
        let row = format!("/// | `{}` | {} |", key.example, key.meaning);
        assert!(docs.contains(&row), "the reference in lib.rs lacks:\n{row}");
    }
}

#[test]
fn every_example_is_accepted() {
    let handler = "async fn handler(order: Json<NewOrder>) -> String { String::new() }";
    for key in KEYS {
        let validates = matches!(key.name, "validate" | "unvalidated");
        let rest = if validates { "" } else { ", validate(order)" };
        let rule = if key.name == "hide" { "roles = \"admin\", " } else { "" };
        let attribute = format!("{rule}{}{rest}", key.example);
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
