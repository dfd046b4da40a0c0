//! `policy! { … }`: defines named sets of keys for `#[secure(use = …)]`.
//!
//! A macro cannot look up another item. So a policy is itself a macro, which adds its keys to the
//! attribute of the item that it gets, and `use` calls it with the item.

mod exported;

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Token, Visibility};

use crate::diagnostics::{Diagnostics, Report};
use crate::file_policies;
use crate::model::layers::Origin;
use crate::parse::layers::{MISTAKEN, POLICY};
use crate::paths::Paths;
use crate::vocabulary::Vocabulary;
use crate::{check, parse, vocabulary};

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
        let keys = match input.parse()? {
            TokenTree::Group(keys) if keys.delimiter() == Delimiter::Parenthesis => keys,
            other => {
                let message = "expected the policy's keys in parentheses";
                return Err(syn::Error::new(other.span(), message));
            }
        };
        input.parse::<Token![;]>()?;
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
    match syn::parse2::<Policies>(input) {
        Ok(Policies(policies)) => {
            let current = vocabulary::current();
            let report = current.report(file_policies::faults);
            let mut paths = Paths::new(None);
            let policies: TokenStream = policies
                .iter()
                .map(|policy| one(policy, &current.vocabulary, &mut paths))
                .collect();
            let tracking = current.tracking(&paths);
            quote!(#report #policies #tracking)
        }
        Err(error) => {
            let report = Diagnostics::gather(|diagnostics| {
                diagnostics.syntax(&error).help("`pub(crate) staff = (roles = \"staff\");`");
                None::<()>
            });
            report.err().map(|report| quote!(#report)).unwrap_or_default()
        }
    }
}

/// The macro of one policy. A policy with mistakes passes no keys on: they are reported here only.
fn one(policy: &Policy, known: &Vocabulary, paths: &mut Paths) -> TokenStream {
    let Policy { attributes, visibility, name, keys } = policy;
    let is_exported = matches!(visibility, Visibility::Public(_));
    // Also if there are mistakes, so that users of the policy do not look for another crate.
    let mut root = None;
    let outcome = Diagnostics::gather(|diagnostics| {
        let mut layer = parse::layers(keys.stream(), diagnostics).pop()?;
        layer.origin = Origin::Policy;
        if is_exported {
            exported::means_the_same_everywhere(&layer, diagnostics);
        }
        if layer.is_whole {
            check::layer(&mut layer, known, diagnostics);
        }
        root = layer.declaration.root;
        Some(())
    });
    let mistaken = format_ident!("{MISTAKEN}");
    let (keys, report) = match outcome {
        Ok(()) => {
            let (shown, mut keys) = (name.to_string(), keys.stream());
            if is_exported {
                keys = exported::from_anywhere(keys);
            }
            (quote!(#shown; #keys), None)
        }
        // The names of a faulty `secure.toml` are unknown; only the mistakes of the file are
        // reported.
        Err(report) => (quote!(#mistaken), (!known.is_faulty()).then_some(report)),
    };
    *paths = Paths::new(root.as_ref());
    let secure = paths.secure();
    let (hidden, around) = (exported::hidden(name, is_exported), format_ident!("{POLICY}"));
    let export = is_exported.then(|| quote!(#[macro_export] #[doc(hidden)]));
    quote! {
        #report
        #[allow(unused_macros)]
        #export
        macro_rules! #hidden {
            (($($own:tt)*) $($item:tt)*) => {
                #[#secure($($own)* #around(#keys))]
                $($item)*
            };
        }
        #(#attributes)*
        #[allow(unused_imports)]
        #visibility use #hidden as #name;
    }
}

/// A policy counts once: using it again only looks stricter.
pub(crate) fn is_used_once(arguments: &TokenStream) -> Result<(), Report> {
    Diagnostics::gather(|diagnostics| {
        if let Some(path) = parse::layers::used_twice(arguments) {
            diagnostics
                .error(&path, "`use` names the same policy twice, expected it once")
                .help("remove one of the two");
        }
        Some(())
    })
}

/// Calls the policy that the attribute uses, with the item.
pub(crate) fn apply(policy: &syn::Path, own: &TokenStream, item: &TokenStream) -> TokenStream {
    quote!(#policy! { (#own) #item })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_do_not_lead_to_another_crate() {
        let check = |policy: &str, is_mistaken: bool| {
            let expansion = policies(policy.parse().unwrap()).to_string();
            assert!(expansion.contains(":: sec :: secure"), "{policy}: {expansion}");
            assert!(!expansion.contains("secure_runtime"), "{policy}: {expansion}");
            assert_eq!(expansion.contains("compile_error"), is_mistaken, "{policy}: {expansion}");
        };
        check("pub(crate) careful = (crate = ::sec, rate = \"5/min\");", false);
        check("pub careful = (crate = ::sec, rate = \"5/min\");", false);
        check("pub careful = (crate = ::sec, rate = login);", true);
        check("pub(crate) careful = (crate = ::sec, rate = \"5/x\");", true);
        check("pub(crate) careful = (crate = ::sec, rats = \"5/min\");", true);
    }
}
