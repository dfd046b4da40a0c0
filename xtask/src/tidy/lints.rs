//! Clippy over every target; a warning is a failure.
//!
//! Warnings are counted here and not denied to the compiler: a denied one stops everything that
//! depends on its package, and the rest would be seen only after it is mended.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::root;
use crate::steps::cargo;

/// Shows every warning and error once.
pub(super) fn check() -> Result<(), Vec<String>> {
    let output = cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--locked"])
        .args(["--keep-going", "--message-format=json-diagnostic-rendered-ansi"])
        .current_dir(root())
        .output()
        .map_err(|error| vec![format!("clippy cannot be started: {error}")])?;
    let found = rendered(&String::from_utf8_lossy(&output.stdout));
    for message in &found {
        println!("{message}");
    }
    if !found.is_empty() {
        return Err(vec![format!("{} warnings or errors; they are above", found.len())]);
    }
    if output.status.success() {
        Ok(())
    } else {
        Err(vec![String::from_utf8_lossy(&output.stderr).trim().into()])
    }
}

/// What a person reads of cargo's messages; the library and its tests complain of the same line
/// once.
fn rendered(messages: &str) -> BTreeSet<String> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        // A summary such as `2 warnings emitted` stands nowhere.
        .filter(|message| {
            let places = message.pointer("/message/spans").and_then(Value::as_array);
            places.is_some_and(|places| !places.is_empty())
        })
        .filter_map(|message| Some(message.pointer("/message/rendered")?.as_str()?.into()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_shown_once_and_summaries_never() {
        let warning = r#"{"reason":"compiler-message","message":{"spans":[{}],"rendered":"bad"}}"#;
        let summary = r#"{"reason":"compiler-message","message":{"spans":[],"rendered":"1"}}"#;
        let built = r#"{"reason":"compiler-artifact"}"#;
        let found = rendered(&[warning, warning, summary, built].join("\n"));
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["bad"]);
    }
}
