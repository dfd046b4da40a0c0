//! What `#[secure(...)]` writes: what one endpoint demands.
//!
//! Everything here is plain data. Nothing here decides anything:
//! [`crate::Security`] compiles it once, at launch, into what the request path uses.

mod actions;
mod decode;
mod decode_limit;
pub(crate) mod expression_context;
mod failures;
mod limit;
mod role_reachability;
mod rule;
mod step_up;

use std::any::TypeId;
use std::fmt;
use std::hash::Hasher;
use std::time::Duration;

use expression_context::Asked;

use crate::throttling::Priority;
#[cfg(any(test, feature = "testing"))]
pub(crate) use decode::shown;
pub use decode::{Known, Written};
pub use failures::FailureBudget;

pub use limit::{Audience, CalendarPeriod, Concurrency, Cost, Limit, Partition, Queue};
pub(crate) use role_reachability::opens;
pub use rule::{Expression, Hours, Needs, Rule};
pub use step_up::StepUp;

/// One secured handler: where it is written, how it is routed, what it demands.
#[derive(Debug)]
#[non_exhaustive]
pub struct Endpoint {
    /// The function's name.
    pub name: &'static str,
    /// The module path of the function, `crate::module`.
    pub module: &'static str,
    /// The source file, as rustc names it.
    pub file: &'static str,
    /// The line of the attribute.
    pub line: u32,
    /// The routes the attribute could see: empty below a route attribute, or without one.
    pub routes: &'static [Route],
    /// What the attribute demands.
    pub policy: Policy,
    /// Its place in the inventory.
    pub(crate) position: usize,
    /// Whether what the expansion wrote could be read; always, if one version wrote and reads it.
    pub(crate) is_legible: bool,
}

/// One route of an endpoint: the methods it answers and its path template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// HTTP methods in upper case; several for `#[route(…, method = …)]`.
    pub methods: &'static [&'static str],
    /// The path template as written in the route attribute.
    pub path: &'static str,
}

/// What one attribute demands. All parts must hold.
///
/// [`Policy::AUTHENTICATED`] is the neutral start: a signed-in caller, no further rule, no limits.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Policy {
    /// Who may call at all.
    pub access: Access,
    /// What must be true of the caller, the request and the handler's arguments.
    pub rule: Rule,
    /// How, and how long ago, the caller must have signed in; `None`: it does not matter.
    pub step_up: Option<StepUp>,
    /// What the application's own policy is asked about, all of which it must permit; `None`: it is not
    /// asked. An empty list is the handler's name, with its module.
    pub actions: Option<&'static [&'static str]>,
    /// Whether a request that the rule forbids is answered as if there were nothing here: 404.
    pub hides: bool,
    /// Whether other code may call the function without the policy: the key `callable`.
    pub callable: bool,
    /// The resources that the handler receives as [`Granted`](crate::Granted).
    pub grants: &'static [fn() -> TypeId],
    /// Every limit must admit the request.
    pub limits: &'static [Limit],
    /// How many requests are served at once; all must admit one more.
    pub concurrency: &'static [Concurrency],
    /// What is given up last under load; `None`: nothing is said of it.
    pub priority: Option<Priority>,
    /// Whoever fails more often is refused for a while.
    pub failures: &'static [FailureBudget],
    /// The largest request body in bytes; `None`: the default of the [`crate::Security`].
    pub max_body: Option<u64>,
    /// How long a request body may take to arrive; `None`: the default of the [`crate::Security`].
    pub body_timeout: Option<Duration>,
    /// Whether requests are handshakes of WebSockets.
    pub websocket: bool,
    /// The one media type a request body may have.
    pub content_type: Option<&'static str>,
    /// The content codings that a request body may have, beside none.
    pub content_encodings: &'static [&'static str],
    /// The places of the parameters that are made of the request's body; no other parameter sees it.
    pub bodies: Places,
    /// The places of the parameters that load a resource: they are extracted after those that a
    /// malformed request fails by itself.
    pub resources: Places,
    /// Names of the parameters that are validated.
    pub validates: &'static [&'static str],
    /// Body parameters that are not validated on purpose.
    pub unvalidated: &'static [Unvalidated],
    /// Body parameters that nothing validates, because the level of the lint `unvalidated-body` allows it.
    pub undecided: &'static [&'static str],
    /// Body parameters that their extractors validate, as `[bodies]` of `secure.toml` says.
    pub validated_by: &'static [ValidatedBy],
    /// Why nobody needs to authenticate, or why every object is for every caller.
    pub exceptions: &'static [Exception],
    /// What limits tell requests apart by, where an expression says it.
    pub keys: &'static [KeyFunction],
    /// What each layer of the policy says, the widest first, where there are several: the `secure.toml`
    /// about the handler's file, modules, named policies, the attribute.
    pub layers: &'static [&'static str],
    /// How many modules around the handler have a policy that is part of this one.
    pub modules: usize,
}

