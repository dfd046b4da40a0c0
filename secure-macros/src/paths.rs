//! Every path in the expansion, fully qualified.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// The path of the runtime, and the paths of its items.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    root: TokenStream,
}

impl Paths {
    /// `crate = path`, or the crate under its own name.
    pub(crate) fn new(root: Option<&syn::Path>) -> Self {
        let root = root.map_or_else(|| quote!(::secure_runtime), |path| quote!(#path));
        Self { root }
    }

    /// The private support module of the runtime, for the expansion alone.
    pub(crate) fn support(&self) -> TokenStream {
        let root = &self.root;
        quote!(#root::__private)
    }

    /// The attribute itself.
    pub(crate) fn secure(&self) -> TokenStream {
        let root = &self.root;
        quote!(#root::secure)
    }

    pub(crate) fn policed(&self) -> TokenStream {
        let root = &self.root;
        quote!(#root::__private::Policed)
    }

    pub(crate) fn secured_service(&self) -> TokenStream {
        let root = &self.root;
        quote!(#root::SecuredService)
    }
}

pub(crate) fn option_type() -> TokenStream {
    quote!(::core::option::Option)
}

pub(crate) fn some() -> TokenStream {
    quote!(::core::option::Option::Some)
}

pub(crate) fn u32() -> TokenStream {
    quote!(::core::primitive::u32)
}

pub(crate) fn result() -> TokenStream {
    quote!(::core::result::Result)
}

pub(crate) fn ok() -> TokenStream {
    quote!(::core::result::Result::Ok)
}

/// The value of an `Option`.
pub(crate) fn option(value: Option<&impl ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// Makes the compiler expand again when the build's date changes.
pub(crate) fn source_date_epoch() -> TokenStream {
    let variable = crate::grammar::dates::SOURCE_DATE_EPOCH;
    quote! {
        const _: bool = ::core::option_env!(#variable).is_some();
    }
}
