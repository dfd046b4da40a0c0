//! Rewrites an expression for the expansion, so that each name means what its author meant.
//!
//! 1. A name in a pattern that is written like a constant is a constant. If there is none, rustc
//!    reports it, and does not make it a new variable that matches every value.
//! 2. In an expression that several handlers share, a name of the standard library is that of the
//!    standard library, even if a handler's module has another item of that name.
//! 3. A parameter's name is the handler's identifier, wherever the expression was written.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    AngleBracketedGenericArguments, Expr, ExprPath, Macro, Pat, Path, PathArguments, PathSegment,
    Token, parse_quote, parse_quote_spanned,
};

use super::macros::MacroArguments;
use super::patterns::is_constant;
use crate::model::condition::Expression;
use crate::parse::tokens::word_of;

/// Names of the standard library that need no import, and their paths.
const STANDARD: [(&str, &str); 27] = [
    ("Some", "::core::option::Option::Some"),
    ("None", "::core::option::Option::None"),
    ("Option", "::core::option::Option"),
    ("Ok", "::core::result::Result::Ok"),
    ("Err", "::core::result::Result::Err"),
    ("Result", "::core::result::Result"),
    ("String", "::std::string::String"),
    ("Vec", "::std::vec::Vec"),
    ("std", "::std"),
    ("core", "::core"),
    ("bool", "::core::primitive::bool"),
    ("char", "::core::primitive::char"),
    ("str", "::core::primitive::str"),
    ("f32", "::core::primitive::f32"),
    ("f64", "::core::primitive::f64"),
    ("i8", "::core::primitive::i8"),
    ("i16", "::core::primitive::i16"),
    ("i32", "::core::primitive::i32"),
    ("i64", "::core::primitive::i64"),
    ("i128", "::core::primitive::i128"),
    ("isize", "::core::primitive::isize"),
    ("u8", "::core::primitive::u8"),
    ("u16", "::core::primitive::u16"),
    ("u32", "::core::primitive::u32"),
    ("u64", "::core::primitive::u64"),
    ("u128", "::core::primitive::u128"),
    ("usize", "::core::primitive::usize"),
];

/// The path of a name of the standard library, if it is one.
pub(super) fn standard(name: &Ident) -> Option<&'static str> {
    STANDARD.iter().find(|(word, _)| name == word).map(|(_, path)| *path)
}

/// The expression, with the handler's identifier for each parameter.
pub(super) fn resolved<'a>(
    expression: &Expression,
    parameter: impl Fn(&str) -> Option<&'a Ident>,
) -> TokenStream {
    let tokens = match syn::parse2::<Expr>(expression.tokens.clone()) {
        Ok(mut parsed) => {
            let mut resolution = Resolution { is_shared: expression.shared.is_some() };
            resolution.visit_expr_mut(&mut parsed);
            parsed.to_token_stream()
        }
        Err(_) => expression.tokens.clone(),
    };
    as_the_handlers(tokens, &parameter)
}

struct Resolution {
    is_shared: bool,
}

impl VisitMut for Resolution {
    fn visit_pat_mut(&mut self, pattern: &mut Pat) {
        visit_mut::visit_pat_mut(self, pattern);
        if let Pat::Ident(name) = pattern
            && name.subpat.is_none()
            && is_constant(&name.ident)
        {
            let mut path = never_a_variable(&name.ident);
            self.visit_path_mut(&mut path.path);
            *pattern = Pat::Path(path);
        }
    }

    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        if self.is_shared && path.leading_colon.is_none() {
            qualify_standard_path(path);
        }
    }

    fn visit_macro_mut(&mut self, called: &mut Macro) {
        if let Some(name) = called.path.get_ident().filter(|_| self.is_shared) {
            let place = qualifying(name.span());
            called.path = parse_quote_spanned!(place=> ::std::#name);
        }
        let Some(mut given) = MacroArguments::of(called) else { return };
        match &mut given {
            MacroArguments::Comparison { value, pattern, guard } => {
                self.visit_expr_mut(value);
                self.visit_pat_mut(pattern);
                guard.iter_mut().for_each(|guard| self.visit_expr_mut(guard));
            }
            MacroArguments::Values(values) => {
                values.iter_mut().for_each(|it| self.visit_expr_mut(it))
            }
        }
        called.tokens = given.to_token_stream();
    }
}

/// Makes a path that begins with a name of the standard library absolute.
fn qualify_standard_path(path: &mut Path) {
    let Some(first) = path.segments.first_mut() else { return };
    let Some(whole) = standard(&first.ident) else { return };
    let place = qualifying(first.ident.span());
    let names = whole.split("::").filter(|name| !name.is_empty());
    let mut segments: Punctuated<PathSegment, Token![::]> =
        names.map(|name| PathSegment::from(Ident::new(name, place))).collect();
    segments.pop();
    segments.extend(std::mem::take(&mut path.segments));
    *path = Path { leading_colon: Some(Token![::](place)), segments };
}

/// The span of a name, for tokens that its author did not write.
fn qualifying(place: Span) -> Span {
    Span::mixed_site().located_at(place)
}

/// `NAME::<>`: always a path, where `NAME` alone might be a new variable.
fn never_a_variable(name: &Ident) -> ExprPath {
    let mut path: ExprPath = parse_quote!(#name);
    let nothing: AngleBracketedGenericArguments = parse_quote!(::<>);
    if let Some(only) = path.path.segments.first_mut() {
        only.arguments = PathArguments::AngleBracketed(nothing);
    }
    path
}

/// Identifiers of parameters with the handler's hygiene: those of a named policy come from a macro,
/// and would not see the handler's variables.
fn as_the_handlers<'a>(
    tokens: TokenStream,
    parameter: &impl Fn(&str) -> Option<&'a Ident>,
) -> TokenStream {
    let resolve = |token| match token {
        TokenTree::Ident(mut ident) => {
            if let Some(bound) = parameter(&word_of(&ident).text) {
                ident.set_span(bound.span().located_at(ident.span()));
            }
            TokenTree::Ident(ident)
        }
        TokenTree::Group(group) => {
            let mut copy =
                Group::new(group.delimiter(), as_the_handlers(group.stream(), parameter));
            copy.set_span(group.span());
            TokenTree::Group(copy)
        }
        token => token,
    };
    tokens.into_iter().map(resolve).collect()
}
