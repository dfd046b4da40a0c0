//! Token introspection for opaque tokens (RFC 7662): the identity provider decides about each token.
//!
//! 1. A token is taken from the `Authorization` header only. A malformed or too long token is rejected without
//!    a call to the provider.
//! 2. One call serves all requests that wait for the same token (single flight). The number of calls in flight
//!    is bounded, and so is the number of calls that wait.
//! 3. An active token is cached for a while, never beyond its `exp`; an inactive one for a short time.
//! 4. Fail closed: after a response that is malformed, of another type, too long or late, the response is 503.
//!    While the provider is unreachable, not every request waits for it: the pause between calls doubles.
//! 5. If signed responses are required (RFC 9701), an unsigned one is rejected.
//! 6. With [`Introspection::revocations`], each use checks whether the token was revoked.
//!
//! The client receives 401 `invalid_token` for a token that is not active or not for this service, and 503 if
//! that cannot be decided. A token that was revoked only at the provider is accepted until the next call about
//! it.

mod answer;
mod assertion;
mod authenticator;
mod client;
mod endpoint;
mod exchange;
mod fingerprint;
mod launch;
mod outcome;
mod refusals;
mod request;
mod single_flight;

use std::fmt;
use std::time::Duration;

pub use assertion::ClientKey;

use client::{Client, Proof};

use super::fetching::Fetching;
use super::http::Address;
use super::jwt::{DemandedClaim, Jwt};
use super::{ClaimPath, Revocations};
use crate::principal::Principal;
use crate::support::time::Moment;

/// The configuration of the authenticator for opaque bearer tokens, checked at startup.
///
/// The endpoint, a client that may call it, an issuer and an audience are required; everything else has a strict
/// default.
///
/// ```
/// use std::time::Duration;
/// use secure_runtime::authentication::Introspection;
///
/// # let secret = "from your configuration";
/// let opaque = Introspection::at("https://issuer.example/introspect")
///     .client_secret_basic("shop-api", secret)
///     .issuer("https://issuer.example")
///     .audience("shop")
///     .accept_positive_for(Duration::from_secs(30));
/// ```
///
/// Beside tokens in JWT form, `auth = any(jwt, opaque)` uses this one for tokens that the first did not
/// accept: see [`SecurityBuilder::authenticator`](crate::SecurityBuilder::authenticator).
#[derive(Clone)]
#[must_use = "a description does nothing until it is given to the security's builder"]
pub struct Introspection {
    asked: Asked,
    clients: Vec<Client>,
    without_client: bool,
    test_keys: bool,
    fetching: Fetching,
    /// What is expected of a token: the same as of a JWT.
    expected: Jwt,
    signed: Option<Jwt>,
    revocations: Option<Revocations>,
    positive: Duration,
    negative: Duration,
    timeout: Duration,
    at_once: usize,
}

/// The endpoint.
#[derive(Clone, Debug)]
enum Asked {
    At(Address),
    Issuer(Address),
}

impl Introspection {
    /// Calls the endpoint at this address. HTTPS is required, except on this machine's loopback and for hosts
    /// of [`dangerously_allow_http`](Self::dangerously_allow_http).
    pub fn at(address: impl Into<String>) -> Self {
        Self::with(Asked::At(Address(address.into())))
    }

    /// Calls the endpoint in this issuer's metadata (`introspection_endpoint`, RFC 8414 section 2), and
    /// accepts only its tokens. The metadata are fetched and checked as by [`Jwt::discover`], when the
    /// first token arrives, and again when the endpoint is unreachable.
    pub fn discover(issuer: impl Into<String>) -> Self {
        let issuer = issuer.into();
        Self::with(Asked::Issuer(Address(issuer.clone()))).issuer(issuer)
    }

    fn with(asked: Asked) -> Self {
        Self {
            asked,
            clients: Vec::new(),
            without_client: false,
            test_keys: false,
            fetching: Fetching::default(),
            expected: Jwt::of_others(),
            signed: None,
            revocations: None,
            positive: Duration::from_secs(60),
            negative: Duration::from_secs(10),
            timeout: Duration::from_secs(5),
            at_once: 32,
        }
    }

    /// Authenticates this service with a secret in the `Authorization` header (RFC 6749 section 2.3.1), which
    /// every provider supports.
    pub fn client_secret_basic(self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.client(id.into(), Proof::Header(secret.into()))
    }

    /// Authenticates this service with a secret in the body: for providers that support nothing else.
    pub fn client_secret_post(self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.client(id.into(), Proof::Body(secret.into()))
    }

