//! Token introspection for opaque tokens (RFC 7662): the identity provider decides about each token.
//!
//! 1. A token is taken from the `Authorization` header only. One that no token looks like, or that is
//!    too long, is refused without a question.
//! 2. The provider is asked once for all requests that wait for the same token; so many questions are
//!    under way at once, and no more than a bounded number wait for their turn.
//! 3. An active token is remembered for a while, never beyond its `exp`; one that is not, shortly.
//! 4. An answer that is malformed, of another type, too long or late is no answer: 503. A provider
//!    that is out of reach is not waited for by every request: each pause is twice as long.
//! 5. Where signed answers are demanded (RFC 9701), an unsigned one is refused.
//!
//! 6. With [`Introspection::revocations`], each use asks whether the token was revoked.
//!
//! The client sees 401 `invalid_token` for a token that is not active or not for this service, and 503
//! where nobody can say. A token that only the provider knows to be revoked is accepted until it is
//! asked about again.

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

/// How opaque bearer tokens are judged: a description, checked when the service starts.
///
/// The endpoint, a client that may ask there, an issuer and an audience are needed; everything else
/// has a strict default.
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
/// Beside tokens in JWT form, `auth = any(jwt, opaque)` asks this one about what the first did not
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

/// Who is asked.
#[derive(Clone, Debug)]
enum Asked {
    At(Address),
    Issuer(Address),
}

impl Introspection {
    /// Asks at this address. HTTPS is needed, except on this machine's loopback and for hosts that
    /// [`dangerously_allow_http`](Self::dangerously_allow_http) names.
    pub fn at(address: impl Into<String>) -> Self {
        Self::with(Asked::At(Address(address.into())))
    }

    /// Asks where this issuer's metadata say (`introspection_endpoint`, RFC 8414 section 2), and
    /// accepts its tokens alone. The metadata are found and checked as by [`Jwt::discover`], when the
    /// first token comes, and again when the endpoint is out of reach.
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

    /// Proves to the endpoint who asks with a secret in the `Authorization` header (RFC 6749 section
    /// 2.3.1): what every provider takes.
    pub fn client_secret_basic(self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.client(id.into(), Proof::Header(secret.into()))
    }

    /// Proves to the endpoint who asks with a secret in the body: for providers that take nothing
    /// else.
    pub fn client_secret_post(self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.client(id.into(), Proof::Body(secret.into()))
    }

    /// Proves to the endpoint who asks with a signature, so that no secret leaves this service (RFC
    /// 7523 section 2.2). What is signed is for the issuer alone and good for a minute.
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

