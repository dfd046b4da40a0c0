//! Configures a [`Security`].

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::decisions::DecisionSettings;
use super::development::Development;
use super::launch::{self, LaunchError};
use super::sockets::Sockets;
use super::{ProblemHook, ProtectedResource, Security, TierFunction};
use crate::answer::Answers;
use crate::authentication::{Authenticator, IntoAuthenticator};
use crate::plan::FailedAuthentication;
use crate::principal::Principal;
use crate::support::time::{Clock, SystemClock};
#[cfg(feature = "redis")]
use crate::throttling::SharedLimits;
use crate::throttling::{LimitMode, RateLimitHeaders};
use crate::transport::TrustedProxies;

/// Configures a [`Security`]; [`build`](Self::build) checks everything and reports every fault.
#[must_use = "nothing is secured before `build`"]
pub struct SecurityBuilder {
    pub(super) authenticators: Vec<Configured>,
    pub(super) modules: Vec<String>,
    pub(super) clock: Box<dyn Clock>,
    pub(super) limiter_bytes: usize,
    pub(super) quota_bytes: usize,
    #[cfg(feature = "redis")]
    pub(super) shared_limits: Option<SharedLimits>,
    pub(super) max_in_flight: Option<usize>,
    pub(super) failed_authentication: FailedAuthentication,
    pub(super) longest_ban: Duration,
    pub(super) failure_mode: Option<LimitMode>,
    pub(super) tier: Option<TierFunction>,
    pub(super) decisions: DecisionSettings,
    pub(super) ipv4_prefix: u8,
    pub(super) ipv6_prefix: u8,
    pub(super) proxies: Option<TrustedProxies>,
    pub(super) headers: RateLimitHeaders,
    pub(super) limit_mode: Option<LimitMode>,
    pub(super) max_body: u64,
    pub(super) max_validated_values: usize,
    pub(super) body_timeout: Duration,
    pub(super) body_rate: Option<NonZeroU32>,
    pub(super) sockets: Sockets,
    pub(super) problem_hook: Option<ProblemHook>,
    pub(super) answers: Option<Answers>,
    pub(crate) protected_resource: Option<ProtectedResource>,
    pub(super) development: Development,
}

/// One configured authenticator: what it became, or what is wrong with it.
pub(super) struct Configured {
    pub(super) name: String,
    pub(super) is_default: bool,
    pub(super) outcome: Result<Arc<dyn Authenticator>, Vec<String>>,
}

impl SecurityBuilder {
    /// 16 MiB hold about 800,000 keys with certainty.
    const LIMITER_BYTES: usize = 16 * 1024 * 1024;
    /// The default of actix-web's `Json`.
    const MAX_BODY: u64 = 2 * 1024 * 1024;
    /// About 20 MB of errors, if all of them break a rule.
    const MAX_VALIDATED_VALUES: usize = 20_000;
    const BODY_TIMEOUT: Duration = Duration::from_secs(30);

    /// 16 KiB a second.
    const BODY_RATE: NonZeroU32 = NonZeroU32::MIN.saturating_add(16 * 1024 - 1);

    pub(super) fn new() -> Self {
        Self {
            authenticators: Vec::new(),
            modules: Vec::new(),
            clock: Box::new(SystemClock::new()),
            limiter_bytes: Self::LIMITER_BYTES,
            quota_bytes: Self::LIMITER_BYTES,
            #[cfg(feature = "redis")]
            shared_limits: None,
            max_in_flight: None,
            failed_authentication: FailedAuthentication::default(),
            longest_ban: Self::LONGEST_BAN,
            failure_mode: None,
            tier: None,
            decisions: DecisionSettings::default(),
            ipv4_prefix: 32,
            ipv6_prefix: 64,
            proxies: None,
            headers: RateLimitHeaders::default(),
            limit_mode: None,
            max_body: Self::MAX_BODY,
            max_validated_values: Self::MAX_VALIDATED_VALUES,
            body_timeout: Self::BODY_TIMEOUT,
            body_rate: Some(Self::BODY_RATE),
            sockets: Sockets::default(),
            problem_hook: None,
            answers: None,
            protected_resource: None,
            development: Development::default(),
        }
    }

    /// Adds a default authenticator: one that an attribute without `auth` accepts.
    ///
    /// Several defaults are tried in this order; the first that accepts names the caller.
    pub fn authenticator(self, name: impl Into<String>, it: impl IntoAuthenticator) -> Self {
        self.configure(name.into(), true, it)
    }

    /// Adds an authenticator that is used only where an attribute names it: `auth = name`.
    pub fn named_authenticator(self, name: impl Into<String>, it: impl IntoAuthenticator) -> Self {
        self.configure(name.into(), false, it)
    }

    fn configure(mut self, name: String, is_default: bool, it: impl IntoAuthenticator) -> Self {
        let outcome = it
            .into_authenticator()
            .map_err(|errors| errors.iter().map(|error| error.message().to_owned()).collect());
        self.authenticators.push(Configured { name, is_default, outcome });
        self
    }

