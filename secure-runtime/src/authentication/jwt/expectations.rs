//! Settings of [`Jwt`] about tokens: issuer, audience, profile, claims, limits.

use std::sync::Arc;
use std::time::Duration;

use super::issuers::Tenants;
use super::{ClaimPath, DemandedClaim, Jwt, Profile};
use crate::authentication::Revocations;

impl Jwt {
    /// Sets the issuer: `iss` must equal it exactly (RFC 7519 section 4.1.1).
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Adds an accepted audience: `aud` must contain one of them (RFC 7519 section 4.1.3).
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Accepts tokens with any `aud`, and tokens without one.
    ///
    /// Every other service that receives tokens of this issuer can then replay its callers' tokens here
    /// (RFC 8725 section 3.9). Only for an issuer without any other service.
    pub fn dangerously_accept_any_audience(mut self) -> Self {
        self.any_audience = true;
        self
    }

    /// Sets the kind of token. Default: an access token, see [`Profile`].
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

    /// Sets the tolerance for the issuer's clock, at most five minutes: `exp` counts as that much later, and
    /// `nbf`, `iat` and `auth_time` as that much earlier (RFC 7519 section 4.1.4).
    ///
    /// By default, `exp` is exact and the others may be 5 seconds ahead, so that new tokens of an issuer with
    /// a slightly fast clock are not rejected. With `Duration::ZERO`, all are exact.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = Some(leeway);
        self
    }

    /// Sets the claim with the roles. Default: `roles`. See [`ClaimPath`] for nested names.
    pub fn roles_claim(mut self, path: impl Into<ClaimPath>) -> Self {
        self.places.roles.set(path.into());
        self
    }

    /// Adds a claim with roles: a caller has the roles of all these claims.
    ///
    /// ```
    /// # use secure_runtime::authentication::Jwt;
    /// # let secret = b"a secret of 32 bytes or still more";
    /// let jwt = Jwt::hs256(secret)
    ///     .roles_claim("realm_access.roles")
    ///     .also_roles_claim("resource_access.shop.roles");
    /// ```
    pub fn also_roles_claim(mut self, path: impl Into<ClaimPath>) -> Self {
        self.places.roles.add(path.into());
        self
    }

    /// Sets the claim with the scopes. Default: `scope` (RFC 8693 section 4.2). A string is a list separated
    /// by spaces.
    pub fn scopes_claim(mut self, path: impl Into<ClaimPath>) -> Self {
        self.places.scopes.set(path.into());
        self
    }

    /// Sets the claim with the permissions. Default: `permissions`.
    pub fn permissions_claim(mut self, path: impl Into<ClaimPath>) -> Self {
        self.places.permissions.set(path.into());
        self
    }

    /// Adds a claim with permissions: a caller has the permissions of all these claims.
    pub fn also_permissions_claim(mut self, path: impl Into<ClaimPath>) -> Self {
        self.places.permissions.add(path.into());
        self
    }

    /// Sets the claim that names the tenant. Default: the one of `[tenants]` in the vocabulary, if any.
    pub fn tenant_claim(mut self, path: impl Into<ClaimPath>) -> Self {
        self.places.tenant = Some(path.into());
        self
    }

    /// Sets the claim that names the tier of service. Default: the one of `[tiers]` in the vocabulary, if
    /// any.
    pub fn tier_claim(mut self, path: impl Into<ClaimPath>) -> Self {
        self.places.tier = Some(path.into());
        self
    }

    /// Sets the claim that names the session of a token. Default: `sid` (OpenID Connect Back-Channel Logout
    /// 1.0 section 2.1).
    pub fn session_claim(mut self, path: impl Into<ClaimPath>) -> Self {
        self.places.session = path.into();
        self
    }

    /// Sets the claim that names the token. Default: `jti` (RFC 7519 section 4.1.7).
    pub fn token_id_claim(mut self, path: impl Into<ClaimPath>) -> Self {
        self.places.token_id = path.into();
        self
    }

    /// Sets the length limit of tokens, in bytes, at most 64 KiB. Default: 8 KiB.
    pub fn max_token_bytes(mut self, bytes: usize) -> Self {
        self.max_token_bytes = bytes;
        self
    }

    /// Sets the memory limit of the cache of verified tokens, in bytes. Default: 16 MiB. 0 turns the cache
    /// off: then every request verifies a signature, and a good token does not pass the ban of a client IP
    /// for [failures](crate::secure).
    pub fn cache_capacity_bytes(mut self, bytes: usize) -> Self {
        self.cache_capacity_bytes = bytes;
        self
    }

    /// Rejects tokens without this claim, with every [`Profile`]. [`Revocations`] identify single tokens by
    /// `jti`, and sessions by `sid`.
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

    /// Rejects revoked tokens, from the moment of their revocation.
    ///
    /// A token must then have its time of issue (`iat`), and live no longer than revocations are kept:
    /// [`longest_token_life`](crate::authentication::RevocationsBuilder::longest_token_life). Default: 24 hours.
    pub fn revocations(mut self, revocations: &Revocations) -> Self {
        self.revocations = Some(revocations.clone());
        self
    }

    /// Sets the `realm` of the challenge (RFC 9110 section 11.5). Default: `api`.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = realm.into();
        self
    }

    /// Requires a value of a claim: continue with `is`, `is_one_of` or `holds` of [`DemandedClaim`].
    ///
    /// ```
    /// # use secure_runtime::authentication::Jwt;
    /// # let secret = b"a secret of 32 bytes or still more";
    /// let jwt = Jwt::hs256(secret)
    ///     .claim("token_use").is("access")
    ///     .claim("email_verified").is(true)
    ///     .claim("ext.region").is_one_of(["eu", "uk"])
    ///     .claim("groups").holds("shop");
    /// ```
    pub fn claim(self, path: impl Into<ClaimPath>) -> DemandedClaim<Self> {
        DemandedClaim::new(self, path.into())
    }

    /// Accepts only tokens that were issued to one of these clients. Every claim that names the
    /// client (`client_id`, `azp`, `cid`, `appid`) must be one of these, and one must be there.
    ///
    /// Without [`audience`](Self::audience), tokens must then have no `aud`: for providers that name
    /// the client and no audience, as AWS Cognito does.
    ///
    /// ```
    /// # use secure_runtime::authentication::Jwt;
    /// # let secret = b"a secret of 32 bytes or still more";
    /// let jwt = Jwt::hs256(secret).client_ids(["web", "mobile"]);
    /// ```
    pub fn client_ids<I: Into<String>>(mut self, ids: impl IntoIterator<Item = I>) -> Self {
        self.client_ids.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Sets the claim that names the caller instead of `sub`: a text, or a whole number.
    ///
    /// It must name the same user for ever, and be unique within the issuer. An e-mail address is not, because
    /// it can be given to another person (OpenID Connect Core section 5.7).
    pub fn subject_claim(mut self, path: impl Into<ClaimPath>) -> Self {
        self.subject = Some(path.into());
        self
    }

    /// Names the caller by the client of the token where it has no `sub`, as some providers issue
    /// tokens to clients that act for nobody. A token that names a user in another claim
    /// (`preferred_username`, `email` …) is refused then.
    ///
    /// Only for issuers where no user can get a client's identifier as a name (RFC 9068 section 5).
    pub fn client_as_subject(mut self) -> Self {
        self.client_as_subject = true;
        self
    }

    /// Accepts another spelling of the issuer's name as well. The callers are those of the
    /// [`issuer`](Self::issuer) with both spellings.
    ///
    /// ```
    /// # use secure_runtime::authentication::Jwt;
    /// # let secret = b"a secret of 32 bytes or still more";
    /// let jwt = Jwt::hs256(secret)
    ///     .issuer("https://accounts.google.com")
    ///     .other_issuer_spelling("accounts.google.com");
    /// ```
    pub fn other_issuer_spelling(mut self, issuer: impl Into<String>) -> Self {
        self.other_issuers.push(issuer.into());
        self
    }

    /// Accepts the tokens of those tenants of a provider for which `accepts` returns `true`. The
    /// template is the issuer's name with the claim that names the tenant in braces; `iss` and that
    /// claim must name the same tenant. The [`issuer`](Self::issuer) is the name in the metadata.
    ///
    /// `accepts` is called when a token is verified, and not again while the token is cached: until published
    /// keys are due, or the token's `exp`. To lock a tenant out immediately, use
    /// [`revocations`](Self::revocations).
    ///
    /// ```
    /// # use secure_runtime::authentication::Jwt;
    /// # let secret = b"a secret of 32 bytes or still more";
    /// let ours = ["0a1b", "2c3d"];
    /// let jwt = Jwt::hs256(secret)
    ///     .issuer("https://login.example/organizations")
    ///     .issuer_of_tenants("https://login.example/{tid}", move |tenant| ours.contains(&tenant));
    /// ```
    pub fn issuer_of_tenants(
        mut self,
        template: impl Into<String>,
        accepts: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.tenants = Some(Tenants { template: template.into(), accepts: Arc::new(accepts) });
        self
    }
}