    /// Whose tokens these are: `iss` of an answer must be this where it is there, compared exactly.
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        self.expecting(|expected| expected.issuer(issuer))
    }

    /// Whom the token must be for: `aud` of the answer must hold this. Called several times, one of
    /// them is enough. An answer without `aud` is refused.
    pub fn audience(self, audience: impl Into<String>) -> Self {
        self.expecting(|expected| expected.audience(audience))
    }

    /// Accepts tokens for anybody, and answers that do not say whom the token is for.
    ///
    /// Every service of this issuer can then replay its callers' tokens here. Only right where this
    /// service is the only one, or where the provider itself answers that a token for another
    /// service is not active, as RFC 9701 section 5 demands.
    pub fn dangerously_accept_any_audience(self) -> Self {
        self.expecting(Jwt::dangerously_accept_any_audience)
    }

    /// Demands that answers are signed (RFC 9701), by one of these keys and for this audience: how the
    /// provider calls this service, its client identifier for most.
    ///
    /// The answer's `iss` must be that of the keys' description, or the issuer given here. What else
    /// it says is about access tokens, and is not looked at.
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

    /// Names a caller by the answer's `client_id` where it has no `sub`, as some providers answer for
    /// the tokens of clients that act for nobody.
    ///
    /// An answer that has no `sub` and names a user in another way (`username`,
    /// `preferred_username`, `email`, `upn` or `user_id`) is refused with 401: all users of a client
    /// would be one caller otherwise.
    ///
    /// Only right where no user can get a name that is a client's identifier (RFC 9068 section 5).
    pub fn client_as_subject(self) -> Self {
        self.expecting(Jwt::client_as_subject)
    }

    /// Which member of the answer names the caller in place of `sub`; see [`Jwt::subject_claim`].
    pub fn subject_claim(self, path: impl Into<ClaimPath>) -> Self {
        self.expecting(|expected| expected.subject_claim(path))
    }

    /// Demands a value of a member of the answer; see [`Jwt::claim`].
    pub fn claim(self, path: impl Into<ClaimPath>) -> DemandedClaim<Self> {
        DemandedClaim::new(self, path.into())
    }

    /// Accepts tokens that were issued to one of these clients alone; see [`Jwt::client_ids`].
    pub fn client_ids<I: Into<String>>(self, ids: impl IntoIterator<Item = I>) -> Self {
        self.expecting(|expected| expected.client_ids(ids))
    }

    /// Refuses what is revoked there, from the moment at which it is revoked, whatever is remembered
    /// and whatever the provider says: see [`Jwt::revocations`].
    ///
    /// An answer must then say when the token was issued (`iat`) and when it ends (`exp`), and the
    /// token live no longer than revocations are kept. Single tokens and sessions are told by the
    /// answer's `jti` and `sid`, where it has them.
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

    /// Refuses tokens whose answer has not this member; see [`Jwt::require_claim`].
    pub fn require_claim(self, name: impl Into<String>) -> Self {
        self.expecting(|expected| expected.require_claim(name))
    }

    /// How long an active token is accepted without another question; a minute unless said
    /// otherwise, an hour at most, and never beyond its `exp`. So long a token that the provider has
    /// revoked may still be accepted. With zero, every request asks.
    pub fn accept_positive_for(mut self, duration: Duration) -> Self {
        self.positive = duration;
        self
    }

    /// How long a token that is not good is refused without another question; 10 seconds unless
    /// said otherwise, five minutes at most.
    pub fn accept_negative_for(mut self, duration: Duration) -> Self {
        self.negative = duration;
        self
    }

    /// How long the provider may take, from the look-up of its name to the last byte of its answer; 5
    /// seconds unless said otherwise, 100 ms to 30 s. After that the answer is 503.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// How many tokens the provider is asked about at once; 32 unless said otherwise, 256 at most.
    /// Up to 1,024 wait for their turn, as long as the [`timeout`](Self::timeout); beyond that the
    /// answer is 503.
    pub fn at_once(mut self, questions: usize) -> Self {
        self.at_once = questions;
        self
    }

    /// How far the provider's clock may be off; see [`Jwt::leeway`].
    pub fn leeway(self, leeway: Duration) -> Self {
        self.expecting(|expected| expected.leeway(leeway))
    }

    /// Which member of the answer holds the roles; see [`Jwt::roles_claim`].
    pub fn roles_claim(self, path: impl Into<ClaimPath>) -> Self {
        self.expecting(|expected| expected.roles_claim(path))
    }

    /// Which member of the answer holds the scopes; `scope` by default (RFC 7662 section 2.2).
    pub fn scopes_claim(self, path: impl Into<ClaimPath>) -> Self {
        self.expecting(|expected| expected.scopes_claim(path))
    }

    /// Which member of the answer holds the permissions; see [`Jwt::permissions_claim`].
    pub fn permissions_claim(self, path: impl Into<ClaimPath>) -> Self {
        self.expecting(|expected| expected.permissions_claim(path))
    }

    /// Which member of the answer names the tenant; see [`Jwt::tenant_claim`].
    pub fn tenant_claim(self, path: impl Into<ClaimPath>) -> Self {
        self.expecting(|expected| expected.tenant_claim(path))
    }

    /// Which member of the answer names the tier of service; see [`Jwt::tier_claim`].
    pub fn tier_claim(self, path: impl Into<ClaimPath>) -> Self {
        self.expecting(|expected| expected.tier_claim(path))
    }

    /// How long a token may be, in bytes; see [`Jwt::max_token_bytes`].
    pub fn max_token_bytes(self, bytes: usize) -> Self {
        self.expecting(|expected| expected.max_token_bytes(bytes))
    }

    /// How much memory active tokens may take, in bytes; 16 MiB by default. With 0, every request
    /// asks.
    pub fn cache_capacity_bytes(self, bytes: usize) -> Self {
        self.expecting(|expected| expected.cache_capacity_bytes(bytes))
    }

    /// The `realm` of the challenge (RFC 9110 section 11.5); `api` by default.
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

/// Shows who is asked and what is expected, never the client's secret.
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