    /// The names of its authenticators, and whether each is a default one.
    pub(crate) fn configured(&self) -> impl Iterator<Item = (&str, bool)> {
        self.authenticators.iter().map(|it| (it.name.as_str(), it.is_default))
    }

    /// Whether this authenticator is turned off.
    pub(crate) fn is_absent(&self, name: &str) -> bool {
        self.development.absent.iter().any(|(absent, _)| absent == name)
    }

    /// Puts the authenticators of another builder ahead of its own.
    pub(crate) fn with_authenticators_of(mut self, mut first: Self) -> Self {
        first.authenticators.append(&mut self.authenticators);
        self.authenticators = first.authenticators;
        self
    }

    /// Answers only for the endpoints of this module and those inside it.
    ///
    /// For programs with several [`Security`] values, a public and an admin port, say. Call it
    /// again to add a module; without it, every endpoint of the program is answered for. An
    /// endpoint that is served under a security that does not answer for it is refused with 500.
    ///
    /// ```
    /// mod health {
    ///     use actix_web::get;
    ///     use secure_runtime::{Security, SecurityBuilder, secure};
    ///
    ///     #[secure(public)]
    ///     #[get("/health")]
    ///     async fn check() -> &'static str {
    ///         "ok"
    ///     }
    ///
    ///     pub fn security() -> SecurityBuilder {
    ///         Security::builder().answers_for(module_path!())
    ///     }
    /// }
    ///
    /// assert!(health::security().build().is_ok());
    /// ```
    pub fn answers_for(mut self, module: impl Into<String>) -> Self {
        self.modules.push(module.into());
        self
    }

    /// Replaces the machine's clock, in tests by a [`FakeClock`](crate::testing::FakeClock).
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Sets the memory of the limiter in bytes; it is taken once and never grows. Default: 16 MiB.
    pub fn limiter_capacity_bytes(mut self, bytes: usize) -> Self {
        self.limiter_bytes = bytes;
        self
    }

    /// Counts the rates and quotas of all endpoints in Redis, together with the other instances of the
    /// service.
    ///
    /// `concurrency`, `max_in_flight` and budgets for failures stay those of each instance. What
    /// arguments cost is asked in a trip of its own before the handler runs; the rest of
    /// `cost = response` is taken without waiting, and what is not left is owed, one burst at most.
    /// Where the store is gone and [`OnStoreFailure::Deny`](crate::throttling::OnStoreFailure) was
    /// chosen, requests under a rate are answered with 503.
    ///
    /// ```
    /// use secure_runtime::{Security, throttling::SharedLimits};
    ///
    /// let shared = SharedLimits::redis("redis://127.0.0.1:6379/")
    ///     .secret("the same 16 bytes or more in all instances")
    ///     .leases(100)
    ///     .build()?;
    /// let builder = Security::builder().shared_limits(shared);
    /// # drop(builder);
    /// # Ok::<(), secure_runtime::throttling::InvalidSharedLimits>(())
    /// ```
    #[cfg(feature = "redis")]
    pub fn shared_limits(mut self, store: SharedLimits) -> Self {
        self.shared_limits = Some(store);
        self
    }

    /// Sets the memory of the counts under quotas of the calendar in bytes; it is taken once, where some
    /// endpoint has a `quota`, and never grows. Default: 16 MiB.
    ///
    /// A key takes 16 bytes from its first request in a period until the period ends.
    pub fn quota_capacity_bytes(mut self, bytes: usize) -> Self {
        self.quota_bytes = bytes;
        self
    }

