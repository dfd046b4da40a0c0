//! The table `[rates]`: named rates.

use std::collections::BTreeMap;

use super::document::{Document, Name, fault};
use super::{Fault, NamedRate};
use crate::grammar::rate::{Rate, RateError};

/// Checks the rates. After a fault the result is of no use.
pub(super) fn resolve(
    document: &Document,
    text: &str,
    faults: &mut Vec<Fault>,
) -> Option<BTreeMap<String, NamedRate>> {
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
        let rates = NamedRate { windows: rates, is_shared: named.is_shared };
        resolved.insert(name.text.clone(), rates);
    }
    Some(resolved)
}

#[cfg(test)]
mod tests {
    use crate::vocabulary::Vocabulary;

    fn faults(text: &str) -> Vec<String> {
        let faults = Vocabulary::read(text).unwrap_err();
        let shown = faults.into_iter().map(|fault| {
            let help = fault.help.map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{}:{} {}{help}", fault.line, fault.column, fault.message)
        });
        shown.collect()
    }

    #[test]
    fn a_rate_has_a_word_for_a_name_and_windows_that_differ() {
        let rates =
            Vocabulary::read("[rates]\nlogin = \"5/min\"\napi = [\"10/s\", \"1000/h\"]").unwrap();
        let windows =
            |name: &str| rates.rates().unwrap()[name].windows.iter().map(ToString::to_string);
        assert!(windows("login").eq(["5/min"]));
        assert!(windows("api").eq(["10/s", "1000/h"]));
        let [unit, zero, word, none, twice, kind] = &faults(
            "[rates]\na = \"5/fortnight\"\nb = \"0/s\"\n\"c d\" = \"1/s\"\ne = []\nf = [\"1/s\", \"2/s\"]\ng = 5",
        )[..] else {
            panic!("six faults")
        };
        assert!(unit.starts_with("2:5 ") && unit.contains("fortnight"), "{unit}");
        assert!(zero.starts_with("3:5 "), "{zero}");
        assert!(
            word.starts_with("4:1 expected a word as the name of a rate, found `c d`"),
            "{word}"
        );
        assert!(none.starts_with("5:1 `e` expects a rate, found none"), "{none}");
        assert!(twice.starts_with("6:13 `f` expects different windows, found `2/s`"), "{twice}");
        assert!(kind.starts_with("7:5 `g` expects a rate, found an integer"), "{kind}");
    }

    #[test]
    fn a_rate_says_whether_it_is_shared() {
        let text = "[rates]\na = { rate = \"5/min\", shared = true }\nb = { rate = [\"1/s\", \"9/h\"] }\nc = \"1/s\"";
        let known = Vocabulary::read(text).unwrap();
        let shared = |name: &str| known.rates().unwrap()[name].is_shared;
        assert_eq!((shared("a"), shared("b"), shared("c")), (true, false, false));
        assert_eq!(known.rates().unwrap()["b"].windows.len(), 2);
        let [word, key, none] = &faults(
            "[rates]\na = { rate = \"5/min\", shared = \"yes\" }\nb = { rate = \"1/s\", sharde = true }\nc = { shared = true }",
        )[..] else {
            panic!("three faults")
        };
        assert!(
            word.starts_with("2:32 `shared` expects `true` or `false`, found a string"),
            "{word}"
        );
        assert!(key.starts_with("3:21 unknown key `sharde`"), "{key}");
        assert!(none.starts_with("4:1 `c` expects a rate, found none"), "{none}");
    }
}
