//! The policy of an endpoint, as plain data: what `#[secure(...)]` writes into the binary.
//!
//! Nothing in this folder decides about requests. [`crate::Security`] compiles policies at startup into the
//! form that the request path uses ([`crate::plan`]).

mod actions;
mod decode;
mod decode_limit;
pub(crate) mod expression_context;
mod failures;
mod limit;
mod members;
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
pub(crate) use failures::FailureBudget;
pub use limit::{Audience, Cost, Partition, Queue};
pub(crate) use limit::{CalendarPeriod, Concurrency, Limit};
pub(crate) use role_reachability::opens;
pub(crate) use rule::{Expression, Needs};
pub use rule::{Hours, Rule};
pub use step_up::StepUp;

/// One secured handler: its source location, its routes and its policy.
///
/// The [inventory](crate::inventory::Inventory) describes the policy, one [row](crate::inventory::Row)
/// for each route.
#[derive(Debug)]
pub struct Endpoint {
    pub(crate) name: &'static str,
    pub(crate) module: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    pub(crate) routes: &'static [Route],
    /// The requirements of the attribute.
    pub(crate) policy: Policy,
    /// Its index in the inventory.
    pub(crate) position: usize,
    /// Whether this version could read the policy that the expansion wrote.
    pub(crate) is_readable: bool,
}

impl Endpoint {
    /// The name of the function. Further functions of the same name in the same module have a number,
    /// `place#2`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The module path of the function, `crate::module`.
    #[must_use]
    pub const fn module(&self) -> &'static str {
        self.module
    }

    /// The source file, as rustc names it.
    #[must_use]
    pub const fn file(&self) -> &'static str {
        self.file
    }

    /// The line of the attribute.
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.line
    }

    /// The routes that the attribute could see. Empty if the route attribute is above `#[secure]`, and
    /// if there is none.
    #[must_use]
    pub const fn routes(&self) -> &'static [Route] {
        self.routes
    }
}

/// One route of an [`Endpoint`]: HTTP methods and a path template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    pub(crate) methods: &'static [&'static str],
    pub(crate) path: &'static str,
}

impl Route {
    /// The HTTP methods in upper case; several for `#[route(…, method = …)]`.
    #[must_use]
    pub const fn methods(&self) -> &'static [&'static str] {
        self.methods
    }

    /// The path template as in the route attribute, without the scopes it is mounted under.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        self.path
    }
}

/// The requirements of one attribute. All of them must hold.
///
/// [`Policy::AUTHENTICATED`] is the base: an authenticated caller, no rule, no limits.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Policy {
    /// Who may call at all.
    pub access: Access,
    /// The condition on the caller, the request and the handler's arguments.
    pub rule: Rule,
    /// The step-up requirement: how, and how long ago, the caller must have signed in.
    pub step_up: Option<StepUp>,
    /// The actions that the application's own policy must permit, all of them; `None`: none. An empty list
    /// stands for the handler's name, with its module.
    pub actions: Option<&'static [&'static str]>,
    /// Whether a request that the rule forbids gets 404, as if the resource did not exist.
    pub hides: bool,
    /// Whether other code may call the function without the policy: the key `callable`.
    pub callable: bool,
    /// The resources that the handler receives as [`Granted`](crate::Granted).
    pub grants: &'static [fn() -> TypeId],
    /// Every limit must admit the request.
    pub limits: &'static [Limit],
    /// Every concurrency limit must admit the request.
    pub concurrency: &'static [Concurrency],
    /// The priority of its requests under load; `None`: the attribute has none.
    pub priority: Option<Priority>,
    /// Failure budgets: a client that exceeds one is banned for a while.
    pub failures: &'static [FailureBudget],
    /// The largest request body in bytes; `None`: the default of the [`crate::Security`].
    pub max_body: Option<u64>,
    /// How long a request body may take to arrive; `None`: the default of the [`crate::Security`].
    pub body_timeout: Option<Duration>,
    /// Whether its requests are WebSocket handshakes.
    pub websocket: bool,
    /// The one media type a request body may have.
    pub content_type: Option<&'static str>,
    /// The content codings that a request body may have, beside none.
    pub content_encodings: &'static [&'static str],
    /// The positions of the parameters that are extracted from the request's body. No other parameter sees
    /// it.
    pub bodies: Places,
    /// The positions of the parameters that load a resource. They are extracted after all parameters that can
    /// fail because of a malformed request alone.
    pub resources: Places,
    /// Names of the parameters that are validated.
    pub validates: &'static [&'static str],
    /// Body parameters that are exempt from validation on purpose.
    pub unvalidated: &'static [Unvalidated],
    /// Body parameters that nothing validates, because the level of the lint `unvalidated-body` allows it.
    pub undecided: &'static [&'static str],
    /// Body parameters whose extractors validate them, according to `[bodies]` of `secure.toml`.
    pub validated_by: &'static [ValidatedBy],
    /// The reasons why no authentication is required, or why every caller may use every object.
    pub exceptions: &'static [Exception],
    /// The key functions of limits that count by an expression.
    pub keys: &'static [KeyFunction],
    /// The text of each layer of the policy, the widest first, if there are several: the `secure.toml` about
    /// the handler's file, modules, named policies, the attribute.
    pub layers: &'static [&'static str],
    /// How many modules around the handler have a policy that is part of this one.
    pub modules: usize,
}

impl Policy {
    /// Any caller that a default authenticator accepts; no other requirement.
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

/// A set of a handler's parameters: one bit for each position, the first one the lowest.
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

    /// Whether the parameter at this position is one of them.
    #[must_use]
    pub const fn contains(self, place: u32) -> bool {
        self.0.unbounded_shr(place) & 1 == 1
    }

    /// Those that are not among `others`.
    pub(crate) const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }
}

/// The authentication that an endpoint requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// No authentication is required, and credentials are ignored.
    Public,
    /// Rejected credentials count as none: the request is anonymous then.
    Lenient(Authenticators),
    /// A request without credentials is anonymous. Credentials that are sent must be valid.
    Optional(Authenticators),
    /// Only authenticated callers.
    Authenticated(Authenticators),
}

/// The authenticators of an endpoint, and how they are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authenticators {
    /// Any of the default authenticators.
    Default,
    /// Any of these. The principal comes from the first that accepts.
    Any(&'static [&'static str]),
    /// All of these. The principal comes from the first.
    All(&'static [&'static str]),
}

/// An expression of `key(…)`, as a function that hashes its value.
pub(crate) type KeyFunction = fn(&Asked<'_>, &mut dyn Hasher) -> Result<(), actix_web::Error>;

/// The claims of tokens that contain the tenant and the tier, from a vocabulary. A path is the name of a
/// claim and of the claims nested in it; it is empty if the vocabulary has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The tenant.
    pub tenant: &'static [&'static str],
    /// The tier of service.
    pub tier: &'static [&'static str],
}

/// Registered by the first expansion of a crate with a vocabulary.
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