impl Policy {
    /// Any caller that a default authenticator accepts; nothing else demanded.
    pub const AUTHENTICATED: Self = Self {
        access: Access::Authenticated(Authenticators::Default),
        rule: Rule::All(&[]),
        step_up: None,
        actions: None,
        hides: false,
        callable: false,
        grants: &[],
        limits: &[],
        concurrency: &[],
        priority: None,
        failures: &[],
        max_body: None,
        body_timeout: None,
        websocket: false,
        content_type: None,
        content_encodings: &[],
        bodies: Places::NONE,
        resources: Places::NONE,
        validates: &[],
        unvalidated: &[],
        undecided: &[],
        validated_by: &[],
        exceptions: &[],
        keys: &[],
        layers: &[],
        modules: 0,
    };
}

/// Some of a handler's parameters, by their places: one bit each, the first one the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places(pub(crate) u16);

impl Places {
    /// No parameter.
    pub const NONE: Self = Self(0);

    /// Every parameter.
    pub(crate) const ALL: Self = Self(u16::MAX);

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the parameter at this place is one of them.
    #[must_use]
    pub const fn contains(self, place: u32) -> bool {
        self.0.unbounded_shr(place) & 1 == 1
    }

    /// Those that are not among `others`.
    pub(crate) const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }
}

/// Who may call an endpoint at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nobody needs to authenticate, and credentials are not looked at.
    Public,
    /// Credentials that are not valid count as none: the caller is anonymous then, as without any.
    Lenient(Authenticators),
    /// Without credentials the caller is anonymous; credentials that are sent must be valid.
    Optional(Authenticators),
    /// Only authenticated callers.
    Authenticated(Authenticators),
}

/// Which configured authenticators may, or must, accept the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authenticators {
    /// Any of those configured as default.
    Default,
    /// Any of these; the first that accepts names the caller.
    Any(&'static [&'static str]),
    /// All of these; the first names the caller.
    All(&'static [&'static str]),
}

/// An expression of `key(…)`, as a function that hashes its value.
pub type KeyFunction = fn(&Asked<'_>, &mut dyn Hasher) -> Result<(), actix_web::Error>;

/// Where the tokens of a program name what limits count by, as a vocabulary says. A path is the
/// name of a claim and of those inside of it; empty, if nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The tenant.
    pub tenant: &'static [&'static str],
    /// The tier of service.
    pub tier: &'static [&'static str],
}

/// Where the first expansion of a crate with a vocabulary leaves them.
#[doc(hidden)]
#[linkme::distributed_slice]
pub static CLAIMS: [Claims];

/// A body parameter that is exempt from validation, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unvalidated {
    /// The parameter's name.
    pub parameter: &'static str,
    /// The reason given in the attribute.
    pub reason: &'static str,
}

/// A body parameter whose extractor validates what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidatedBy {
    /// The parameter's name.
    pub parameter: &'static str,
    /// The extractor, as `validated_by` of `secure.toml` names it.
    pub extractor: &'static str,
}

/// An exception that the attribute makes, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The key that makes it: `public` or `objects`.
    pub key: &'static str,
    /// The reason given in the attribute.
    pub reason: &'static str,
    /// The last day on which the attribute compiles, as `2026-12-31`.
    pub until: Option<&'static str>,
}

impl fmt::Display for Exception {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.key, self.reason)?;
        match self.until {
            Some(until) => write!(formatter, " (until {until})"),
            None => Ok(()),
        }
    }
}
