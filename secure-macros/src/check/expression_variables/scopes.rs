//! Decides whether an expression uses a variable that it does not bind, by its tokens and their
//! scopes.
//!
//! 1. A name bound by `let`, a closure, `for`, an arm of `match` or a pattern of `matches!` is
//!    another variable from there to the end of its scope. The bound value is outside of that
//!    scope.
//! 2. Items do not see variables. An item of this name hides the variable in its whole block.
//! 3. The meaning of an unknown macro's tokens is unknown: each of them counts, and so do the
//!    braces of a format string. `stringify!` uses nothing.
//! 4. Values that are dropped do not count: see [`unused`](super::unused).

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::{captures, is_variable};
use crate::parse::tokens::{is_punct, is_word};

/// Whether the value of an expression may depend on the variable of this name.
pub(in crate::check) fn depends_on(tokens: &TokenStream, name: &str) -> bool {
    Search { name, drops_idle: true }.expression(tokens)
}

/// Whether the variable is used at a place where the expression does not bind it.
pub(in crate::check) fn is_free(tokens: &TokenStream, name: &str) -> bool {
    Search { name, drops_idle: false }.expression(tokens)
}

#[derive(Clone, Copy)]
struct Search<'a> {
    name: &'a str,
    drops_idle: bool,
}

impl Search<'_> {
    fn expression(self, tokens: &TokenStream) -> bool {
        self.uses(&listed(tokens), false)
    }

    /// Reads the tokens of one group in order: a binding hides the name up to the end of its scope.
    fn uses(self, tokens: &[TokenTree], in_macro: bool) -> bool {
        if tokens.windows(2).any(|pair| self.is_item_of_the_name(pair)) {
            return false;
        }
        let mut place = 0;
        while let Some(token) = tokens.get(place) {
            let (earlier, rest) = tokens.split_at(place);
            let rest = rest.get(1..).unwrap_or_default();
            let (is_used, length) = match token {
                TokenTree::Ident(word) if word == "let" => self.binding(earlier, rest, in_macro),
                TokenTree::Ident(word) if word == "for" => self.iteration(rest, in_macro),
                TokenTree::Ident(word) if word == "fn" => (false, length_of_a_function(rest)),
                TokenTree::Ident(word) => {
                    (is_word(word, self.name) && is_variable(tokens, place), 0)
                }
                TokenTree::Punct(bar) if bar.as_char() == '|' && opens_a_closure(earlier) => {
                    (false, self.length_of_a_closure(rest))
                }
                TokenTree::Literal(it) => (in_macro && captures(&it.to_string(), self.name), 0),
                TokenTree::Group(group) => (self.group(group, earlier, in_macro), 0),
                TokenTree::Punct(_) => (false, 0),
            };
            if is_used {
                return true;
            }
            place += 1 + length;
        }
        false
    }

    fn group(self, group: &Group, earlier: &[TokenTree], in_macro: bool) -> bool {
        let tokens = listed(&group.stream());
        let is_block = group.delimiter() == Delimiter::Brace;
        match macro_before(earlier).as_deref() {
            Some("stringify") => false,
            Some("matches") => {
                let comma = |token: &TokenTree| is_punct(token, ',');
                let mut parts = tokens.splitn(2, comma);
                let value = parts.next().unwrap_or_default();
                self.uses(value, true) || self.arm(parts.next().unwrap_or_default(), &[], true)
            }
            Some(_) => self.uses(&tokens, true),
            None if is_block && tokens.windows(2).any(is_fat_arrow) => self.arms(&tokens, in_macro),
            None if is_block && self.drops_idle => {
                self.uses(&super::unused::without_unused_statements(&tokens), in_macro)
            }
            None => self.uses(&tokens, in_macro),
        }
    }

    /// `let PATTERN = VALUE`, of a block or of a condition: whether the value uses the name, and how
    /// many tokens the binding hides it in.
    fn binding(self, earlier: &[TokenTree], rest: &[TokenTree], in_macro: bool) -> (bool, usize) {
        let pattern = until(rest, |it| is_punct(it, '=') || is_end(it));
        if !self.is_bound_by(pattern) {
            return (false, pattern.len());
        }
        let is_condition = earlier.last().is_some_and(|last| {
            matches!(last, TokenTree::Ident(word) if word == "if" || word == "while")
                || is_punct(last, '&')
        });
        let value = rest.get(pattern.len()..).unwrap_or_default();
        let value = if is_condition { until(value, is_braces) } else { until(value, is_end) };
        let hidden = if is_condition { pattern.len() + value.len() + 1 } else { rest.len() };
        (self.uses(value, in_macro), hidden)
    }

    /// The same for `for PATTERN in VALUES { … }`.
    fn iteration(self, rest: &[TokenTree], in_macro: bool) -> (bool, usize) {
        let pattern = until(rest, |it| matches!(it, TokenTree::Ident(word) if word == "in"));
        if !self.is_bound_by(pattern) {
            return (false, pattern.len());
        }
        let values = until(rest.get(pattern.len()..).unwrap_or_default(), is_braces);
        (self.uses(values, in_macro), pattern.len() + values.len() + 1)
    }

    /// How many tokens a closure hides the name in: all of it, if the name is one of its
    /// parameters.
    fn length_of_a_closure(self, rest: &[TokenTree]) -> usize {
        let pattern = until(rest, |it| is_punct(it, '|'));
        if !self.is_bound_by(pattern) {
            return 0;
        }
        let body = rest.get(pattern.len()..).unwrap_or_default();
        pattern.len() + until(body, |it| is_punct(it, ',') || is_end(it)).len()
    }

    fn arms(self, tokens: &[TokenTree], in_macro: bool) -> bool {
        let mut rest = tokens;
        while let Some(arrow) = rest.windows(2).position(is_fat_arrow) {
            let (pattern, body) = rest.split_at(arrow);
            let body = body.get(2..).unwrap_or_default();
            let length = match body.first() {
                Some(braces) if is_braces(braces) => 1,
                _ => until(body, |it| is_punct(it, ',')).len(),
            };
            let (body, behind) = body.split_at(length);
            if self.arm(pattern, body, in_macro) {
                return true;
            }
            rest = behind;
        }
        false
    }

    /// `PATTERN if GUARD => BODY`.
    fn arm(self, pattern: &[TokenTree], body: &[TokenTree], in_macro: bool) -> bool {
        let bound = until(pattern, |it| matches!(it, TokenTree::Ident(word) if word == "if"));
        let guard = pattern.get(bound.len()..).unwrap_or_default();
        !self.is_bound_by(bound) && (self.uses(guard, in_macro) || self.uses(body, in_macro))
    }

    fn is_bound_by(self, pattern: &[TokenTree]) -> bool {
        pattern.iter().any(|token| match token {
            TokenTree::Ident(ident) => is_word(ident, self.name),
            TokenTree::Group(group) => self.is_bound_by(&listed(&group.stream())),
            _ => false,
        })
    }

    fn is_item_of_the_name(self, pair: &[TokenTree]) -> bool {
        matches!(pair, [TokenTree::Ident(word), TokenTree::Ident(name)]
            if ["fn", "const", "static", "as"].iter().any(|it| word == it)
                && is_word(name, self.name))
    }
}

