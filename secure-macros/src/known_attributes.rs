//! Recognises attributes by the last word of their paths, also in a `cfg_attr`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, MetaList, Path, Token};

/// The attributes of actix-web for one method.
pub(crate) const METHODS: [&str; 10] =
    ["connect", "delete", "get", "head", "options", "patch", "post", "put", "query", "trace"];

/// Whether an attribute makes the function a route, with any qualification.
pub(crate) fn is_route(path: &Path) -> bool {
    is_named(path, |name| METHODS.contains(&name) || name == "route" || name == "routes")
}

/// Whether an attribute is `#[secure]`.
pub(crate) fn is_secure(path: &Path) -> bool {
    is_named(path, |name| name == "secure")
}

/// Whether an attribute needs the item that the route attribute generates, as those of OpenAPI
/// generators do.
pub(crate) fn needs_the_item(meta: &Meta) -> bool {
    let is_one = |name: &str| match name {
        "api_operation" | "api_v2_operation" => true,
        // `#[path = "…"]` is rustc's attribute of a module.
        "path" => matches!(meta, Meta::List(_)),
        _ => false,
    };
    is_named(meta.path(), is_one)
}

/// Whether a test is true of the path's last word; `r#get` counts as `get`.
pub(crate) fn is_named(path: &Path, is: impl Fn(&str) -> bool) -> bool {
    path.segments.last().is_some_and(|last| is(&last.ident.unraw().to_string()))
}

/// The attribute itself, or the attributes in its `cfg_attr`, with the predicate.
pub(crate) fn unfolded(attribute: &Attribute) -> Vec<(Meta, Option<TokenStream>)> {
    let mut metas = Vec::new();
    unfold(attribute.meta.clone(), None, &mut metas);
    metas
}

fn unfold(
    meta: Meta,
    condition: Option<TokenStream>,
    metas: &mut Vec<(Meta, Option<TokenStream>)>,
) {
    let Some((predicate, inner)) = conditional(&meta) else {
        metas.push((meta, condition));
        return;
    };
    let condition = Some(both(condition, &predicate));
    inner.into_iter().for_each(|inner| unfold(inner, condition.clone(), metas));
}

/// The predicate of a `cfg_attr` and its attributes; `None` for another attribute.
pub(crate) fn conditional(meta: &Meta) -> Option<(Meta, Vec<Meta>)> {
    let Meta::List(MetaList { path, .. }) = meta else { return None };
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    let all = meta.require_list().ok()?.parse_args_with(parser).ok()?;
    let mut all = all.into_iter();
    let predicate = all.next().filter(|_| path.segments.len() == 1)?;
    is_named(path, |name| name == "cfg_attr").then(|| (predicate, all.collect()))
}

/// The predicate that is true if both are.
pub(crate) fn both(outer: Option<TokenStream>, inner: &Meta) -> TokenStream {
    match outer {
        Some(outer) => quote!(all(#outer, #inner)),
        None => quote!(#inner),
    }
}
