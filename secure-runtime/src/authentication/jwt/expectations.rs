//! The part of the description that is about tokens: what one must be, and where it says what.

use std::time::Duration;

use super::{ClaimPath, Jwt, Profile};
use crate::authentication::Revocations;

impl Jwt {
    /// Who must have issued the token: `iss`, compared exactly (RFC 7519 section 4.1.1).
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Whom the token must be for: `aud` must hold this (RFC 7519 section 4.1.3). Called several
    /// times, one of them is enough.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Accepts tokens for anybody, and tokens that do not say whom they are for.
    ///
    /// Every service that this issuer serves can then replay its callers' tokens here (RFC 8725
    /// section 3.9). Only right where this service is the only one.
    pub fn dangerously_accept_any_audience(mut self) -> Self {
        self.any_audience = true;
        self
    }

    /// What a token must be: an access token of RFC 9068 unless said otherwise.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Accepts this `typ` too, besides those of the [`Profile`]; compared as a media type.
    ///
    /// ```
    /// # use secure_runtime::authentication::Jwt;
    /// # let secret = b"a secret of 32 bytes or still more";
    /// let jwt = Jwt::hs256(secret).accept_typ("vnd.shop.session+jwt");
    /// ```
    pub fn accept_typ(mut self, media_type: impl Into<String>) -> Self {
        self.types.push(media_type.into());
        self
    }

    /// How far the issuer's clock may be off: `exp`, `nbf` and `iat` are taken that much more
    /// kindly. None by default, five minutes at most (RFC 7519 section 4.1.4).
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Which claim holds the roles; `roles` by default. See [`ClaimPath`] for nested names.
    pub fn roles_claim(mut self, path: impl Into<ClaimPath>) -> Self {
        self.places.roles = path.into();
        self
    }

    /// Which claim holds the scopes; `scope` by default (RFC 8693 section 4.2). A string is a list
    /// separated by spaces.
    pub fn scopes_claim(mut self, path: impl Into<ClaimPath>) -> Self {
        self.places.scopes = path.into();
        self
    }

    /// Which claim holds the permissions; `permissions` by default.
    pub fn permissions_claim(mut self, path: impl Into<ClaimPath>) -> Self {
        self.places.permissions = path.into();
        self
    }

    /// Which claim names the tenant; by default the one of `[tenants]` in the vocabulary, if any.
    pub fn tenant_claim(mut self, path: impl Into<ClaimPath>) -> Self {
        self.places.tenant = Some(path.into());
        self
    }

    /// Which claim names the tier of service; by default the one of `[tiers]` in the vocabulary,
    /// if any.
    pub fn tier_claim(mut self, path: impl Into<ClaimPath>) -> Self {
        self.places.tier = Some(path.into());
        self
    }

    /// How long a token may be, in bytes; 8 KiB by default, 64 KiB at most.
    pub fn max_token_bytes(mut self, bytes: usize) -> Self {
        self.max_token_bytes = bytes;
        self
    }

    /// How much memory verified tokens may take, in bytes; 16 MiB by default. 0 turns the cache
    /// off: then every request verifies a signature, and no good token passes the ban of an address
    /// for [failures](crate::secure).
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Refuses tokens without this claim, whatever the [`Profile`] says. `jti` and `sid` are what
    /// [`Revocations`] can tell single tokens and sessions by.
    ///
    /// ```
    /// # use secure_runtime::authentication::Jwt;
    /// # let secret = b"a secret of 32 bytes or still more";
    /// let jwt = Jwt::hs256(secret).require_claim("sid");
    /// ```
    pub fn require_claim(mut self, name: impl Into<String>) -> Self {
        self.required.push(name.into());
        self
    }

    /// Refuses what is revoked there, from the moment at which it is revoked.
    ///
    /// A token must then say when it was issued (`iat`), and live no longer than revocations are
    /// kept: [`longest_token_life`](super::RevocationsBuilder::longest_token_life), 24 hours unless
    /// said otherwise.
    pub fn revocations(mut self, revocations: &Revocations) -> Self {
        self.revocations = Some(revocations.clone());
        self
    }

    /// The `realm` of the challenge (RFC 9110 section 11.5); `api` by default.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = realm.into();
        self
    }
}
