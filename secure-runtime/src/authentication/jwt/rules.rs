//! What is expected of a token, as checked at startup. Each rule is applied in the file of what it is
//! about: `profile`, `issuers`, `audience`, `caller`, `demands`, `claims`.

use super::claim_mapping::Places;
use super::issuers::Issuers;
use super::profile::Profile;
use super::required_claims::Demand;
use crate::authentication::{Capabilities, ClaimPath};

/// What a token must be, checked.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(super) issuers: Issuers,
    pub(super) audiences: Vec<Box<str>>,
    pub(super) any_audience: bool,
    pub(super) profile: Profile,
    pub(super) types: Vec<Box<str>>,
    /// How late `exp` may be read.
    pub(super) leeway_nanos: u64,
    /// How early `nbf`, `iat` and `auth_time` may be.
    pub(super) early_nanos: u64,
    pub(crate) places: Places,
    pub(crate) max_token_bytes: usize,
    pub(super) required: Vec<Box<str>>,
    pub(super) demands: Vec<Demand>,
    pub(super) client_ids: Vec<Box<str>>,
    pub(super) subject: Option<ClaimPath>,
    pub(super) client_as_subject: bool,
    /// Whether a claim must name the client.
    pub(super) names_client: bool,
    /// Whether `jti` and `sid` decide something: then one of another form refuses the token.
    pub(super) needs_identifiers: bool,
}

impl Rules {
    /// Whose tokens are accepted.
    pub(crate) fn issuer(&self) -> &str {
        self.issuers.name()
    }

    /// What an authenticator with these rules announces.
    pub(crate) fn capabilities(&self, revocations: bool) -> Capabilities {
        let mut it = Capabilities::new().names_sign_in().issuer(self.issuer());
        it = self.audiences.iter().fold(it, |it, audience| it.accepts_audience(audience.clone()));
        if self.any_audience {
            it = it.accepts_any_audience();
        }
        if self.places.tenant.is_some() {
            it = it.names_tenants();
        }
        if self.places.tier.is_some() {
            it = it.names_tiers();
        }
        if revocations {
            it = it.checks_revocations();
        }
        it
    }
}
