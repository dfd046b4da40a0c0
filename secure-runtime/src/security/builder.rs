//! `SecurityBuilder`: the settings of a `Security`.

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
use crate::authentication::{Authenticator, ConfigurationErrors, IntoAuthenticator};
use crate::plan::FailedAuthentication;
use crate::principal::Principal;
use crate::support::time::{Clock, SystemClock};
#[cfg(feature = "redis")]
use crate::throttling::SharedLimits;
use crate::throttling::{LimitMode, RateLimitHeaders};
use crate::transport::TrustedProxies;

/// The settings of a [`Security`]. [`build`](Self::build) checks them all and reports every fault.
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

/// One configured authenticator, or what is wrong with its description.
pub(super) struct Configured {
    pub(super) name: String,
    pub(super) is_default: bool,
    pub(super) outcome: Result<Arc<dyn Authenticator>, ConfigurationErrors>,
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
        let outcome = it.into_authenticator();
        self.authenticators.push(Configured { name, is_default, outcome });
        self
    }

    /// The names of the configured authenticators, and whether each is a default one.
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

    /// Limits this `Security` to the endpoints of a module and those inside it. Call it again to add a
    /// module. Default: every endpoint of the program.
    ///
    /// For programs with several [`Security`] values, for example on a public and an admin port. A request
    /// for an endpoint that its `Security` does not answer for is refused with 500.
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

    /// Sets the clock. Default: the clock of the machine. Tests use a
    /// [`FakeClock`](crate::testing::FakeClock).
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Sets the memory of the rate limiter in bytes. It is allocated once and never grows. Default: 16 MiB.
    pub fn limiter_capacity_bytes(mut self, bytes: usize) -> Self {
        self.limiter_bytes = bytes;
        self
    }

    /// Counts the rates and quotas of all endpoints in Redis, together with the other instances of the
    /// service.
    ///
    /// `concurrency`, `max_in_flight` and budgets for failures stay per instance. A cost that depends on
    /// arguments takes a second round trip before the handler runs. The rest of `cost = response` is charged
    /// without waiting; permits that are missing then are owed, up to one burst. If the store is down and
    /// [`OnStoreFailure::Deny`](crate::throttling::OnStoreFailure) was chosen, requests under a rate are
    /// refused with 503.
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

    /// Sets the memory of calendar quotas in bytes. It is allocated once, if any endpoint has a `quota`, and
    /// never grows. Default: 16 MiB.
    ///
    /// A key takes 16 bytes from its first request in a period until the period ends.
    pub fn quota_capacity_bytes(mut self, bytes: usize) -> Self {
        self.quota_bytes = bytes;
        self
    }

    /// Sets how many requests may be in flight at once, over all callers. Default: no limit.
    ///
    /// A further request is refused with 503 and `Retry-After` before any other stage. Load is shed by
    /// priority: endpoints with `priority = bulk` are refused when half of the slots are taken, endpoints
    /// without `priority` when nine tenths are, and endpoints with `priority = critical` when all are. A
    /// request holds its slot until its response is made.
    ///
    /// ```
    /// let builder = secure_runtime::Security::builder().max_in_flight(1_000);
    /// # drop(builder);
    /// ```
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.max_in_flight = Some(requests);
        self
    }

    /// Sets a function that returns the tier of a caller, for limits with `tier(…)`: for plans that the
    /// program knows and its tokens do not.
    ///
    /// It runs once for each request under such a limit, so it must not block. If it returns `None`, the tier
    /// is that of the credentials. If it panics, the request is refused.
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

    /// Sets how many leading bits of an IPv6 address limits count by, 1 to 128. Default: 64.
    ///
    /// A subscriber has at least a /64 (RFC 6177 section 2) and could otherwise use a new address for each
    /// request; many have a /56 or a /48.
    pub fn ipv6_prefix(mut self, bits: u8) -> Self {
        self.ipv6_prefix = bits;
        self
    }

    /// Sets how many leading bits of an IPv4 address limits count by, 1 to 32. Default: 32.
    ///
    /// An IPv4-mapped IPv6 address counts as the IPv4 address.
    pub fn ipv4_prefix(mut self, bits: u8) -> Self {
        self.ipv4_prefix = bits;
        self
    }

    /// Takes the client IP from a header of these proxies. Default: the address of the peer.
    ///
    /// [`testing::client_address`](crate::testing::client_address) returns the client IP that a setting
    /// yields for a request.
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = Some(proxies);
        self
    }

    /// Sets which rate limit headers responses have. Default: those of draft 10.
    pub fn rate_limit_headers(mut self, headers: RateLimitHeaders) -> Self {
        self.headers = headers;
        self
    }

    /// Sets whether limits are enforced, for all limits of the program. Default: requests beyond a limit are
    /// refused. For bans there is [`failure_mode`](Self::failure_mode).
    ///
    /// If an attribute has a mode as well (`mode = observe`), the stricter one holds. Limits that are not
    /// enforced are logged at startup and marked in the [inventory](Security::inventory).
    ///
    /// ```
    /// use secure_runtime::{Security, throttling::LimitMode};
    ///
    /// // Shadow mode: limits are counted and logged; only `rate("100/h", mode = enforce)` still refuses.
    /// let builder = Security::builder().limit_mode(LimitMode::Observe);
    /// # drop(builder);
    /// ```
    pub fn limit_mode(mut self, mode: LimitMode) -> Self {
        self.limit_mode = Some(mode);
        self
    }

    /// Sets the largest request body in bytes, for endpoints without `max_body`. Default: 2 MiB.
    ///
    /// In a [secured scope](crate::scope()) it is the only limit: the limits of actix-web's own extractors
    /// are lifted there, except for those that the application sets (`JsonConfig`, `PayloadConfig`,
    /// `FormConfig`). A body with a `Content-Encoding` is refused (415), because a few bytes may decode to
    /// millions.
    pub fn max_body(mut self, bytes: u64) -> Self {
        self.max_body = bytes;
        self
    }

    /// Sets how many values a body or a query may have if `validate(…)` names it. Default: 20,000.
    /// `usize::MAX` is no limit.
    ///
    /// The elements of all lists and the members of all objects of a JSON body count, at any depth, and so do
    /// the pairs of a form or a query. A request with more is refused with 422 before any rule runs. Without
    /// this limit, a body of 2 MiB could take hundreds of megabytes: `validator` collects about a kilobyte
    /// for each value that breaks a rule, and copies lists that are too long.
    pub fn max_validated_values(mut self, values: usize) -> Self {
        self.max_validated_values = values;
        self
    }

    /// Sets how long a body may take to arrive; after that the response is 408. Default: 30 seconds. A body
    /// that arrives at the [minimum rate](Self::min_body_rate) may take longer.
    ///
    /// The same time applies to arguments from the request's head, including resources that are loaded; after
    /// that the response is 503. For a handler that reads a
    /// `web::Payload` itself, only `body_timeout` of its attribute applies.
    pub fn body_timeout(mut self, limit: Duration) -> Self {
        self.body_timeout = limit;
        self
    }

    /// Sets the rate, in bytes a second, at which a body may exceed the [timeout](Self::body_timeout): each
    /// byte that has arrived extends it by its share of a second. Default: 16,384. Zero: the timeout is never
    /// extended.
    pub fn min_body_rate(mut self, bytes_per_second: u32) -> Self {
        self.body_rate = NonZeroU32::new(bytes_per_second);
        self
    }

    /// Describes the API as an OAuth 2.0 protected resource (RFC 9728): challenges then contain the URL of
    /// its metadata, and [`Security::resource_metadata`] publishes them.
    ///
    /// `resource` is its identifier, the URL that clients use, or a [`ProtectedResource`] with more details.
    /// Clients request tokens for this URL from their authorization server (RFC 8707), so every authenticator
    /// of those servers must accept it as an audience. It is never added to the audiences of an
    /// authenticator; those are configured in one place only.
    pub fn protected_resource(mut self, resource: impl Into<ProtectedResource>) -> Self {
        self.protected_resource = Some(resource.into());
        self
    }

    /// Checks the whole configuration: every endpoint's needs are met.
    ///
    /// # Errors
    ///
    /// Everything that is missing or wrong, at once.
    pub fn build(self) -> Result<Security, LaunchError> {
        launch::build(self)
    }
}

crate::support::opaque_debug!(SecurityBuilder);
