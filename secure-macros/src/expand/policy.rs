//! The policy as constant data: only what differs from the default is written.

use proc_macro2::TokenStream;
use quote::quote;

use super::rule;
use crate::model::legal::{
    Access, Audience, Authenticators, Endpoint, Exception, Limit, Partition, StepUp,
};
use crate::paths;

/// `Policy::AUTHENTICATED`, and a setter for every part that is not its default.
pub(super) fn policy(endpoint: &Endpoint) -> TokenStream {
    let policy = &endpoint.policy;
    let mut tokens = quote!(secure::Policy::AUTHENTICATED);
    if policy.access != Access::Authenticated(Authenticators::Default) {
        let access = access(&policy.access);
        tokens.extend(quote!(.access(#access)));
    }
    if let Some(rule) = rule::rule(endpoint) {
        tokens.extend(quote!(.rule(#rule)));
    }
    if let Some(step_up) = &policy.step_up {
        let StepUp { max_age_seconds, acr, amr } = step_up;
        let max_age_seconds = max_age_seconds.unwrap_or_default();
        tokens.extend(quote! {
            .step_up(secure::step_up(#max_age_seconds, &[#(#acr),*], &[#(&[#(#amr),*]),*]))
        });
    }
    if policy.hides {
        tokens.extend(quote!(.hides()));
    }
    if !policy.grants.is_empty() {
        let grants = &policy.grants;
        tokens.extend(quote!(.grants(&[#(::core::any::TypeId::of::<#grants>),*])));
    }
    if !policy.limits.is_empty() {
        let limits = policy.limits.iter().map(limit);
        tokens.extend(quote!(.limits(&[#(#limits),*])));
    }
    if let Some(bytes) = policy.max_body {
        tokens.extend(quote!(.max_body(#bytes)));
    }
    if let Some(media_type) = &policy.content_type {
        tokens.extend(quote!(.content_type(#media_type)));
    }
    if !endpoint.validated.is_empty() {
        let names = endpoint.validated.iter().map(|validated| &validated.name);
        tokens.extend(quote!(.validates(&[#(#names),*])));
    }
    if !policy.unvalidated.is_empty() {
        let exemptions = policy.unvalidated.iter().map(|(parameter, reason)| {
            quote!(secure::Unvalidated { parameter: #parameter, reason: #reason })
        });
        tokens.extend(quote!(.unvalidated(&[#(#exemptions),*])));
    }
    if policy.modules > 0 {
        let modules = policy.modules;
        tokens.extend(quote!(.modules(#modules)));
    }
    if !policy.exceptions.is_empty() {
        let exceptions = policy.exceptions.iter().map(exception);
        tokens.extend(quote!(.exceptions(&[#(#exceptions),*])));
    }
    tokens
}

fn exception(exception: &Exception) -> TokenStream {
    let Exception { key, reason, until } = exception;
    let until = paths::option(until.as_ref());
    quote!(secure::Exception { key: #key, reason: #reason, until: #until })
}

fn access(access: &Access) -> TokenStream {
    match access {
        Access::Public => quote!(secure::Access::Public),
        Access::Optional => {
            quote!(secure::Access::Optional(secure::Authenticators::Default))
        }
        Access::Authenticated(authenticators) => {
            let authenticators = match authenticators {
                Authenticators::Default => quote!(Default),
                Authenticators::Any(names) => quote!(Any(&[#(#names),*])),
                Authenticators::All(names) => quote!(All(&[#(#names),*])),
            };
            quote!(secure::Access::Authenticated(secure::Authenticators::#authenticators))
        }
    }
}

fn limit(limit: &Limit) -> TokenStream {
    let Limit { permits, window_seconds, burst, cost, by, audience } = limit;
    let by = match by {
        Partition::Caller => quote!(Caller),
        Partition::Address => quote!(Address),
        Partition::Principal => quote!(Principal),
        Partition::Tenant => quote!(Tenant),
        Partition::Endpoint => quote!(Endpoint),
    };
    let audience = match audience {
        Audience::Everyone => quote!(Everyone),
        Audience::Anonymous => quote!(Anonymous),
        Audience::Authenticated => quote!(Authenticated),
        Audience::Tier(name) => quote!(Tier(#name)),
        Audience::LeastTier(name, others) => quote!(LeastTier(#name, &[#(#others),*])),
    };
    quote! {
        secure::limit(
            (#permits, #window_seconds, #burst, #cost),
            secure::Partition::#by,
            secure::Audience::#audience,
        )
    }
}
