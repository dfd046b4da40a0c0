//! The named rates of the file.

use std::collections::BTreeMap;

use super::Fault;
use super::document::{Document, Name, fault};
use crate::parse::rate::{Rate, RateError};

/// Reads the rates. Where a rule is broken, the faults say so and the result is of no use.
pub(super) fn resolve(
    document: &Document,
    text: &str,
    faults: &mut Vec<Fault>,
) -> Option<BTreeMap<String, Vec<Rate>>> {
    let mut resolved = BTreeMap::new();
    let mut add = |name: &Name, message: String, help: Option<&str>| {
        faults.push(fault(text, name.at, message, help.map(str::to_owned)));
    };
    for named in document.rates.as_ref()? {
        let name = &named.name;
        if syn::parse_str::<syn::Ident>(&name.text).is_err() {
            let message = format!("expected a word as the name of a rate, found `{}`", name.text);
            add(name, message, Some("policies write it without quotes: `rate = login`"));
        }
        if named.windows.is_empty() {
            add(name, format!("`{}` expects a rate, found none", name.text), Some("`\"5/min\"`"));
        }
        let mut rates: Vec<Rate> = Vec::new();
        for window in &named.windows {
            match window.text.parse::<Rate>() {
                Err(error) => {
                    let error: RateError = error;
                    add(window, error.to_string(), None);
                }
                Ok(rate) if rates.iter().any(|it| it.window_seconds == rate.window_seconds) => {
                    let message =
                        format!("`{}` expects different windows, found `{rate}`", name.text);
                    add(window, message, Some("keep the smaller one"));
                }
                Ok(rate) => rates.push(rate),
            }
        }
        resolved.insert(name.text.clone(), rates);
    }
    Some(resolved)
}
