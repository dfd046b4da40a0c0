//! Formats tokens like source code, for messages, logs and the inventory.
//!
//! Tokens from a macro have no spacing, so the spaces are derived from the tokens.

use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};

use crate::parse::tokens::is_punct;

/// The tokens on one line; literals exactly.
pub(super) fn source(tokens: &TokenStream) -> String {
    let mut line = Line::default();
    line.stream(tokens);
    line.text
}

/// Operators of several tokens, the longest first.
const OPERATORS: [&str; 23] = [
    "..=", "<<=", ">>=", "::", "..", "->", "=>", "==", "!=", "<=", ">=", "&&", "||", "<<", ">>",
    "+=", "-=", "*=", "/=", "%=", "^=", "&=", "|=",
];

/// The kind of the last token written.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    /// Nothing, or an opening token: an operand follows without a space.
    #[default]
    Start,
    /// A comma, or an operator between two operands.
    Operator,
    /// A keyword: an operand follows.
    Keyword,
    /// A value, a type, or the end of one.
    Operand,
}

#[derive(Default)]
struct Line {
    text: String,
    last: Last,
    /// How many angle brackets around types are open.
    angles: usize,
    /// Whether the tokens are the parameters of a closure.
    in_closure: bool,
}

impl Line {
    fn stream(&mut self, tokens: &TokenStream) {
        let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
        let mut rest = tokens.as_slice();
        while let Some((token, behind)) = rest.split_first() {
            rest = behind;
            match token {
                TokenTree::Group(group) => self.group(group.delimiter(), &group.stream()),
                TokenTree::Literal(literal) => self.operand(&literal.to_string()),
                TokenTree::Ident(word) => self.word(word),
                TokenTree::Punct(_) => {
                    let length = self.length_of_an_operator(token, behind);
                    let (operator, behind) = behind.split_at(length - 1);
                    let operator: String =
                        std::iter::once(token).chain(operator).map(ToString::to_string).collect();
                    rest = behind;
                    self.operator(&operator, behind.first());
                }
            }
        }
    }

    fn word(&mut self, word: &Ident) {
        let text = word.to_string();
        // A policy for other crates has `$crate`, where its author wrote `crate`.
        let text = text.strip_prefix('$').map(str::to_owned).unwrap_or(text);
        let is_keyword = syn::parse_str::<Ident>(&text).is_err();
        let is_value = ["self", "Self", "super", "crate", "true", "false", "await", "_"];
        self.operand(&text);
        if is_keyword && !is_value.contains(&text.as_str()) {
            self.last = Last::Keyword;
        }
    }

    fn operand(&mut self, text: &str) {
        if self.last != Last::Start {
            self.space();
        }
        self.text.push_str(text);
        self.last = Last::Operand;
    }

    fn group(&mut self, delimiter: Delimiter, inner: &TokenStream) {
        let (open, close) = match delimiter {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::Brace => ("{ ", " }"),
            Delimiter::None => return self.stream(inner),
        };
        if matches!(self.last, Last::Operator | Last::Keyword) || delimiter == Delimiter::Brace {
            self.space();
        }
        self.text.push_str(open);
        self.text.push_str(&source(inner));
        self.text.push_str(close);
        self.last = Last::Operand;
    }

