//! Parses options of `rate` and `quota`: `refund`, `shared` and `unless`.

use proc_macro2::{Ident, TokenTree};

use super::allow::condition_of;
use super::rate_key::value_place;
use super::tokens::string;
use crate::diagnostics::Diagnostics;
use crate::model::condition::Condition;
use crate::model::raw::Name;

/// `refund = 5xx`: the class of statuses that returns the permits of a request.
pub(super) fn refund(
    name: &Ident,
    value: &[TokenTree],
    diagnostics: &mut Diagnostics,
) -> Option<Ident> {
    if let [TokenTree::Literal(class)] = value
        && class.to_string() == "5xx"
    {
        return Some(name.clone());
    }
    let (place, found) = value_place(name, value);
    diagnostics
        .error(&place, format!("`refund` expects `5xx`, found {found}"))
        .help("`refund = 5xx`")
        .note("a request that fails because of the client must count");
    None
}

/// `shared = "office"`: the name of a count that several endpoints share.
pub(super) fn shared(
    name: &Ident,
    value: &[TokenTree],
    diagnostics: &mut Diagnostics,
) -> Option<Name> {
    if let [token] = value
        && let Some(text) = string(token)
    {
        return Some(text);
    }
    let (place, found) = value_place(name, value);
    diagnostics
        .error(&place, format!("`shared` expects a name as a string literal, found {found}"))
        .help("`shared = \"office\"`");
    None
}

/// `unless = role("internal")`: the callers whose requests are not counted.
pub(super) fn unless(
    name: &Ident,
    value: &[TokenTree],
    diagnostics: &mut Diagnostics,
) -> Option<Condition> {
    if value.is_empty() {
        diagnostics
            .error(name, "`unless` expects a condition, found nothing")
            .help("`unless = role(\"internal\")`");
        return None;
    }
    condition_of("unless", value, diagnostics)
}