pub(super) fn listed(tokens: &TokenStream) -> Vec<TokenTree> {
    tokens.clone().into_iter().collect()
}

/// The name of the macro whose arguments follow these tokens.
fn macro_before(earlier: &[TokenTree]) -> Option<String> {
    match earlier {
        [.., TokenTree::Ident(name), bang] if is_punct(bang, '!') => Some(name.to_string()),
        [.., TokenTree::Ident(word), _, TokenTree::Ident(_)] if word == "macro_rules" => {
            Some(word.to_string())
        }
        _ => None,
    }
}

/// The number of tokens after `fn` that belong to a function; 0 for a function type.
fn length_of_a_function(rest: &[TokenTree]) -> usize {
    let is_item = matches!(rest.first(), Some(TokenTree::Ident(_)));
    if is_item { until(rest, is_braces).len() + 1 } else { 0 }
}

/// Whether a `|` after these tokens begins a closure, and is not an operator.
fn opens_a_closure(earlier: &[TokenTree]) -> bool {
    match earlier.last() {
        None => true,
        Some(TokenTree::Punct(punct)) => !matches!(punct.as_char(), '|' | '?'),
        Some(TokenTree::Ident(word)) => word == "move" || word == "return",
        Some(_) => false,
    }
}

pub(super) fn until(tokens: &[TokenTree], ends: impl Fn(&TokenTree) -> bool) -> &[TokenTree] {
    tokens.split(ends).next().unwrap_or_default()
}

pub(super) fn is_end(token: &TokenTree) -> bool {
    is_punct(token, ';')
}