    fn operator(&mut self, operator: &str, next: Option<&TokenTree>) {
        let is_behind_an_operand = self.last == Last::Operand;
        let is_camel_case = self.text.ends_with(|letter: char| letter.is_lowercase())
            && last_word(&self.text).starts_with(char::is_uppercase);
        let opens_types = operator == "<" && (is_camel_case || self.last != Last::Operand);
        match operator {
            "." | ".." | "..=" | "::" | "'" => {
                let begins = !is_behind_an_operand && self.last != Last::Start;
                self.tight(operator, begins, Last::Start);
            }
            "?" => self.tight(operator, false, Last::Operand),
            "," | ";" | ":" => self.tight(operator, false, Last::Operator),
            "=" => self.tight(operator, true, Last::Operator),
            "<" if opens_types => {
                let begins = !is_behind_an_operand && self.last != Last::Start;
                self.angles += 1;
                self.tight(operator, begins, Last::Start);
            }
            ">" if self.angles > 0 => {
                self.angles -= 1;
                self.tight(operator, false, Last::Operand);
            }
            "|" if self.in_closure => {
                self.in_closure = false;
                self.tight(operator, false, Last::Operator);
            }
            "|" if !is_behind_an_operand => {
                self.in_closure = true;
                self.tight(operator, self.last != Last::Start, Last::Start);
            }
            "!" if is_behind_an_operand && matches!(next, Some(TokenTree::Group(_))) => {
                self.tight(operator, false, Last::Start);
            }
            "||" if !is_behind_an_operand => {
                self.tight(operator, self.last != Last::Start, Last::Operator);
            }
            // A prefix operator.
            _ if !is_behind_an_operand => {
                self.tight(operator, self.last != Last::Start, Last::Start);
            }
            _ => self.tight(operator, true, Last::Operator),
        }
    }

    /// The number of tokens of one operator.
    fn length_of_an_operator(&self, first: &TokenTree, behind: &[TokenTree]) -> usize {
        let mut written = first.to_string();
        let mut is_joint = joins(first);
        for token in behind.iter().take(2) {
            if !is_joint {
                break;
            }
            written.push_str(&token.to_string());
            is_joint = joins(token);
        }
        let ends_types = self.angles > 0 && written.starts_with('>');
        let fits = |operator: &&&str| !ends_types && written.starts_with(**operator);
        OPERATORS.iter().find(fits).map_or(1, |operator| operator.len())
    }

    fn tight(&mut self, text: &str, with_a_space: bool, last: Last) {
        if with_a_space {
            self.space();
        }
        self.text.push_str(text);
        self.last = last;
    }

    fn space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }
}

fn joins(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint)
        && !is_punct(token, '\'')
}

fn last_word(text: &str) -> &str {
    text.rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same tokens without their spacing, as from a macro.
    fn without_spaces(tokens: TokenStream) -> TokenStream {
        let token = |token| match token {
            TokenTree::Group(group) => {
                let inner = without_spaces(group.stream());
                TokenTree::Group(proc_macro2::Group::new(group.delimiter(), inner))
            }
            token => token,
        };
        tokens.into_iter().map(token).collect()
    }

    #[test]
    fn a_rule_is_shown_as_it_was_written() {
        for written in [
            "**id == 1",
            "*id * 2 == -1 && !*x && &y != &&z",
            "a && !b || c",
            "f(*id, &mut x, !y)[1..=2].g()?.h",
            "crate::rules::is_open(request, caller).await",
            "matches!(x, Some(1) | None)",
            "xs.iter().any(|x| **x == y) && ys.map(|(a, _)| -a)",
            "x.map(move |y: u32| y > 3)",
            "<u32 as FromStr>::from_str(x)? > 4",
            "Vec::<Option<u8>>::new() == y && x < LIMIT && LIMIT < y",
            "if let Some(x) = y { x > 1 } else { false }",
            "match **id { 0 => false, x @ 1..=9 => x, _ => !y }",
            "{ let x: u32 = **id; x == 3 }",
            "caller.subject() != \"a  b ( c\"",
            "x as u64 == 5",
            "|| true",
            "a % 2 - 1 >= b << 3",
            "use = crate::policies::staff, rate = api",
        ] {
            let tokens: TokenStream = written.parse().unwrap();
            assert_eq!(source(&tokens), written);
            assert_eq!(source(&without_spaces(tokens)), written);
        }
        let spaced: TokenStream = "* * id == 1 && ! x . y ( & z )".parse().unwrap();
        assert_eq!(source(&spaced), "**id == 1 && !x.y(&z)");
    }
}