    /// Authenticates this service with a signature, so that no secret leaves it (RFC 7523 section 2.2). Each
    /// signed assertion is for the issuer only, and valid for a minute.
    ///
    /// ```no_run
    /// use secure_runtime::authentication::{ClientKey, Introspection};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let key = ClientKey::es256(std::fs::read("shop-api.pem")?).kid("2026-11");
    /// let opaque = Introspection::discover("https://issuer.example")
    ///     .private_key_jwt("shop-api", key)
    ///     .audience("shop");
    /// # Ok(())
    /// # }
    /// ```
    pub fn private_key_jwt(self, id: impl Into<String>, key: ClientKey) -> Self {
        self.client(id.into(), Proof::Key(key))
    }

    fn client(mut self, id: String, proof: Proof) -> Self {
        self.clients.push(Client { id, proof });
        self
    }

    /// Sets the issuer: `iss` of a response, if present, must equal it exactly.
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        self.expecting(|expected| expected.issuer(issuer))
    }

    /// Adds an accepted audience: `aud` of the response must contain one of them. A response without `aud` is
    /// rejected.
    pub fn audience(self, audience: impl Into<String>) -> Self {
        self.expecting(|expected| expected.audience(audience))
    }

    /// Accepts tokens for every audience, and responses without an audience.
    ///
    /// Every service of this issuer can then replay its callers' tokens here. Only for an issuer without any
    /// other service, or a provider that reports a token for another service as not active, as RFC 9701
    /// section 5 requires.
    pub fn dangerously_accept_any_audience(self) -> Self {
        self.expecting(Jwt::dangerously_accept_any_audience)
    }

    /// Requires signed responses (RFC 9701), by one of these keys and for this audience: the provider's name
    /// for this service, in most cases its client identifier.
    ///
    /// The response's `iss` must be the issuer of `keys`, or else that of this configuration. Other
    /// settings of `keys` are about access tokens and are ignored.
    ///
    /// ```
    /// use secure_runtime::authentication::{Introspection, Jwt};
    ///
    /// # let secret = "from your configuration";
    /// let opaque = Introspection::discover("https://issuer.example")
    ///     .client_secret_basic("shop-api", secret)
    ///     .audience("shop")
    ///     .signed_answers(Jwt::discover("https://issuer.example").audience("shop-api"));
    /// ```
    pub fn signed_answers(mut self, keys: Jwt) -> Self {
        self.signed = Some(keys);
        self
    }

    /// Uses the response's `client_id` as the caller if it has no `sub`, as some providers respond for
    /// tokens of clients without a user.
    ///
    /// A response without `sub` that names a user in another member (`username`, `preferred_username`,
    /// `email`, `upn` or `user_id`) is rejected with 401: otherwise all users of a client would be one caller.
    ///
    /// Only for issuers where no user can get a client's identifier as a name (RFC 9068 section 5).
    pub fn client_as_subject(self) -> Self {
        self.expecting(Jwt::client_as_subject)
    }

    /// Sets the member of the response that names the caller instead of `sub`; see [`Jwt::subject_claim`].
    pub fn subject_claim(self, path: impl Into<ClaimPath>) -> Self {
        self.expecting(|expected| expected.subject_claim(path))
    }

    /// Requires a value of a member of the response; see [`Jwt::claim`].
    pub fn claim(self, path: impl Into<ClaimPath>) -> DemandedClaim<Self> {
        DemandedClaim::new(self, path.into())
    }

    /// Accepts only tokens that were issued to one of these clients; see [`Jwt::client_ids`].
    pub fn client_ids<I: Into<String>>(self, ids: impl IntoIterator<Item = I>) -> Self {
        self.expecting(|expected| expected.client_ids(ids))
    }

    /// Rejects revoked tokens from the moment of their revocation, also cached ones and those that the
    /// provider reports as active: see [`Jwt::revocations`].
    ///
    /// A response must then contain the time of issue (`iat`) and the end (`exp`), and the token must live no
    /// longer than revocations are kept. Single tokens and sessions are identified by the response's `jti`
    /// and `sid`, if it has them.
    ///
    /// ```
    /// use secure_runtime::authentication::{Introspection, Revocations};
    ///
    /// # let secret = "from your configuration";
    /// let revocations = Revocations::in_memory();
    /// let opaque = Introspection::discover("https://issuer.example")
    ///     .client_secret_basic("shop-api", secret)
    ///     .audience("shop")
    ///     .revocations(&revocations);
    /// ```
    pub fn revocations(mut self, revocations: &Revocations) -> Self {
        self.revocations = Some(revocations.clone());
        self
    }

    /// Rejects tokens whose response lacks this member; see [`Jwt::require_claim`].
    pub fn require_claim(self, name: impl Into<String>) -> Self {
        self.expecting(|expected| expected.require_claim(name))
    }

    /// Sets how long an active token is accepted without another call, at most an hour, and never beyond its
    /// `exp`. A token that the provider has revoked may be accepted for this time. With zero, every request
    /// causes a call. Default: one minute.
    pub fn accept_positive_for(mut self, duration: Duration) -> Self {
        self.positive = duration;
        self
    }

    /// Sets how long a rejected token is rejected without another call, at most five minutes. Default: 10
    /// seconds.
    pub fn accept_negative_for(mut self, duration: Duration) -> Self {
        self.negative = duration;
        self
    }

    /// Sets the timeout of a call, from the look-up of the provider's name to the last byte of its response:
    /// 100 ms to 30 s. After that the response is 503. Default: 5 seconds.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets the number of calls in flight, at most 256. Up to 1,024 further calls wait, each as long as the
    /// [`timeout`](Self::timeout); beyond that the response is 503. Default: 32.
    pub fn at_once(mut self, questions: usize) -> Self {
        self.at_once = questions;
        self
    }

    /// Sets the tolerance for the provider's clock; see [`Jwt::leeway`].
    pub fn leeway(self, leeway: Duration) -> Self {
        self.expecting(|expected| expected.leeway(leeway))
    }

    /// Sets the member of the response with the roles; see [`Jwt::roles_claim`].
    pub fn roles_claim(self, path: impl Into<ClaimPath>) -> Self {
        self.expecting(|expected| expected.roles_claim(path))
    }

    /// Sets the member of the response with the scopes. Default: `scope` (RFC 7662 section 2.2).
    pub fn scopes_claim(self, path: impl Into<ClaimPath>) -> Self {
        self.expecting(|expected| expected.scopes_claim(path))
    }

    /// Sets the member of the response with the permissions; see [`Jwt::permissions_claim`].
    pub fn permissions_claim(self, path: impl Into<ClaimPath>) -> Self {
        self.expecting(|expected| expected.permissions_claim(path))
    }

    /// Sets the member of the response that names the tenant; see [`Jwt::tenant_claim`].
    pub fn tenant_claim(self, path: impl Into<ClaimPath>) -> Self {
        self.expecting(|expected| expected.tenant_claim(path))
    }

    /// Sets the member of the response that names the tier of service; see [`Jwt::tier_claim`].
    pub fn tier_claim(self, path: impl Into<ClaimPath>) -> Self {
        self.expecting(|expected| expected.tier_claim(path))
    }

    /// Sets the length limit of tokens, in bytes; see [`Jwt::max_token_bytes`].
    pub fn max_token_bytes(self, bytes: usize) -> Self {
        self.expecting(|expected| expected.max_token_bytes(bytes))
    }

    /// Sets the memory limit of the cache of active tokens, in bytes. With 0, every request causes a call.
    /// Default: 16 MiB.
    pub fn cache_capacity_bytes(self, bytes: usize) -> Self {
        self.expecting(|expected| expected.cache_capacity_bytes(bytes))
    }

    /// Sets the `realm` of the challenge (RFC 9110 section 11.5). Default: `api`.
    pub fn realm(self, realm: impl Into<String>) -> Self {
        self.expecting(|expected| expected.realm(realm))
    }

    fn expecting(mut self, change: impl FnOnce(Jwt) -> Jwt) -> Self {
        self.expected = change(self.expected);
        self
    }
}

impl AsMut<Jwt> for Introspection {
    fn as_mut(&mut self) -> &mut Jwt {
        &mut self.expected
    }
}

/// Shows the endpoint and the expectations, never the client's secret.
impl fmt::Debug for Introspection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Introspection")
            .field("asked", &self.asked)
            .field("clients", &self.clients.iter().map(|client| &client.id).collect::<Vec<_>>())
            .field("fetching", &self.fetching)
            .field("expected", &self.expected)
            .field("signed", &self.signed)
            .field("positive", &self.positive)
            .field("negative", &self.negative)
            .finish_non_exhaustive()
    }
}

/// What an answer comes to under this description at this time: the caller, or the cause.
pub(crate) fn read_answer(
    description: Introspection,
    answer: &str,
    now: Moment,
) -> Result<Principal, String> {
    let mut faults = Vec::new();
    let rules = description.expected.expected(&mut faults).rules;
    if !faults.is_empty() {
        return Err(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
    }
    let expectations = answer::Expectations { rules };
    match expectations.read(answer, now).verdict(None, now) {
        super::Verdict::Accepted(caller) => Ok(caller),
        super::Verdict::Refused(refusal) => Err(refusal.cause().to_owned()),
    }
}
