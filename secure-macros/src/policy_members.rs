//! Names in the JSON text of a policy: this crate writes the text, `secure-runtime` reads it.
//!
//! Each name is written here once. `secure-runtime` gets the same constants from the hidden macro
//! `__policy_members!`, so that both sides always agree.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

macro_rules! members {
    ($($name:ident = $text:literal),* $(,)?) => {
        $(pub(crate) const $name: &str = $text;)*

        /// Every constant: its name and its text.
        pub(crate) const EVERY: &[(&str, &str)] = &[$((stringify!($name), $text)),*];
    };
}

members! {
    // The policy.
    ROUTES = "routes",
    ACCESS = "access",
    RULE = "rule",
    STEP_UP = "step_up",
    ACTIONS = "actions",
    HIDES = "hides",
    CALLABLE = "callable",
    LIMITS = "limits",
    CONCURRENCY = "concurrency",
    PRIORITY = "priority",
    FAILURES = "failures",
    MAX_BODY = "max_body",
    BODY_TIMEOUT = "body_timeout",
    WEBSOCKET = "websocket",
    CONTENT_TYPE = "content_type",
    CONTENT_ENCODINGS = "content_encodings",
    BODIES = "bodies",
    RESOURCES = "resources",
    VALIDATES = "validates",
    UNVALIDATED = "unvalidated",
    UNDECIDED = "undecided",
    VALIDATED_BY = "validated_by",
    LAYERS = "layers",
    MODULES = "modules",
    EXCEPTIONS = "exceptions",
    // `access`.
    PUBLIC = "public",
    OPTIONAL = "optional",
    LENIENT = "lenient",
    AUTHENTICATED = "authenticated",
    DEFAULT = "default",
    // `rule`.
    ALL = "all",
    ANY = "any",
    NOT = "not",
    ROLE = "role",
    SCOPE = "scope",
    PERMISSION = "permission",
    AUTHENTICATOR = "authenticator",
    ADDRESS = "address",
    TIME = "time",
    EXPRESSION = "expression",
    // The input that an expression of the rule needs.
    NOTHING = "nothing",
    ARGUMENTS = "arguments",
    BODY = "body",
    ARGUMENTS_OR_BODY = "arguments_or_body",
    // `step_up`.
    FRESH = "fresh",
    ACR = "acr",
    AMR = "amr",
    // A limit, or a budget of failures.
    RATE = "rate",
    BURST = "burst",
    COST = "cost",
    BY = "by",
    OF = "of",
    PERIOD = "period",
    SHARED = "shared",
    MODE = "mode",
    REFUNDS = "refunds",
    UNLESS = "unless",
    ON = "on",
    // `cost`.
    RESPONSE = "response",
    // `of`.
    ANONYMOUS = "anonymous",
    TIER = "tier",
    LEAST_TIER = "least_tier",
    // `by`.
    CALLER = "caller",
    PRINCIPAL = "principal",
    TENANT = "tenant",
    API_KEY = "api_key",
    ENDPOINT = "endpoint",
    HEADER = "header",
    CLAIM = "claim",
    KEY = "key",
    EACH = "each",
}

/// The same constants as items, for `secure-runtime`.
pub(crate) fn constants() -> TokenStream {
    let items = EVERY.iter().map(|(name, text)| {
        let name = Ident::new(name, Span::call_site());
        quote!(pub(super) const #name: &str = #text;)
    });
    items.collect()
}
