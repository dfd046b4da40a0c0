//! Parses path templates into the segments by which the index sorts.
//!
//! The segments match every path that the template matches, and may match more; the template itself
//! decides.

/// A path segment, between two slashes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    /// This text.
    Literal(&'a str),
    /// Any text without a slash.
    Any,
}

/// The first segments of a template, and whether it ends with them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Template<'a> {
    pub(super) segments: Vec<Segment<'a>>,
    /// Whether more segments may follow.
    pub(super) is_open: bool,
}

impl<'a> Template<'a> {
    pub(super) fn parse(pattern: &'a str, is_prefix: bool) -> Self {
        let mut segments = Vec::new();
        for text in split(pattern) {
            match segment(text) {
                Some(segment) => segments.push(segment),
                None => return Self { segments, is_open: true },
            }
        }
        Self { segments, is_open: is_prefix }
    }
}

/// The parts between slashes outside of braces. A pattern that begins with a slash (all except the
/// empty one) has an empty part before it, as paths do.
fn split(pattern: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    pattern.split(move |character| {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == '/' && depth == 0
    })
}

/// `None`: it may match slashes.
fn segment(text: &str) -> Option<Segment<'_>> {
    if !text.contains(['{', '}', '*']) {
        return Some(Segment::Literal(text));
    }
    let mut rest = text;
    while let Some((before, parameter)) = rest.split_once('{') {
        let (parameter, after) = parameter_end(parameter)?;
        let expression = parameter.split_once(':').map(|(_, expression)| expression);
        if before.contains(['}', '*']) || !expression.is_none_or(is_confined) {
            return None;
        }
        rest = after;
    }
    (!rest.contains(['}', '*'])).then_some(Segment::Any)
}

/// The text up to the brace that closes the parameter, and the text after it.
fn parameter_end(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1_usize;
    for (place, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((text.get(..place)?, text.get(place + 1..)?));
        }
    }
    None
}

/// Whether a regular expression certainly matches no slash: it consists of letters, digits, `\d`,
/// `\w`, and ranges of letters or digits.
fn is_confined(expression: &str) -> bool {
    if matches!(expression, "[^/]+" | "[^/]*") {
        return true;
    }
    let mut last = ' ';
    let mut characters = expression.chars().peekable();
    while let Some(character) = characters.next() {
        let is_harmless = match character {
            '\\' => characters.next().is_some_and(|escaped| matches!(escaped, 'd' | 'w')),
            '-' => characters.peek().is_some_and(|next| is_range(last, *next)),
            '?' => last != '(',
            '_' | '+' | '*' | '|' | '(' | ')' | '[' | ']' | '{' | '}' | ',' => true,
            other => other.is_ascii_alphanumeric(),
        };
        if !is_harmless {
            return false;
        }
        last = if character == '\\' { ' ' } else { character };
    }
    true
}

fn is_range(from: char, to: char) -> bool {
    let both = |is: fn(&char) -> bool| is(&from) && is(&to);
    both(char::is_ascii_digit) || both(char::is_ascii_lowercase) || both(char::is_ascii_uppercase)
}

#[cfg(test)]
mod tests {
    use super::Segment::{Any, Literal};
    use super::*;

    #[track_caller]
    fn check(pattern: &str, segments: &[Segment<'_>], is_open: bool) {
        let template = Template::parse(pattern, false);
        assert_eq!((&*template.segments, template.is_open), (segments, is_open), "{pattern}");
    }

    #[test]
    fn templates_keep_the_segments_that_they_fix() {
        check("", &[Literal("")], false);
        check("/", &[Literal(""), Literal("")], false);
        check("/a/b", &[Literal(""), Literal("a"), Literal("b")], false);
        check(
            "/a//b/",
            &[Literal(""), Literal("a"), Literal(""), Literal("b"), Literal("")],
            false,
        );
        check("/a/{id}/b", &[Literal(""), Literal("a"), Any, Literal("b")], false);
        check("/v{n}/{a}.{b}", &[Literal(""), Any, Any], false);
        check(r"/{n:\d+}/b", &[Literal(""), Any, Literal("b")], false);
        check("/{n:[0-9a-f]{8}}/b", &[Literal(""), Any, Literal("b")], false);
        check("/{n:[^/]+}/b", &[Literal(""), Any, Literal("b")], false);
        check("/a/{tail:.*}", &[Literal(""), Literal("a")], true);
        check("/a/{tail}*", &[Literal(""), Literal("a")], true);
        check("/a/{two:[a-z]+/[a-z]+}/b", &[Literal(""), Literal("a")], true);
        check("/a/{not:[^x]+}/b", &[Literal(""), Literal("a")], true);
        check("/a/{range:[+-9]+}/b", &[Literal(""), Literal("a")], true);
        check("/a/{flags:(?i)x}", &[Literal(""), Literal("a")], true);
        check("/a/b*", &[Literal(""), Literal("a")], true);
    }
}