    /// Sets how many requests are served at once, whoever sent them. Default: as many as come.
    ///
    /// One more is answered with 503 and `Retry-After` before anything else is looked at. What matters
    /// least is shed first: an endpoint with `priority = bulk` while half of the places are taken, one
    /// without `priority` while nine tenths are, one with `priority = critical` when all are. A request
    /// counts until its response is made.
    ///
    /// ```
    /// let builder = secure_runtime::Security::builder().max_in_flight(1_000);
    /// # drop(builder);
    /// ```
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.max_in_flight = Some(requests);
        self
    }

    /// Says which tier of service a caller has, for limits with `tier(…)`: of a plan that the program
    /// knows and its tokens do not.
    ///
    /// It is asked once for each request under such a limit, so it looks a value up and does not wait
    /// for one. Where it answers `None`, the tier is that of the credentials. A function that panics
    /// refuses the request.
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use secure_runtime::Security;
    ///
    /// let plans = HashMap::from([("ada", "pro")]);
    /// let builder = Security::builder().tier(move |caller| plans.get(caller.subject()).copied());
    /// # drop(builder);
    /// ```
    pub fn tier<T: Into<Cow<'static, str>>>(
        mut self,
        function: impl Fn(&Principal) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        self.tier = Some(Box::new(move |caller| function(caller).map(Into::into)));
        self
    }

    /// Sets how many leading bits of an IPv6 address a limit counts by, 1 to 128. Default: 64.
    ///
    /// A subscriber has a /64 at least (RFC 6177 section 2), and could otherwise take a new address
    /// for each request; many have a /56 or a /48.
    pub fn ipv6_prefix(mut self, bits: u8) -> Self {
        self.ipv6_prefix = bits;
        self
    }

    /// Sets how many leading bits of an IPv4 address a limit counts by, 1 to 32. Default: 32.
    ///
    /// An IPv4-mapped IPv6 address is the IPv4 address.
    pub fn ipv4_prefix(mut self, bits: u8) -> Self {
        self.ipv4_prefix = bits;
        self
    }

    /// Takes the client's address from these proxies' header. Default: the peer's address.
    ///
    /// [`testing::client_address`](crate::testing::client_address) tells what a setting makes of a
    /// request.
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = Some(proxies);
        self
    }

    /// Chooses the fields that tell a client about its limits. Default: draft 10.
    pub fn rate_limit_headers(mut self, headers: RateLimitHeaders) -> Self {
        self.headers = headers;
        self
    }

    /// Says what happens to requests beyond a limit, for all limits of the program. Default: they are
    /// refused. Of bans for failures [`failure_mode`](Self::failure_mode) says it.
    ///
    /// Where an attribute says something as well (`mode = observe`), the stricter of the two holds. A
    /// program whose limits are not all enforced says so in its log when it is built, and in its
    /// [inventory](Security::inventory).
    ///
    /// ```
    /// use secure_runtime::{Security, throttling::LimitMode};
    ///
    /// // What would today's limits refuse? `rate("100/h", mode = enforce)` still refuses.
    /// let builder = Security::builder().limit_mode(LimitMode::Observe);
    /// # drop(builder);
    /// ```
    pub fn limit_mode(mut self, mode: LimitMode) -> Self {
        self.limit_mode = Some(mode);
        self
    }

    /// Sets the largest request body in bytes, for endpoints without `max_body`. Default: 2 MiB.
    ///
    /// Nothing else bounds a body in a [secured scope](crate::scope()): there the limits of actix-web's own
    /// extractors are lifted, but for those that the application sets itself (`JsonConfig`,
    /// `PayloadConfig`, `FormConfig`). A body with a `Content-Encoding` is refused (415), since a few
    /// bytes of it may be millions once they are decoded.
    pub fn max_body(mut self, bytes: u64) -> Self {
        self.max_body = bytes;
        self
    }

    /// Sets how many values a body or a query may have where `validate(…)` names it. Default: 20,000.
    ///
    /// Counted are the elements of all lists and the members of all objects of a JSON body, at any
    /// depth, and the pairs of a form or a query. What has more is answered with 422 before any rule
    /// runs: `validator` collects an error for every value that breaks a rule, about a kilobyte each,
    /// and copies a list that is too long, so that without this bound a body of 2 MiB takes hundreds
    /// of megabytes. `usize::MAX` is no bound.
    pub fn max_validated_values(mut self, values: usize) -> Self {
        self.max_validated_values = values;
        self
    }

    /// Sets how long a body may take to arrive; after that the answer is 408. Default: 30 seconds. One that
    /// arrives at a [minimum rate](Self::min_body_rate) has more. Arguments that are made of the request's
    /// head, resources that are loaded among them, may take as long; after that the answer is 503. A
    /// handler that reads a `web::Payload` itself has the stream at once and watches its own time.
    pub fn body_timeout(mut self, limit: Duration) -> Self {
        self.body_timeout = limit;
        self
    }

    /// Sets the rate, in bytes a second, at which a body may take longer than the
    /// [timeout](Self::body_timeout): each byte that has arrived extends it by its share of a second.
    /// Default: 16,384. Zero: the timeout is all the time there is.
    pub fn min_body_rate(mut self, bytes_per_second: u32) -> Self {
        self.body_rate = NonZeroU32::new(bytes_per_second);
        self
    }

    /// Describes the API as an OAuth 2.0 protected resource (RFC 9728): challenges then say where
    /// its metadata are, and [`Security::resource_metadata`] publishes them.
    ///
    /// `resource` is its identifier, the URL that clients use, or a [`ProtectedResource`] that says
    /// more. Clients ask their authorization server for tokens that are for this URL (RFC 8707), so
    /// every authenticator of an authorization server that is named must accept it as an audience.
    /// It is never added to what an authenticator accepts: whom tokens are for is said in one place.
    pub fn protected_resource(mut self, resource: impl Into<ProtectedResource>) -> Self {
        self.protected_resource = Some(resource.into());
        self
    }

    /// Checks that every endpoint's needs are met.
    ///
    /// # Errors
    ///
    /// Everything that is missing or wrong, at once.
    pub fn build(self) -> Result<Security, LaunchError> {
        launch::build(self)
    }
}

crate::support::opaque_debug!(SecurityBuilder);
