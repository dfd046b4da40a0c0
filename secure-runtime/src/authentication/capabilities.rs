//! What an authenticator announces for the startup checks: tenants, tiers, sign-in times, its issuer, its audiences.

/// What an [`Authenticator`](super::Authenticator) announces about its principals and its tokens.
///
/// The startup checks compare it with the endpoints: an endpoint that needs what none of its
/// authenticators announces is a startup error. A new value announces nothing.
///
/// ```
/// use secure_runtime::authentication::Capabilities;
///
/// let capabilities = Capabilities::new()
///     .names_tenants()
///     .issuer("https://issuer.example")
///     .accepts_audience("shop");
/// # drop(capabilities);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "it announces nothing until `Authenticator::capabilities` returns it"]
#[non_exhaustive]
pub struct Capabilities {
    pub(crate) tenants: bool,
    pub(crate) tiers: bool,
    pub(crate) sign_in: bool,
    pub(crate) api_keys: bool,
    pub(crate) revocations: bool,
    pub(crate) issuer: Option<Box<str>>,
    issuers: Option<bool>,
    audiences: Vec<Box<str>>,
    any_audience: bool,
}

impl Capabilities {
    /// Announces nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The principals have a [tenant](crate::Principal::tenant) if their credentials name one. Required by
    /// endpoints whose limits count by tenant.
    pub fn names_tenants(mut self) -> Self {
        self.tenants = true;
        self
    }

    /// The principals have a [tier](crate::Principal::tier) if their credentials name one. Required by
    /// endpoints whose limits depend on the tier.
    pub fn names_tiers(mut self) -> Self {
        self.tiers = true;
        self
    }

    /// The principals state when and how they signed in
    /// ([`authenticated_at`](crate::Principal::authenticated_at), [`acr`](crate::Principal::acr),
    /// [`amr`](crate::Principal::amr)) if their credentials do. Required from at least one authenticator of
    /// an endpoint with `fresh`, `acr` or `amr`.
    pub fn names_sign_in(mut self) -> Self {
        self.sign_in = true;
        self
    }

    /// The principals have the id of the [API key](crate::Principal::api_key) that was sent. Required from
    /// at least one authenticator of an endpoint that counts by API key.
    pub fn names_api_keys(mut self) -> Self {
        self.api_keys = true;
        self
    }

    /// The authorization server whose OAuth 2.0 access tokens are accepted, by its issuer identifier (RFC
    /// 8414 section 2). Clients of a [protected resource](crate::SecurityBuilder::protected_resource) are
    /// sent there. Every principal names this [issuer](crate::Principal::issuer).
    pub fn issuer(mut self, identifier: impl Into<Box<str>>) -> Self {
        self.issuer = Some(identifier.into());
        self.names_issuers(true)
    }

    /// Whether every principal names an [issuer](crate::Principal::issuer): limits distinguish the
    /// principals of different issuers. Without this call and [`issuer`](Self::issuer), this is unknown
    /// before a request.
    pub fn names_issuers(mut self, all: bool) -> Self {
        self.issuers = Some(all);
        self
    }

    /// Tokens of the [issuer](Self::issuer) for this audience are accepted. Call it once for each
    /// audience. Required for the identifier of a
    /// [protected resource](crate::SecurityBuilder::protected_resource), if the issuer is one of its
    /// authorization servers.
    pub fn accepts_audience(mut self, audience: impl Into<Box<str>>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Tokens of the [issuer](Self::issuer) are accepted for every audience.
    pub fn accepts_any_audience(mut self) -> Self {
        self.any_audience = true;
        self
    }

    /// Credentials that a list of [`Revocations`](super::Revocations) contains are rejected. If an endpoint
    /// accepts any of several authenticators of one [issuer](Self::issuer), all or none of them must
    /// announce this: otherwise one of them would accept a token that another rejects as revoked.
    pub fn checks_revocations(mut self) -> Self {
        self.revocations = true;
        self
    }

    /// Whether every principal names an issuer; `None` if this is unknown.
    pub(crate) fn all_name_issuers(&self) -> Option<bool> {
        self.issuers
    }

    /// Whether tokens for this audience are accepted.
    pub(crate) fn accept_audience(&self, audience: &str) -> bool {
        self.any_audience || self.audiences.iter().any(|accepted| **accepted == *audience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_announced_unless_it_is_written() {
        let nothing = Capabilities::new();
        assert!(!nothing.tenants && !nothing.tiers && !nothing.sign_in && !nothing.api_keys);
        assert!(!nothing.revocations && !nothing.accept_audience("shop"));
        assert_eq!((nothing.issuer.as_deref(), nothing.all_name_issuers()), (None, None));
        let one = Capabilities::new().issuer("https://issuer.example").accepts_audience("shop");
        assert_eq!(one.all_name_issuers(), Some(true));
        assert!(one.accept_audience("shop") && !one.accept_audience("other"));
        assert!(one.accepts_any_audience().accept_audience("other"));
    }
}
