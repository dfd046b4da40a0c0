//! Parses the attribute's entries: `key`, `key = value` and `key(…)`, each looked up in the table
//! of keys.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

use super::keys::{KEYS, Key};
use super::tokens::{comma_separated, is_punct, shown, stream, string, without_invisible_groups};
use crate::diagnostics::{Diagnostic, Diagnostics, nearest};
use crate::model::raw::Declaration;

/// One entry of the attribute with a known key.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: Ident,
    pub(crate) row: &'static Key,
    pub(crate) form: Form,
}

/// The form of the value.
#[derive(Debug)]
pub(crate) enum Form {
    Bare,
    Equals(Vec<TokenTree>),
    Call(Group),
}

impl Entry {
    /// Reports a value that does not have the form of the key.
    pub(crate) fn unexpected<'a>(
        &self,
        expected: &str,
        diagnostics: &'a mut Diagnostics,
    ) -> &'a mut Diagnostic {
        let name = self.row.name;
        let example = format!("`{}`", self.row.example);
        let diagnostic = match &self.form {
            Form::Bare => {
                let message = format!("`{name}` expects {expected}, found nothing");
                diagnostics.error(&self.key, message)
            }
            Form::Equals(value) if value.is_empty() => {
                let message = format!("`{name} =` expects {expected}, found nothing");
                diagnostics.error(&self.key, message)
            }
            Form::Equals(value) => {
                let message = format!("`{name}` expects {expected}, found `{}`", shown(value));
                diagnostics.error(&stream(value), message)
            }
            Form::Call(group) => {
                let empty = if group.stream().is_empty() { "empty " } else { "" };
                let message = format!("`{name}` expects {expected}, found {empty}parentheses");
                diagnostics.error(group, message)
            }
        };
        diagnostic.help(example)
    }
}

/// Parses everything between the attribute's parentheses.
pub(crate) fn declaration(tokens: TokenStream, diagnostics: &mut Diagnostics) -> Declaration {
    let mut declaration = Declaration::default();
    let mut seen: Vec<&str> = Vec::new();
    let parts = comma_separated(entries(tokens), diagnostics);
    for (index, part) in parts.iter().enumerate() {
        let mistakes = diagnostics.count();
        let Some(entry) = entry(part, index == 0, diagnostics) else {
            declaration.bodies_unclear = true;
            continue;
        };
        let name = entry.row.name;
        if seen.contains(&name) && !entry.row.repeats {
            diagnostics.error(&entry.key, format!("`{name}` is given twice, expected it once"));
            continue;
        }
        seen.push(name);
        (entry.row.parse)(&entry, &mut declaration, diagnostics);
        if diagnostics.count() > mistakes && name.contains("validate") {
            declaration.bodies_unclear = true;
        }
    }
    declaration
}

/// The tokens of each entry, split at commas.
pub(crate) fn parts_of(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let tokens: Vec<TokenTree> = entries(tokens).into_iter().collect();
    let parts = tokens.split(|token| is_punct(token, ',')).map(<[TokenTree]>::to_vec);
    parts.filter(|part| !part.is_empty()).collect()
}

/// The tokens without the invisible groups that `macro_rules!` puts around fragments. In the value
/// of `allow`, and in the arguments of `rate` and `quota`, they stay, because they keep the
/// precedence of operators there.
fn entries(tokens: TokenStream) -> TokenStream {
    let mut flat: Vec<TokenTree> = Vec::new();
    for token in tokens {
        let is_expression = || {
            let entry = flat.rsplit(|token| is_punct(token, ',')).next().unwrap_or_default();
            match entry {
                [TokenTree::Ident(key), equals, ..] => key == "allow" && is_punct(equals, '='),
                [TokenTree::Ident(key)] => key == "rate" || key == "quota" || key == "concurrency",
                _ => false,
            }
        };
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None && !is_expression() => {
                flat.extend(entries(group.stream()));
            }
            TokenTree::Group(group) if !is_expression() => {
                flat.extend(without_invisible_groups(TokenTree::Group(group).into()));
            }
            token => flat.push(token),
        }
    }
    flat.into_iter().collect()
}

