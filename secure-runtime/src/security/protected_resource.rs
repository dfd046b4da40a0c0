//! The API as an OAuth 2.0 protected resource (RFC 9728): the metadata that its clients can read.
//!
//! 1. The identifier is an HTTPS URL without query and fragment, in the one form in which clients compare it.
//!    Plain HTTP is accepted for the loopback addresses of this machine.
//! 2. The metadata are at the URL of section 3.1: the well-known path is inserted between the host and the
//!    identifier's own path.
//! 3. The authorization servers are the issuers whose tokens the authenticators accept, unless the
//!    description names others.
//! 4. Clients request tokens with the identifier as `resource` (RFC 8707). Every authenticator of those
//!    issuers must accept the `aud` of such a token; otherwise startup fails.

use std::collections::BTreeSet;

use serde::Serialize;

use super::resource_url::{has_plain_path, metadata_place, url_fault};
use crate::authentication::Authenticator;

/// The API as an OAuth 2.0 protected resource; see
/// [`SecurityBuilder::protected_resource`](super::SecurityBuilder::protected_resource).
///
/// ```
/// use secure_runtime::ProtectedResource;
///
/// let shop = ProtectedResource::new("https://api.example/shop")
///     .name("The shop")
///     .documentation("https://api.example/docs")
///     .list_scopes();
/// # drop(shop);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a description does nothing until it is given to the security's builder"]
pub struct ProtectedResource {
    identifier: String,
    audience: Option<String>,
    authorization_servers: Vec<String>,
    lists_scopes: bool,
    name: Option<String>,
    documentation: Option<String>,
    policy: Option<String>,
    terms_of_service: Option<String>,
}

impl ProtectedResource {
    /// A resource with this identifier: the URL that clients use, up to the part in which the paths of the
    /// API differ.
    pub fn new(identifier: impl Into<String>) -> Self {
        Self {
            identifier: identifier.into(),
            audience: None,
            authorization_servers: Vec::new(),
            lists_scopes: false,
            name: None,
            documentation: None,
            policy: None,
            terms_of_service: None,
        }
    }

    /// Sets the `aud` of tokens for this resource, if the authorization servers write another name than the
    /// identifier (RFC 8707 section 2 allows that).
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Adds an authorization server by its issuer identifier (RFC 8414 section 2). Without any, the issuers
    /// whose tokens the authenticators accept are published.
    pub fn authorization_server(mut self, issuer: impl Into<String>) -> Self {
        self.authorization_servers.push(issuer.into());
        self
    }

    /// Publishes the scopes that the endpoints mention. Default: none, because the list would show everybody
    /// which scopes exist.
    pub fn list_scopes(mut self) -> Self {
        self.lists_scopes = true;
        self
    }

    /// Sets a display name for people.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the URL of the documentation for developers.
    pub fn documentation(mut self, url: impl Into<String>) -> Self {
        self.documentation = Some(url.into());
        self
    }

    /// Sets the URL of the policy about the use of the data.
    pub fn policy(mut self, url: impl Into<String>) -> Self {
        self.policy = Some(url.into());
        self
    }

    /// Sets the URL of the terms of service.
    pub fn terms_of_service(mut self, url: impl Into<String>) -> Self {
        self.terms_of_service = Some(url.into());
        self
    }

    /// The audience of tokens for this resource.
    pub(crate) fn expected_audience(&self) -> &str {
        self.audience.as_deref().unwrap_or(&self.identifier)
    }

