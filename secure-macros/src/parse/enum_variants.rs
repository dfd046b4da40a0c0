//! Parses `Permission::OrdersRead`: a name of the vocabulary as an enum variant.

use proc_macro2::TokenTree;
use quote::{ToTokens, quote};
use syn::Path;
use syn::parse::Parser;

use super::tokens::stream;
use crate::model::raw::{EnumVariant, Name};

/// The path of a variant with its enum; the vocabulary resolves it to a name.
pub(super) fn enum_variant(tokens: &[TokenTree]) -> Option<Name> {
    let path = Path::parse_mod_style.parse2(stream(tokens)).ok()?;
    let mut of = path.clone();
    let variant = of.segments.pop()?.ident;
    of.segments.pop_punct()?;
    let (path, of, span) = (quote!(#path), of.to_token_stream(), variant.span());
    let enum_variant = Some(Box::new(EnumVariant { path, of, variant }));
    Some(Name { text: String::new(), span, bare: false, enum_variant })
}
