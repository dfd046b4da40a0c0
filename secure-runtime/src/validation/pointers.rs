//! JSON Pointers in fragment form (RFC 6901 section 6): the location of a violation in the request.

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

/// The reference tokens of a pointer that [`push_segment`] created.
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
}
