//! The `#[secure(...)]` attribute of `secure-runtime`.

mod attribute;
mod check;
mod diagnostics;
mod expand;
mod fallback;
mod keys;
mod model;
mod parse;
mod paths;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Puts a security policy on an actix-web handler.
#[proc_macro_attribute]
pub fn secure(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute::secure(arguments.into(), item.into()).into()
}
