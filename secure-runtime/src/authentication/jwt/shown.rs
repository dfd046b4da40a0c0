//! Formats claims and names for operators: on one line, and short.

use super::json::{Json, Object};
use crate::support::time::Moment;

pub(super) fn shown(claims: &Object<'_>, names: &[&str]) -> String {
    let found = names.iter().filter_map(|name| {
        let value = claims.given(name)?;
        Some(format!("`{name}` {}", excerpt(value)))
    });
    let found: Vec<String> = found.collect();
    if found.is_empty() { format!("no `{}`", names.join("`, no `")) } else { found.join(", ") }
}

pub(super) fn shown_times(claims: &Object<'_>, now: Moment) -> String {
    let now = now.unix_seconds();
    let found = ["exp", "nbf", "iat", "auth_time"].into_iter().filter_map(|name| {
        let away = match claims.given(name)? {
            Json::Number(seconds) if (0.0..1e12).contains(seconds) => {
                // Within the range that the pattern names.
                let seconds = *seconds as u64;
                match seconds.checked_sub(now) {
                    Some(ahead) => format!("in {ahead} s"),
                    None => format!("{} s ago", now.abs_diff(seconds)),
                }
            }
            other => excerpt(other),
        };
        Some(format!("`{name}` {away}"))
    });
    let found: Vec<String> = found.collect();
    if found.is_empty() { "no times".to_owned() } else { found.join(", ") }
}

pub(super) fn listed(names: &[Box<str>]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

/// A name on one line, and not too long.
pub(super) fn quoted(text: &str) -> String {
    let short: String = text.chars().take(MOST_CHARACTERS).collect();
    let rest = if short.len() < text.len() { "…" } else { "" };
    format!("`{}{rest}`", short.escape_debug())
}

pub(super) fn excerpt(value: &Json<'_>) -> String {
    match value {
        Json::Null => "`null`".to_owned(),
        Json::Bool(value) => format!("`{value}`"),
        // Without the hundreds of digits that few characters can stand for.
        Json::Number(number) if (1e-9..1e16).contains(&number.abs()) => format!("`{number}`"),
        Json::Number(number) => format!("`{number:e}`"),
        Json::Text(text) => quoted(text),
        Json::List(items) if items.is_empty() => "an empty list".to_owned(),
        Json::List(items) => {
            let shown = items.iter().take(MOST_ITEMS).map(|item| match item {
                Json::List(_) => "a list".to_owned(),
                item => excerpt(item),
            });
            let shown: Vec<String> = shown.collect();
            let rest = if items.len() > MOST_ITEMS { ", …" } else { "" };
            format!("[{}{rest}]", shown.join(", "))
        }
        Json::Object(_) => "an object".to_owned(),
    }
}

const MOST_CHARACTERS: usize = 100;
const MOST_ITEMS: usize = 5;