fn entry(part: &[TokenTree], is_first: bool, diagnostics: &mut Diagnostics) -> Option<Entry> {
    let (first, rest) = part.split_first()?;
    let TokenTree::Ident(key) = first else {
        let found = shown(std::slice::from_ref(first));
        let diagnostic =
            diagnostics.error(&stream(part), format!("expected a key, found `{found}`"));
        if string(first).is_some() && is_first {
            diagnostic.help(format!("write the key before the value: `roles = {found}`"));
        } else if string(first).is_some() {
            diagnostic.help("write several names as a list: `roles = any(\"a\", \"b\")`");
        }
        return None;
    };
    let written = key.to_string();
    let Some(row) = KEYS.iter().find(|row| row.name == written) else {
        unknown(key, &written, diagnostics);
        return None;
    };
    if let Some((ended, next)) = missing_comma(part) {
        let ended = shown(std::slice::from_ref(ended));
        let message = format!("expected `,` before `{next}`, found `{ended} {next}`");
        diagnostics.error(next, message).help(format!("`{ended}, {next}`"));
        return None;
    }
    let form = match rest {
        [] => Form::Bare,
        [equals, value @ ..] if is_punct(equals, '=') => Form::Equals(value.to_vec()),
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::Parenthesis => {
            Form::Call(group.clone())
        }
        other => {
            let message = format!("expected `,` after `{written}`, found `{}`", shown(other));
            diagnostics.error(&stream(other), message).help(format!("`{}`", row.example));
            return None;
        }
    };
    Some(Entry { key: key.clone(), row, form })
}

/// The token before a key without a comma in front of it, and that key. In an expression no name
/// follows a literal or a bracket, and no name after a name is assigned to.
fn missing_comma(part: &[TokenTree]) -> Option<(&TokenTree, &Ident)> {
    (0..part.len()).find_map(|index| {
        let [ended, TokenTree::Ident(next), rest @ ..] = part.get(index..)? else { return None };
        let ends = match ended {
            TokenTree::Literal(_) | TokenTree::Group(_) => true,
            TokenTree::Ident(_) => match rest {
                [equals, then, ..] => is_punct(equals, '=') && !is_punct(then, '='),
                _ => false,
            },
            TokenTree::Punct(_) => false,
        };
        let is_key = KEYS.iter().any(|row| next == row.name);
        (ends && is_key).then_some((ended, next))
    })
}

/// Options that are easily written as keys: the option, its key, and an example.
const OPTIONS: [(&str, &str, &str); 9] = [
    ("by", "rate", "rate(\"5/min\", by = address)"),
    ("burst", "rate", "rate(\"5/min\", burst = 2)"),
    ("cost", "rate", "rate(\"100/h\", cost = 5)"),
    ("mode", "rate", "rate(\"100/h\", mode = observe)"),
    ("unless", "rate", "rate(\"10/s\", unless = role(\"internal\"))"),
    ("refund", "rate", "rate(\"100/h\", refund = 5xx)"),
    ("shared", "rate", "rate(\"100/h\", shared = \"login\")"),
    ("queue", "concurrency", "concurrency(8, queue = 16, wait = \"500ms\")"),
    ("wait", "concurrency", "concurrency(8, queue = 16, wait = \"500ms\")"),
];

fn unknown(key: &Ident, written: &str, diagnostics: &mut Diagnostics) {
    let names = KEYS.iter().map(|row| row.name);
    let nearest = nearest(written, names.clone());
    let diagnostic = diagnostics.error(key, format!("unknown key `{written}`"));
    if let Some((_, owner, example)) = OPTIONS.iter().find(|(option, ..)| written == *option) {
        diagnostic.help(format!("`{written}` is an option of `{owner}`: `{example}`"));
        return;
    }
    match nearest {
        Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
        None => diagnostic.help(format!("the keys are {}", names.collect::<Vec<_>>().join(", "))),
    };
}
