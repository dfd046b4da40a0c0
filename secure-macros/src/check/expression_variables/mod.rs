//! Finds the variables that an expression uses, by its tokens: a macro cannot resolve names.

pub(super) mod scopes;
mod unused;
use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::ToTokens;

use crate::parse::tokens::{is_punct, is_word, word_of};
use scopes::is_free;

/// The first place where an expression uses the variable of this name, also in the braces of a
/// format string. A name after a `.` or in a path is not a variable.
pub(in crate::check) fn mentioned(tokens: &TokenStream, name: &str) -> Option<Ident> {
    find(tokens, name, false)
}

/// The variables that an expression uses and does not bind, each once.
pub(in crate::check) fn free(tokens: &TokenStream) -> Vec<Ident> {
    free_words(tokens, true)
}

/// The same, with or without the names of called functions.
fn free_words(tokens: &TokenStream, with_called: bool) -> Vec<Ident> {
    let mut found: Vec<Ident> = Vec::new();
    collect(tokens, with_called, &mut found);
    let is_keyword = |ident: &Ident| syn::parse2::<Ident>(ident.to_token_stream()).is_err();
    found.retain(|it| !is_keyword(it) && is_free(tokens, &word_of(it).text));
    found
}

/// Whether an expression uses a variable that neither it nor any of the parameters binds.
///
/// Names in capitals are constants. A function used as a value is taken for a variable. A call
/// without arguments may still be unfinished.
pub(in crate::check) fn has_unknown_names(
    tokens: &TokenStream,
    is_known: impl Fn(&str) -> bool,
) -> bool {
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
            // The meaning of a macro's tokens is unknown.
            TokenTree::Group(_) if is_of_a_macro(&tokens, place) => {}
            TokenTree::Group(group) => collect(&group.stream(), with_called, found),
            _ => {}
        }
    }
}

/// Whether the word at this position can be a variable: not a field, a method, a part of a path,
/// the name of a field in a struct, a label or a macro.
pub(in crate::check) fn is_variable(tokens: &[TokenTree], place: usize) -> bool {
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
    let is_new_macro = is(before(1), '!')
        && before(2)
            .and_then(|at| tokens.get(at))
            .is_some_and(|token| matches!(token, TokenTree::Ident(word) if word == "macro_rules"));
    // `id::new`, and `Order { id: 1 }`.
    let is_before_colon = is(after(1), ':');
    let is_label = is(before(1), '\'');
    !(is_member || is_after_colons || is_macro || is_new_macro || is_before_colon || is_label)
}

/// Whether the group at this position holds the arguments of a macro.
fn is_of_a_macro(tokens: &[TokenTree], place: usize) -> bool {
    let before = |count| place.checked_sub(count).and_then(|at| tokens.get(at));
    before(1).is_some_and(|token| is_punct(token, '!'))
        && matches!(before(2), Some(TokenTree::Ident(_)))
}

/// Whether a format string captures the variable: `{id}`, `{id:?}`, `{:id$}`.
pub(in crate::check) fn captures(literal: &str, name: &str) -> bool {
    literal.contains(&format!("{{{name}}}"))
        || literal.contains(&format!("{{{name}:"))
        || literal.contains(&format!("{name}$"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_told_from_what_is_called_the_same() {
        for mentioned_in in
            ["**id == 3", "r#id.is_fine()", "{ let id = 3; id == 4 }", "f(&[g!(id)])"]
        {
            assert!(mentioned(&mentioned_in.parse().unwrap(), "id").is_some(), "{mentioned_in}");
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
            assert!(mentioned(&not_mentioned.parse().unwrap(), "id").is_none(), "{not_mentioned}");
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
        assert_eq!(free("{ let unfinished = x; true }"), "x");
    }
}
