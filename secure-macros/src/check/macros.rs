//! The arguments of a macro in an expression, if they parse as Rust.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, Macro, Pat, Token};

use crate::parse::tokens::is_word;

/// The arguments in the parentheses.
pub(super) enum MacroArguments {
    /// `matches!(value, pattern if guard)`
    Comparison { value: Box<Expr>, pattern: Box<Pat>, guard: Option<Box<Expr>> },
    /// Expressions between commas.
    Values(Punctuated<Expr, Token![,]>),
}

impl MacroArguments {
    /// `None` if the macro has a syntax of its own.
    pub(super) fn of(called: &Macro) -> Option<Self> {
        let tokens = called.tokens.clone();
        let last = called.path.segments.last()?;
        if is_word(&last.ident, "matches") {
            comparison.parse2(tokens).ok()
        } else {
            Punctuated::parse_terminated.parse2(tokens).ok().map(Self::Values)
        }
    }
}

fn comparison(input: ParseStream<'_>) -> syn::Result<MacroArguments> {
    let value = Box::new(input.parse()?);
    input.parse::<Token![,]>()?;
    let pattern = Box::new(Pat::parse_multi_with_leading_vert(input)?);
    let guard = match input.parse::<Option<Token![if]>>()? {
        Some(_) => Some(Box::new(input.parse()?)),
        None => None,
    };
    input.parse::<Option<Token![,]>>()?;
    Ok(MacroArguments::Comparison { value, pattern, guard })
}

impl ToTokens for MacroArguments {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::Comparison { value, pattern, guard: None } => quote!(#value, #pattern),
            Self::Comparison { value, pattern, guard: Some(guard) } => {
                quote!(#value, #pattern if #guard)
            }
            Self::Values(values) => values.to_token_stream(),
        });
    }
}
