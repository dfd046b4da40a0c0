//! A rule that was broken, in words, and where: a JSON Pointer.

use serde_json::Value;
use validator::ValidationError;

use crate::denial::FieldError;

pub(super) fn violation(
    location: &'static str,
    pointer: &str,
    error: &ValidationError,
) -> FieldError {
    FieldError {
        location,
        pointer: pointer.to_owned(),
        code: error.code.to_string(),
        detail: error.message.as_ref().map_or_else(|| sentence(error), ToString::to_string),
    }
}

/// What a rule of the `validator` crate demands, from its parameters; never the value.
fn sentence(error: &ValidationError) -> String {
    let limit = |name: &str| error.params.get(name).filter(|value| value.is_number());
    let bounds = match (limit("min"), limit("max"), limit("equal")) {
        (_, _, Some(equal)) => Some(format!("exactly {equal}")),
        (Some(min), Some(max), _) => Some(format!("between {min} and {max}")),
        (Some(min), None, _) => Some(format!("at least {min}")),
        (None, Some(max), _) => Some(format!("at most {max}")),
        (None, None, None) => None,
    };
    match (error.code.as_ref(), bounds) {
        ("length", Some(bounds)) => format!("must have a length of {bounds}"),
        ("range", Some(bounds)) => format!("must be {bounds}"),
        ("range", None) => exclusive_range(error),
        ("email", _) => String::from("must be an email address"),
        ("url", _) => String::from("must be a URL"),
        ("ip" | "ip_v4" | "ip_v6", _) => String::from("must be an IP address"),
        ("credit_card", _) => String::from("must be a card number"),
        ("required" | "required_nested", _) => String::from("must be present"),
        ("must_match", _) => String::from("must match the other field"),
        (code, _) => format!("breaks the rule `{code}`"),
    }
}

fn exclusive_range(error: &ValidationError) -> String {
    let limit = |name: &str| error.params.get(name).filter(|value: &&Value| value.is_number());
    match (limit("exclusive_min"), limit("exclusive_max")) {
        (Some(min), Some(max)) => format!("must be above {min} and below {max}"),
        (Some(min), None) => format!("must be above {min}"),
        (None, Some(max)) => format!("must be below {max}"),
        (None, None) => String::from("must be within its range"),
    }
}

/// Appends one reference token (RFC 6901 section 3) of a pointer in fragment form (section 6).
pub(super) fn push_segment(pointer: &mut String, name: &str) {
    pointer.push('/');
    for byte in name.bytes() {
        match byte {
            b'~' => pointer.push_str("~0"),
            b'/' => pointer.push_str("~1"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                pointer.push(byte.into())
            }
            _ => pointer.push_str(&format!("%{byte:02X}")),
        }
    }
}

/// The reference tokens of a pointer that was made by [`push_segment`].
pub(super) fn segments(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(unescaped).collect()
}

fn unescaped(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'~' => {
                let is_tilde = rest.next() == Some(b'0');
                if is_tilde { b'~' } else { b'/' }
            }
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let byte =
                    digit().zip(digit()).and_then(|(high, low)| (high * 16 + low).try_into().ok());
                byte.unwrap_or_default()
            }
            byte => byte,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pointers_are_read_as_they_were_written(names in proptest::collection::vec(".*", 0..4)) {
            let mut pointer = String::from("#");
            names.iter().for_each(|name| push_segment(&mut pointer, name));
            prop_assert_eq!(segments(&pointer), names);
        }
    }

    #[test]
    fn the_value_is_never_repeated() {
        let mut error = ValidationError::new("length");
        error.add_param(Cow::from("value"), &"s3cr3t");
        error.add_param(Cow::from("min"), &8);
        assert_eq!(sentence(&error), "must have a length of at least 8");
    }
}
