//! Makes a path that matches a route's template.

use actix_web::dev::ResourceDef;
use actix_web::http::Uri;

use crate::inventory::route_patterns::Pattern;

/// Values for the parameters of templates; what an expression is made for, as a rule, one of them matches.
const VALUES: [&str; 9] = [
    "1",
    "x",
    "x1",
    "00000000-0000-4000-8000-000000000000",
    "2026-01-01",
    "1.0",
    "x/y",
    "0123456789abcdef0123456789abcdef",
    "",
];

/// A path that the pattern matches; `None` if none was found.
pub(super) fn example(pattern: &Pattern) -> Option<String> {
    let mut path = String::new();
    let mut rest = pattern.path.as_str();
    while let Some((before, parameter)) = rest.split_once('{') {
        let (parameter, after) = end(parameter)?;
        path += before;
        let is_tail = after == "*";
        let alone = match parameter.split_once(':') {
            Some((_, expression)) => ResourceDef::new(format!("{{value:{expression}}}")),
            None => ResourceDef::new("{value}"),
        };
        path += VALUES.into_iter().find(|value| alone.is_match(value))?;
        rest = if is_tail { "" } else { after };
    }
    path += rest;
    if pattern.is_prefix && !path.ends_with('/') {
        path += "/1";
    }
    (path.starts_with('/') && path.parse::<Uri>().is_ok()).then_some(path)
}

/// The text up to the brace that closes the parameter, and what follows.
fn end(text: &str) -> Option<(&str, &str)> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_get_a_path_that_they_match() {
        for (template, expected) in [
            ("/a/{id}/b", Some("/a/1/b")),
            ("/a/{id:[a-z]{1}}", Some("/a/x")),
            ("/v{n}/{tail:.*}", Some("/v1/1")),
            ("/{rest}*", Some("/1")),
            ("/{id:[^0-9]{40}}", None),
        ] {
            let pattern = Pattern { path: template.to_owned(), is_prefix: false };
            assert_eq!(example(&pattern).as_deref(), expected, "{template}");
        }
    }
}
