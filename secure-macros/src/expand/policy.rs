//! The policy as constant data: only what differs from the default is written.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::legal::{
    Access, Atom, Audience, Authenticators, Endpoint, Exception, Fact, Limit, Partition,
    Requirement,
};
use crate::model::raw::Combine;
use crate::paths;

/// `Policy::AUTHENTICATED`, and a setter for every part that is not its default.
pub(super) fn policy(endpoint: &Endpoint) -> TokenStream {
    let policy = &endpoint.policy;
    let mut tokens = quote!(secure::Policy::AUTHENTICATED);
    if policy.access != Access::Authenticated(Authenticators::Default) {
        let access = access(&policy.access);
        tokens.extend(quote!(.access(#access)));
    }
    if let Some(rule) = rule(&policy.requirements) {
        tokens.extend(quote!(.rule(#rule)));
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

fn rule(requirements: &[Requirement]) -> Option<TokenStream> {
    match requirements {
        [] => None,
        [only] => Some(requirement(only)),
        several => {
            let rules = several.iter().map(requirement);
            Some(quote!(secure::Rule::All(&[#(#rules),*])))
        }
    }
}

fn requirement(requirement: &Requirement) -> TokenStream {
    let Requirement { fact, combine, demands } = requirement;
    match combine {
        // Of several that suffice alone, all alternatives do: one flat list.
        Combine::One | Combine::Any => {
            any(demands.iter().flat_map(|demand| demand.alternatives(*fact)))
        }
        Combine::All => {
            let demands = demands.iter().map(|demand| any(demand.alternatives(*fact)));
            quote!(secure::Rule::All(&[#(#demands),*]))
        }
    }
}

/// Any of these, each of them once.
fn any<'a>(atoms: impl Iterator<Item = Atom<'a>>) -> TokenStream {
    let mut distinct: Vec<Atom<'a>> = Vec::new();
    for atom in atoms {
        if !distinct.contains(&atom) {
            distinct.push(atom);
        }
    }
    let atoms: Vec<TokenStream> = distinct.into_iter().map(atom).collect();
    match atoms.as_slice() {
        [only] => only.clone(),
        several => quote!(secure::Rule::Any(&[#(#several),*])),
    }
}

fn atom((fact, name): Atom<'_>) -> TokenStream {
    match fact {
        Fact::Role => quote!(secure::Rule::Role(#name)),
        Fact::Scope => quote!(secure::Rule::Scope(#name)),
        Fact::Permission => quote!(secure::Rule::Permission(#name)),
    }
}

fn limit(limit: &Limit) -> TokenStream {
    let Limit { permits, window_seconds, burst, cost, by, audience } = limit;
    let by = match by {
        Partition::Caller => quote!(Caller),
        Partition::Address => quote!(Address),
        Partition::Principal => quote!(Principal),
        Partition::Endpoint => quote!(Endpoint),
    };
    let audience = match audience {
        Audience::Everyone => quote!(Everyone),
        Audience::Anonymous => quote!(Anonymous),
        Audience::Authenticated => quote!(Authenticated),
    };
    quote! {
        secure::limit(
            (#permits, #window_seconds, #burst, #cost),
            secure::Partition::#by,
            secure::Audience::#audience,
        )
    }
}
