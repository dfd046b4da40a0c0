//! Which variables an expression mentions, by its tokens: a macro sees no names resolved.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;

use crate::parse::tokens::{is_punct, is_word, word_of};

/// The first place where an expression uses the variable of this name, in the braces of a format
/// string too. What follows a `.` or stands in a path is another thing of that name.
pub(super) fn mentioned(tokens: &TokenStream, name: &str) -> Option<Ident> {
    find(tokens, name, false)
}

/// Whether an expression asks about the handler's parameter of this name, and not about a variable of
/// its own that is called the same.
pub(super) fn asks_about(tokens: &TokenStream, name: &str) -> bool {
    mentioned(tokens, name).is_some() && !is_bound_inside(tokens, name)
}

/// The variables that an expression uses and does not bind, each once.
pub(super) fn free(tokens: &TokenStream) -> Vec<Ident> {
    free_words(tokens, true)
}

/// The same; functions that are called are variables, too, or are not.
fn free_words(tokens: &TokenStream, with_called: bool) -> Vec<Ident> {
    let mut found: Vec<Ident> = Vec::new();
    collect(tokens, with_called, &mut found);
    let is_keyword = |ident: &Ident| syn::parse2::<Ident>(ident.to_token_stream()).is_err();
    found.retain(|it| !is_keyword(it) && !is_bound_inside(tokens, &it.to_string()));
    found
}

/// Whether an expression mentions a variable that neither it nor any of the parameters binds.
///
/// The name of a constant has capitals; that of a function as a value is taken for a variable. A
/// function that is called with nothing may be given something next.
pub(super) fn is_puzzling(tokens: &TokenStream, is_known: impl Fn(&str) -> bool) -> bool {
    free_words(tokens, false).iter().any(|word| {
        let name = word_of(word).text;
        !is_known(&name) && !name.starts_with(char::is_uppercase)
    }) || calls_with_nothing(tokens)
}

fn calls_with_nothing(tokens: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    tokens.iter().enumerate().any(|(place, token)| {
        let before = |count| place.checked_sub(count).and_then(|at| tokens.get(at));
        let is_function = matches!(before(1), Some(TokenTree::Ident(_)))
            && !before(2).is_some_and(|token| is_punct(token, '.'));
        match token {
            TokenTree::Group(group) if group.stream().is_empty() => is_function,
            TokenTree::Group(group) => calls_with_nothing(&group.stream()),
            _ => false,
        }
    })
}

/// A function that an expression calls by a path which depends on where it stands: a bare name, or one
/// that begins with `self` or `super`.
pub(super) fn relative_call(tokens: &TokenStream) -> Option<Ident> {
    let whole = tokens;
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    tokens.iter().enumerate().find_map(|(place, token)| match token {
        TokenTree::Ident(word) => {
            let next = tokens.get(place + 1);
            let name = word.to_string();
            let is_called = matches!(next, Some(TokenTree::Group(list))
                if list.delimiter() == Delimiter::Parenthesis)
                && name.starts_with(|letter: char| letter.is_lowercase() || letter == '_')
                && is_variable(&tokens, place)
                && syn::parse_str::<Ident>(&name).is_ok()
                && !is_bound_inside(whole, &name);
            let is_relative = (word == "self" || word == "super")
                && next.is_some_and(|token| is_punct(token, ':'));
            (is_called || is_relative).then(|| word.clone())
        }
        TokenTree::Group(_) if is_of_a_macro(&tokens, place) => None,
        TokenTree::Group(group) => relative_call(&group.stream()),
        _ => None,
    })
}

fn find(tokens: &TokenStream, name: &str, in_macro: bool) -> Option<Ident> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    tokens.iter().enumerate().find_map(|(place, token)| match token {
        TokenTree::Ident(ident) if is_word(ident, name) && is_variable(&tokens, place) => {
            Some(ident.clone())
        }
        TokenTree::Group(group) => {
            find(&group.stream(), name, in_macro || is_of_a_macro(&tokens, place))
        }
        TokenTree::Literal(literal) if in_macro && captures(&literal.to_string(), name) => {
            Some(Ident::new(name, literal.span()))
        }
        _ => None,
    })
}

fn collect(tokens: &TokenStream, with_called: bool, found: &mut Vec<Ident>) {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    for (place, token) in tokens.iter().enumerate() {
        let is_called = matches!(tokens.get(place + 1), Some(TokenTree::Group(list))
            if list.delimiter() == Delimiter::Parenthesis);
        match token {
            TokenTree::Ident(_) if is_called && !with_called => {}
            TokenTree::Ident(ident)
                if is_variable(&tokens, place) && !found.iter().any(|known| known == ident) =>
            {
                found.push(ident.clone());
            }
            // What a macro makes of its tokens is not known.
            TokenTree::Group(_) if is_of_a_macro(&tokens, place) => {}
            TokenTree::Group(group) => collect(&group.stream(), with_called, found),
            _ => {}
        }
    }
}

