//! Writes JSON, for the text of a policy.

use std::fmt::Write as _;

/// `"text"`, escaped as RFC 8259 section 7 has it.
pub(super) fn string(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => json.extend(['\\', letter]),
            // Writing to a string cannot fail.
            letter if letter.is_control() => drop(write!(json, "\\u{:04x}", u32::from(letter))),
            letter => json.push(letter),
        }
    }
    json.push('"');
    json
}

/// `["text", …]`
pub(super) fn strings(texts: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    list(texts.into_iter().map(|text| string(text.as_ref())))
}

/// `[element, …]`
pub(super) fn list(elements: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", elements.into_iter().collect::<Vec<_>>().join(","))
}

/// `{"name":value}`
pub(super) fn named(name: &str, value: &str) -> String {
    format!("{{\"{name}\":{value}}}")
}

/// The members of an object, in the order in which they are added.
#[derive(Default)]
pub(super) struct Object(Vec<String>);

impl Object {
    pub(super) fn add(&mut self, name: &str, value: impl std::fmt::Display) {
        self.0.push(format!("\"{name}\":{value}"));
    }

    pub(super) fn finish(self) -> String {
        format!("{{{}}}", self.0.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::string;

    #[test]
    fn every_letter_survives() {
        for (text, json) in [
            ("", r#""""#),
            ("a b", r#""a b""#),
            ("\"\\", r#""\"\\""#),
            ("\n\0\u{7f}", r#""\u000a\u0000\u007f""#),
            ("ä😀", "\"ä😀\""),
        ] {
            assert_eq!(string(text), json);
        }
    }
}