fn is_braces(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

fn is_fat_arrow(pair: &[TokenTree]) -> bool {
    matches!(pair, [equals, greater] if is_punct(equals, '=') && is_punct(greater, '>'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expression: &str, is_used: bool) {
        assert_eq!(depends_on(&expression.parse().unwrap(), "id"), is_used, "{expression}");
    }

    #[test]
    fn a_rule_looks_at_what_its_value_hangs_on() {
        for asked in [
            "**id == 3",
            "!id.is_empty()",
            "(0..id.0).contains(&2)",
            "x[..id.0].len() > 2",
            "f(g, id)",
            "Key { id }.fits()",
            "Key { name: id }.fits()",
            "format!(\"{id}\") == x",
            "format!(\"{id:?} {}\", y) == x",
            "format!(\"{:id$}\", y) == x",
            "matches!(id.kind, Kind::Own)",
            "matches!(x, Some(y) if y == **id)",
            "match **id { 3 => true, _ => false }",
            "match x { Some(y) if y == **id => true, _ => false }",
            "match x { Some(id) => { id == 3 } _ => **id == 4 }",
            "if let Some(x) = id.get() { x } else { false }",
            "xs.iter().any(|x| *x == **id)",
            "r#id.is_fine()",
            "a | id",
            "a || id",
            "unknown!(id)",
            "{ macro_rules! same { () => { id } } same!() == 3 }",
        ] {
            check(asked, true);
        }
    }

    #[test]
    fn what_a_variable_is_bound_to_counts() {
        for asked in [
            "{ let id = **id; id == 3 }",
            "{ let id = match **id { 3 => 4, it => it }; id == 3 }",
            "if let Some(id) = id.get() { id == 3 } else { false }",
            "x.is_some() && { while let Some(id) = id.next() { f(id); } true }",
            "{ for id in id.all() { f(id); } g() }",
            "id.iter().any(|id| *id == 3)",
            "xs.iter().any(|id| *id == 3) && **id == 3",
            "f(|id| id == 3, id)",
            "match id.get() { Some(id) => id == 3, None => false }",
            "matches!(id.get(), Some(id) if id == 3)",
            "(if let Some(id) = x { id == 3 } else { false }) || **id == 3",
        ] {
            check(asked, true);
        }
    }

    #[test]
    fn a_variable_of_its_own_is_another_one() {
        for of_its_own in [
            "xs.iter().any(|id| *id == 2)",
            "xs.iter().any(move |(id, _)| *id == 2)",
            "xs.iter().any(|_| true) || xs.iter().any(|id| *id == 2)",
            "{ let id = 3; id == 4 }",
            "{ let id = 3; { id == 4 } }",
            "{ fn id() -> bool { true } id() }",
            "{ fn is(id: u32) -> bool { id == 3 } is(3) }",
            "{ const id: bool = true; id }",
            "{ use std::mem as id; id }",
            "{ macro_rules! id { () => { true } } id!() }",
            "if let Some(id) = x { id == 3 } else { false }",
            "match x { Some(id) if id == 3 => true, _ => false }",
            "match x { 1 => { true } id => id == 4 }",
            "match !x { id => id }",
            "matches!(caller.subject(), id)",
            "xs.is_empty() || matches!(x, Some(Key { id }) if id == 3)",
            "{ for (id, _) in xs { drop(id); } true }",
        ] {
            check(of_its_own, false);
        }
    }

    #[test]
    fn a_rule_does_not_look_at_what_it_drops() {
        for dropped in [
            "{ id; true }",
            "{ id.0; &id; (**id, 3); true }",
            "{ let _ = id; true }",
            "{ let _ = &id.0; true }",
            "{ _ = id; true }",
            "{ let _id = id; true }",
            "{ let other: &u32 = &id; x == 3 }",
            "{ drop(id); ::std::mem::drop(&id); std::mem::forget(id); true }",
            "{ println!(\"{id}\"); tracing::info!(%id, \"asked\"); dbg!(id); x == 3 }",
            "stringify!(id) == \"id\"",
            "x && { { id; } y }",
            "if x { id; true } else { false }",
            "if !x { id; true } else { false }",
            "{ info!(?id); log::warn!(id = ?id, \"{id:?}\"); f(|_| true) }",
        ] {
            check(dropped, false);
            assert!(is_free(&dropped.parse().unwrap(), "id") || dropped.starts_with("stringify"));
        }
        for in_doubt in [
            "{ let other = **id; other == 3 }",
            "{ let mut seen = false; look(id, &mut seen); seen }",
            "{ let seen; look(id); seen = true; seen }",
            "{ println!(\"{}\", checked(id)?); true }",
            "{ let is_odd = id; is_odd.0 }",
            "{ id.check()?; true }",
            "{ assert!(**id == 3); true }",
            "{ if **id == 3 { return_early(); } true }",
            "{ x = **id; x == 3 }",
            "{ id[3]; true }",
            "dbg!(id) == 3",
            "{ f(); id }",
        ] {
            check(in_doubt, true);
        }
    }
}