/// Whether the word at this place can be a variable: no field, no method, no part of a path, no name
/// of a field in a struct, no label, no macro.
fn is_variable(tokens: &[TokenTree], place: usize) -> bool {
    let is = |at: Option<usize>, letter| {
        at.and_then(|at| tokens.get(at)).is_some_and(|token| is_punct(token, letter))
    };
    let before = |count| place.checked_sub(count);
    let after = |count| place.checked_add(count);
    let is_group = |at: Option<usize>| {
        at.and_then(|at| tokens.get(at)).is_some_and(|token| matches!(token, TokenTree::Group(_)))
    };
    let is_member = is(before(1), '.') && !is(before(2), '.');
    let is_after_colons = is(before(1), ':') && is(before(2), ':');
    let is_macro = is(after(1), '!') && is_group(after(2));
    // `id::new`, and `Order { id: 1 }`.
    let is_before_colon = is(after(1), ':');
    !(is_member || is_after_colons || is_macro || is_before_colon || is(before(1), '\''))
}

/// Whether the group at this place is what a macro is called with.
fn is_of_a_macro(tokens: &[TokenTree], place: usize) -> bool {
    let before = |count| place.checked_sub(count).and_then(|at| tokens.get(at));
    before(1).is_some_and(|token| is_punct(token, '!'))
        && matches!(before(2), Some(TokenTree::Ident(_)))
}

/// Whether a format string captures the variable: `{id}`, `{id:?}`, `{:id$}`.
fn captures(literal: &str, name: &str) -> bool {
    literal.contains(&format!("{{{name}}}"))
        || literal.contains(&format!("{{{name}:"))
        || literal.contains(&format!("{name}$"))
}

/// Whether the expression has a variable of its own that is called so: of `let`, of a closure, of a
/// pattern of `match` or `for`.
fn is_bound_inside(tokens: &TokenStream, name: &str) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let binds = |pattern: &[TokenTree]| pattern.iter().any(|token| stands_in(token, name));
    tokens.iter().enumerate().any(|(place, token)| {
        let rest = tokens.get(place + 1..).unwrap_or_default();
        let earlier = tokens.get(..place).unwrap_or_default();
        match token {
            TokenTree::Ident(word) if word == "let" => binds(until(rest, |it| is_punct(it, '='))),
            TokenTree::Ident(word) if word == "for" => {
                binds(until(rest, |it| matches!(it, TokenTree::Ident(word) if word == "in")))
            }
            // An item of the expression's own.
            TokenTree::Ident(word)
                if ["fn", "const", "static", "as"].iter().any(|it| word == it) =>
            {
                binds(rest.get(..1).unwrap_or_default())
            }
            TokenTree::Punct(bar) if bar.as_char() == '|' && opens_a_closure(earlier) => {
                binds(until(rest, |it| is_punct(it, '|')))
            }
            TokenTree::Punct(arrow) if arrow.as_char() == '>' => {
                earlier.last().is_some_and(|it| is_punct(it, '=')) && binds(arm(earlier))
            }
            TokenTree::Group(group) if is_matches(earlier) => {
                binds(&pattern_of_matches(group)) || is_bound_inside(&group.stream(), name)
            }
            TokenTree::Group(group) => is_bound_inside(&group.stream(), name),
            _ => false,
        }
    })
}

/// The word that is the whole pattern of a `matches!`: it compares nothing, and always holds.
pub(super) fn pattern_that_takes_all(tokens: &TokenStream) -> Option<Ident> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    tokens.iter().enumerate().find_map(|(place, token)| {
        let TokenTree::Group(group) = token else { return None };
        let is_matches = is_matches(tokens.get(..place).unwrap_or_default());
        let arguments: Vec<TokenTree> = group.stream().into_iter().collect();
        let comma = |token: &TokenTree| is_punct(token, ',');
        let mut parts = arguments.split(comma).skip(1).filter(|part| !part.is_empty());
        match (parts.next(), parts.next()) {
            (Some([TokenTree::Ident(word)]), None)
                if is_matches && !word.to_string().starts_with(char::is_uppercase) =>
            {
                Some(word.clone())
            }
            _ => pattern_that_takes_all(&group.stream()),
        }
    })
}

/// Whether these tokens end with `matches!`.
fn is_matches(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [.., TokenTree::Ident(word), bang] if word == "matches" && is_punct(bang, '!'))
}

/// The pattern of `matches!(value, pattern if guard)`: a word alone in it is a new variable.
fn pattern_of_matches(arguments: &Group) -> Vec<TokenTree> {
    let tokens = arguments.stream().into_iter();
    let pattern = tokens.skip_while(|token| !is_punct(token, ','));
    pattern.take_while(|it| !matches!(it, TokenTree::Ident(word) if word == "if")).collect()
}

