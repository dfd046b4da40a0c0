//! Rules about lists of names: roles, scopes, permissions, authenticators, methods of signing in.

use super::vocabulary::demand;
use crate::diagnostics::Diagnostics;
use crate::model::legal::{Authenticators, Requirement};
use crate::model::raw::{Combine, Declaration, Name, Names};
use crate::vocabulary::{Vocabulary, is_invisible};

/// Every list of names of the attribute.
pub(super) fn lists(declaration: &Declaration) -> impl Iterator<Item = &Names> {
    let demands = declaration.demands.iter().map(|(_, names)| names);
    declaration.auth.iter().chain(demands).chain(&declaration.acr).chain(&declaration.amr)
}

/// An empty list is a slip: `any()` would reject everybody, `all()` nobody.
pub(super) fn not_empty(list: &Names, diagnostics: &mut Diagnostics) {
    if list.names.is_empty() {
        let message = format!("`{}` expects at least one name, found none", list.key);
        diagnostics.error(&list.value, message).help(format!("remove `{}`", list.key));
    }
}

/// A name is one word: a token cannot carry a name with whitespace.
pub(super) fn well_formed(list: &Names, diagnostics: &mut Diagnostics) {
    let key = list.key.to_string();
    for name in &list.names {
        let well_formed = well_formed_name(&key, name, Listed::ByKey, diagnostics);
        if well_formed && name.bare && name.text == "optional" && list.combine != Combine::One {
            diagnostics
                .error(name, "`optional` cannot be part of a list")
                .help("`auth = optional`");
        }
    }
}

/// The form for several names, in the help.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed {
    /// `roles = any("a", "b")`
    ByKey,
    /// `role("a") || role("b")`
    Alone,
}

/// The same for one name; whether it is well formed.
pub(super) fn well_formed_name(
    key: &str,
    name: &Name,
    listed: Listed,
    diagnostics: &mut Diagnostics,
) -> bool {
    if name.text.is_empty() {
        diagnostics.error(name, format!("`{key}` expects a name, found an empty one"));
    } else if name.text.chars().any(char::is_whitespace) {
        let message = format!("`{key}` expects a name without whitespace, found `{:?}`", name.text);
        let words = name.text.split(|letter: char| letter.is_whitespace() || letter == ',');
        let words: Vec<String> =
            words.filter(|word| !word.is_empty()).map(|word| format!("{word:?}")).collect();
        let diagnostic = diagnostics.error(name, message);
        if !words.is_empty() && listed == Listed::ByKey {
            let words = words.join(", ");
            let all =
                if key == "acr" { String::new() } else { format!(" or `{key} = all({words})`") };
            diagnostic.help(format!("`{key} = any({words})`{all}"));
        } else if !words.is_empty() {
            let words: Vec<String> = words.iter().map(|word| format!("{key}({word})")).collect();
            diagnostic.help(format!("`{}` or `{}`", words.join(" || "), words.join(" && ")));
        }
    } else if name.text.chars().any(is_invisible) {
        let message =
            format!("`{key}` expects visible characters in a name, found `{:?}`", name.text);
        diagnostics.error(name, message);
    } else {
        return true;
    }
    false
}

/// A name that is listed twice is a slip: probably another name was meant.
pub(super) fn no_duplicates(list: &Names, diagnostics: &mut Diagnostics) {
    for (index, name) in list.names.iter().enumerate() {
        if list.names.iter().take(index).any(|earlier| earlier.text == name.text) {
            let message = format!("`{}` names `{}` twice, expected it once", list.key, name.text);
            diagnostics.error(name, message);
        }
    }
}

/// The demands on the caller, with the roles of the vocabulary that satisfy them.
pub(super) fn requirements(declaration: &Declaration, vocabulary: &Vocabulary) -> Vec<Requirement> {
    let lists = declaration.demands.iter();
    lists
        .map(|(fact, list)| {
            let names = list.names.iter();
            let demands = names.map(|name| demand(*fact, &name.text, vocabulary)).collect();
            Requirement { fact: *fact, combine: list.combine, demands }
        })
        .collect()
}

/// Which authenticators the endpoint names.
pub(super) fn authenticators(auth: Option<&Names>) -> Authenticators {
    match auth {
        Some(list) if !list.is_optional() => match list.combine {
            Combine::One | Combine::Any => Authenticators::Any(texts(list)),
            Combine::All => Authenticators::All(texts(list)),
        },
        _ => Authenticators::Default,
    }
}

fn texts(list: &Names) -> Vec<String> {
    list.names.iter().map(|name| name.text.clone()).collect()
}