    /// Checks the description together with the authenticators of the program, and adds what is wrong to
    /// `faults`.
    pub(super) fn check<'a>(
        mut self,
        authenticators: impl Iterator<Item = (&'a str, &'a dyn Authenticator)> + Clone,
        scopes: BTreeSet<&'static str>,
        faults: &mut Vec<String>,
    ) -> Published {
        let before = faults.len();
        self.check_addresses(faults);
        if self.authorization_servers.is_empty() {
            let issuers = authenticators.clone().filter_map(|(_, it)| it.capabilities().issuer);
            let issuers: BTreeSet<Box<str>> = issuers.collect();
            self.authorization_servers = issuers.into_iter().map(String::from).collect();
        }
        for server in &self.authorization_servers {
            faults.extend(url_fault(server).map(|fault| {
                format!(
                    "the authorization server `{server}` {fault}: name those that clients can ask \
                     with `.authorization_server(…)`"
                )
            }));
        }
        let audience = self.expected_audience();
        let issues = |issuer: &str| self.authorization_servers.iter().any(|it| it == issuer);
        for (name, authenticator) in authenticators.clone() {
            let capabilities = authenticator.capabilities();
            if capabilities.issuer.as_deref().is_some_and(issues)
                && !capabilities.accept_audience(audience)
            {
                faults.push(format!(
                    "the authenticator `{name}` refuses tokens for `{audience}`, which clients of \
                     the protected resource ask for (RFC 8707): add `.audience({audience:?})` to \
                     it, or say what their `aud` is with `ProtectedResource::audience`; an \
                     authenticator of your own announces it with `Capabilities::accepts_audience`"
                ));
            }
        }
        if faults.len() > before {
            return Published::default();
        }
        let takes_bearer = |(_, it): (&str, &dyn Authenticator)| {
            it.challenge().scheme().eq_ignore_ascii_case("Bearer")
        };
        let has_bearer = authenticators.into_iter().any(takes_bearer);
        self.publish(scopes, has_bearer)
    }

    fn check_addresses(&self, faults: &mut Vec<String>) {
        let identifier = &self.identifier;
        let fault = url_fault(identifier).or_else(|| {
            (!has_plain_path(identifier)).then_some(
                "has a path that is written in several ways: expected letters, digits and \
                 `-._~!$&'()+,;=:@/`, and no `.`, `..` or empty segment",
            )
        });
        faults.extend(fault.map(|fault| format!("the protected resource `{identifier}` {fault}")));
        let pages = [
            ("documentation", &self.documentation),
            ("policy", &self.policy),
            ("terms of service", &self.terms_of_service),
        ];
        for (what, page) in pages {
            let page = page
                .as_ref()
                .filter(|page| !page.starts_with("https://") && !page.starts_with("http://"));
            faults.extend(page.map(|page| {
                format!("the {what} of the protected resource, `{page}`, expects a URL")
            }));
        }
    }

    fn publish(self, scopes: BTreeSet<&'static str>, has_bearer: bool) -> Published {
        let (url, path) = metadata_place(&self.identifier);
        let document = Document {
            resource: &self.identifier,
            authorization_servers: &self.authorization_servers,
            scopes_supported: if self.lists_scopes { scopes } else { BTreeSet::new() },
            bearer_methods_supported: if has_bearer { &["header"] } else { &[] },
            resource_name: self.name.as_deref(),
            resource_documentation: self.documentation.as_deref(),
            resource_policy_uri: self.policy.as_deref(),
            resource_tos_uri: self.terms_of_service.as_deref(),
        };
        // Strings always serialize.
        let document = serde_json::to_string(&document).unwrap_or_default();
        // As long as the program, as the routes of its handlers.
        Published { url, path: path.leak(), document }
    }
}

impl From<&str> for ProtectedResource {
    fn from(identifier: &str) -> Self {
        Self::new(identifier)
    }
}

impl From<String> for ProtectedResource {
    fn from(identifier: String) -> Self {
        Self::new(identifier)
    }
}

/// The published metadata, and their address.
#[derive(Debug, Default)]
pub(crate) struct Published {
    /// The address of the metadata.
    pub(crate) url: String,
    /// The path of that address.
    pub(crate) path: &'static str,
    /// The metadata.
    pub(crate) document: String,
}

/// The members of RFC 9728 section 2; those without a value are left out (section 3.2).
#[derive(Serialize)]
struct Document<'a> {
    resource: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    authorization_servers: &'a [String],
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    scopes_supported: BTreeSet<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    bearer_methods_supported: &'a [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_documentation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_policy_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_tos_uri: Option<&'a str>,
}