fn until(tokens: &[TokenTree], ends: impl Fn(&TokenTree) -> bool) -> &[TokenTree] {
    tokens.split(ends).next().unwrap_or_default()
}

/// Whether a `|` behind these tokens begins a closure, where it would else be an operator.
fn opens_a_closure(earlier: &[TokenTree]) -> bool {
    match earlier.last() {
        None => true,
        Some(TokenTree::Punct(punct)) => !matches!(punct.as_char(), '|' | '?'),
        Some(TokenTree::Ident(word)) => word == "move" || word == "return",
        Some(_) => false,
    }
}

/// The pattern of the arm whose `=>` stands behind these tokens, without its guard.
fn arm(earlier: &[TokenTree]) -> &[TokenTree] {
    let is_end = |token: &TokenTree| {
        is_punct(token, ',')
            || matches!(token, TokenTree::Group(body) if body.delimiter() == Delimiter::Brace)
    };
    let pattern = earlier.rsplit(is_end).next().unwrap_or_default();
    until(pattern, |it| matches!(it, TokenTree::Ident(word) if word == "if"))
}

fn stands_in(token: &TokenTree, name: &str) -> bool {
    match token {
        TokenTree::Ident(ident) => is_word(ident, name),
        TokenTree::Group(group) => within(group, name),
        _ => false,
    }
}

fn within(group: &Group, name: &str) -> bool {
    group.stream().into_iter().any(|token| stands_in(&token, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether `id` is mentioned, and whether it is asked about.
    fn check(expression: &str, expected: (bool, bool)) {
        let tokens: TokenStream = expression.parse().unwrap();
        let found = (mentioned(&tokens, "id").is_some(), asks_about(&tokens, "id"));
        assert_eq!(found, expected, "{expression}");
    }

    #[test]
    fn a_variable_is_told_from_what_is_called_the_same() {
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
            "if let Some(x) = id.get() { x } else { false }",
            "xs.iter().any(|x| *x == **id)",
            "r#id.is_fine()",
            "a | id",
        ] {
            check(asked, (true, true));
        }
        for not_mentioned in [
            "caller.id() == 3",
            "caller.id == 3",
            "order.id.is_some()",
            "id::is_fine()",
            "crate::id(3)",
            "Key { id: 3 }.fits()",
            "id!(3)",
            "'id: loop { break 'id true }",
            "caller.subject() == \"{id}\"",
            "format!(\"{idle} {{x}}\") == y",
            "identity(x)",
        ] {
            check(not_mentioned, (false, false));
        }
        for of_its_own in [
            "xs.iter().any(|id| *id == 2)",
            "xs.iter().any(move |(id, _)| *id == 2)",
            "xs.iter().any(|_| true) || xs.iter().any(|id| *id == 2)",
            "{ let id = 3; id == 4 }",
            "{ fn id() -> bool { true } id() }",
            "{ const id: bool = true; id }",
            "{ use std::mem as id; id }",
            "if let Some(id) = x { id == 3 } else { false }",
            "match x { Some(id) if id == 3 => true, _ => false }",
            "match x { 1 => { true } id => id == 4 }",
            "matches!(caller.subject(), id)",
            "xs.is_empty() || matches!(x, Some(Key { id }) if id == 3)",
            "{ for (id, _) in xs { drop(id); } true }",
        ] {
            check(of_its_own, (true, false));
        }
    }

    #[test]
    fn a_call_by_a_bare_name_depends_on_where_it_stands() {
        let call = |expression: &str| {
            relative_call(&expression.parse().unwrap()).map(|word| word.to_string())
        };
        for (expression, expected) in [
            ("open(request)", Some("open")),
            ("x && { !f(open(request)) }", Some("f")),
            ("self::open(request)", Some("self")),
            ("super::super::open(request)", Some("super")),
            ("crate::open(request)", None),
            ("::hours::open(request)", None),
            ("caller.open(request)", None),
            ("Some(3) == x && matches!(f(x), 3)", None),
            ("if (x) { match (y) { _ => true } } else { false }", None),
            ("{ let f = |x| x; f(true) }", None),
        ] {
            assert_eq!(call(expression).as_deref(), expected, "{expression}");
        }
    }

    #[test]
    fn free_variables_are_those_that_nothing_binds() {
        let free = |expression: &str| {
            let found = free(&expression.parse().unwrap());
            found.iter().map(Ident::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(free("**idd == 3 && f(x.y, Z::new(w))"), "idd f x w");
        assert_eq!(free("xs.iter().any(|x| *x == y) && matches!(z, q)"), "xs y");
    }
}
