//! `policy! { … }`: sets of keys with names, and `#[secure(use = …)]`, which asks for one.
//!
//! A macro cannot look another item up. So a policy is a macro itself: it puts its keys into the
//! attribute of whatever it is given, and `use` gives it the item.

use proc_macro2::{Group, Ident, TokenStream};
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Token, Visibility};

use crate::diagnostics::Diagnostics;
use crate::parse;
use crate::parse::layers::POLICY;
use crate::paths::Paths;

/// `pub(crate) staff = (roles = "staff", rate = "100/h");`
struct Policy {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    keys: Group,
}

impl Parse for Policy {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        let keys: Group = input.parse()?;
        input.parse::<Token![;]>()?;
        if keys.delimiter() != proc_macro2::Delimiter::Parenthesis {
            return Err(syn::Error::new(
                keys.span(),
                "expected the keys of the policy in parentheses",
            ));
        }
        Ok(Self { attributes, visibility, name, keys })
    }
}

struct Policies(Vec<Policy>);

impl Parse for Policies {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut policies = Vec::new();
        while !input.is_empty() {
            policies.push(input.parse()?);
        }
        Ok(Self(policies))
    }
}

/// Expands `policy! { … }`.
pub(crate) fn policies(input: TokenStream) -> TokenStream {
    let outcome = Diagnostics::gather(|diagnostics| match syn::parse2::<Policies>(input) {
        Ok(Policies(policies)) => {
            let macros = policies.iter().filter_map(|policy| one(policy, diagnostics));
            Some(macros.collect::<TokenStream>())
        }
        Err(error) => {
            diagnostics.syntax(&error).help("`pub(crate) staff = (roles = \"staff\");`");
            None
        }
    });
    outcome.unwrap_or_else(|report| quote!(#report))
}

fn one(policy: &Policy, diagnostics: &mut Diagnostics) -> Option<TokenStream> {
    let Policy { attributes, visibility, name, keys } = policy;
    if matches!(visibility, Visibility::Public(_)) {
        diagnostics
            .error(visibility, "a policy expects to stay in its crate, found `pub`")
            .help("`pub(crate)`");
        return None;
    }
    let keys = keys.stream();
    let declaration = parse::declaration(keys.clone(), diagnostics);
    let secure = Paths::new(declaration.root.as_ref()).secure();
    let (hidden, around) = (format_ident!("__policy_{name}"), format_ident!("{POLICY}"));
    Some(quote! {
        #[allow(unused_macros)]
        macro_rules! #hidden {
            (($($own:tt)*) $($item:tt)*) => {
                #[#secure($($own)* #around(#keys))]
                $($item)*
            };
        }
        #(#attributes)*
        #[allow(unused_imports)]
        #visibility use #hidden as #name;
    })
}

/// Hands the item to the policy that the attribute uses.
pub(crate) fn apply(policy: &syn::Path, own: &TokenStream, item: &TokenStream) -> TokenStream {
    quote!(#policy! { (#own) #item })
}
