//! Completes unfinished expressions for editors: `caller.`, `order.customer ==`, or nothing yet.
//!
//! They are mistakes, which are reported elsewhere. But an editor completes them, and needs an
//! expression for that: a placeholder is inserted wherever a word is missing.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};

use super::tokens::is_punct;

/// The placeholder for a missing word.
pub(crate) const MISSING: &str = "__missing";

/// The same tokens with a placeholder wherever an operand, a member or the rest of a path is
/// missing.
pub(super) fn completed(tokens: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut completed: Vec<TokenTree> = Vec::new();
    for token in &tokens {
        if lacks(&completed, Some(token)) {
            completed.push(missing());
        }
        completed.push(match token {
            TokenTree::Group(group) if group.stream().is_empty() => token.clone(),
            TokenTree::Group(group) => {
                let mut copy = Group::new(group.delimiter(), self::completed(group.stream()));
                copy.set_span(group.span());
                copy.into()
            }
            token => token.clone(),
        });
    }
    if completed.is_empty() || lacks(&completed, None) {
        completed.push(missing());
    }
    completed.into_iter().collect()
}

/// The path of a function, completed in the same way.
pub(super) fn completed_path(tokens: &[TokenTree]) -> Vec<TokenTree> {
    let mut path = tokens.to_vec();
    if path.last().is_none_or(|last| is_punct(last, ':')) {
        path.push(missing());
    }
    path
}

fn missing() -> TokenTree {
    Ident::new(MISSING, Span::call_site()).into()
}

/// Whether a word is missing between the tokens read so far and the next token.
fn lacks(read: &[TokenTree], next: Option<&TokenTree>) -> bool {
    let begins = |letters: &[char]| {
        next.is_some_and(|next| letters.iter().any(|letter| is_punct(next, *letter)))
    };
    let is_name = matches!(next, Some(TokenTree::Ident(_) | TokenTree::Literal(_)));
    let Some((last, earlier)) = read.split_last() else { return begins(&['=']) };
    let TokenTree::Punct(last) = last else { return false };
    let follows = |letter| earlier.last().is_some_and(|token| is_punct(token, letter));
    match last.as_char() {
        // A member, unless it is a range.
        '.' => !follows('.') && !is_name && !begins(&['.']),
        // The rest of a path.
        ':' => follows(':') && !is_name && !begins(&['<']),
        // An operand. An operator with nothing before it is not one of these.
        '&' | '|' | '=' | '<' | '>' | '!' | '+' | '-' | '*' | '/' | '%' | '^' => {
            next.is_none() || begins(&[',', ';', '?', '/', '%', '^', '+'])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &str, expected: &str) {
        let without_spaces = |text: &str| text.split_whitespace().collect::<String>();
        let found = completed(written.parse().unwrap()).to_string();
        let expected = expected.replace('_', MISSING);
        assert_eq!(without_spaces(&found), without_spaces(&expected), "{written}");
        assert!(syn::parse_str::<syn::Expr>(&found).is_ok(), "{found}");
    }

    #[test]
    fn a_word_stands_where_something_is_missing() {
        check("", "_");
        check("caller.", "caller._");
        check("caller.subject() ==", "caller.subject() == _");
        check("caller. && role(\"a\")", "caller._ && role(\"a\")");
        check("role(\"a\") ||", "role(\"a\") || _");
        check("role(\"a\") && !", "role(\"a\") && !_");
        check("x == Some(order.)", "x == Some(order._)");
        check("(x && order.) || y", "(x && order._) || y");
        check("f(x ==, y)", "f(x == _, y)");
        check("rules::", "rules::_");
        check("rules:: && x", "rules::_ && x");
        check("== x", "_ == x");
        check("x / + y", "x / _ + y");
        check("{ order. }", "{ order._ }");
    }

    #[test]
    fn what_is_finished_stays() {
        for finished in [
            "caller.tenant() == Some(tenant.as_str())",
            "!x && -1 < **y && &x == &&y",
            "x.0 >= 1 && (0..).contains(&x) && (..3).contains(y)",
            "f::<u8>() && <T as U>::f(x?.y) && xs.iter().any(|x| *x == 1)",
            "matches!(x, Some(_)) && x.await?",
        ] {
            let tokens: TokenStream = finished.parse().unwrap();
            assert_eq!(completed(tokens.clone()).to_string(), tokens.to_string());
        }
    }
}
