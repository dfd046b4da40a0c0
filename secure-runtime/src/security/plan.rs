//! What one endpoint demands, compiled for the request path.

use std::sync::Arc;

use super::challenges::Challenges;
use super::limit_texts::LimitTexts;
use crate::authentication::Authenticator;
use crate::authorization::{CompiledRule, RuleSet};
use crate::policy::{Access, Audience, Authenticators, Endpoint, Limit, Partition, Rule};
use crate::throttling::RateLimitHeaders;

/// One endpoint, ready to be served: everything constant is here already.
pub(crate) struct Plan {
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) authentication: Authentication,
    /// `None`: any request will do.
    pub(crate) rule: Option<CompiledRule>,
    /// Decided before authentication.
    pub(crate) early_limits: Box<[PlannedLimit]>,
    /// Decided for requests that end authentication without a principal.
    pub(crate) anonymous_limits: Box<[PlannedLimit]>,
    /// Decided once the caller is known and allowed.
    pub(crate) caller_limits: Box<[PlannedLimit]>,
    pub(crate) max_body: u64,
}

/// How the caller is found.
pub(crate) struct Authentication {
    pub(crate) mode: Mode,
    pub(crate) authenticators: Box<[Arc<dyn Authenticator>]>,
    /// Their names, in the same order.
    pub(crate) names: Box<[Box<str>]>,
    pub(crate) challenges: Challenges,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Credentials are not looked at.
    Nobody,
    /// The first authenticator that accepts names the caller.
    Any { required: bool },
    /// All must accept; the first names the caller.
    All { required: bool },
}

/// One limit with what tells its counts from all others.
pub(crate) struct PlannedLimit {
    pub(crate) limit: &'static Limit,
    /// Unique within the [`crate::Security`].
    pub(crate) id: u64,
    /// Its place among the endpoint's limits.
    pub(crate) position: usize,
    /// What a client is told of them. Lives as long as the program, as the endpoint does, so that a
    /// request need not share it.
    pub(crate) texts: &'static LimitTexts,
}

impl Plan {
    pub(super) fn new(
        endpoint: &'static Endpoint,
        authenticators: Vec<(Box<str>, Arc<dyn Authenticator>)>,
        rules: &RuleSet,
        metadata: Option<&str>,
        (headers, max_body): (RateLimitHeaders, u64),
    ) -> Self {
        let policy = &endpoint.policy;
        let (names, authenticators): (Vec<_>, Vec<_>) = authenticators.into_iter().unzip();
        let [early, anonymous, caller] = planned_limits(endpoint, headers);
        Self {
            endpoint,
            authentication: Authentication {
                mode: Mode::of(policy.access),
                challenges: Challenges::new(&authenticators, policy, metadata),
                authenticators: authenticators.into(),
                names: names.into(),
            },
            rule: (policy.rule != Rule::All(&[])).then(|| rules.compile(&policy.rule)),
            early_limits: early,
            anonymous_limits: anonymous,
            caller_limits: caller,
            max_body: policy.max_body.unwrap_or(max_body),
        }
    }
}

impl Mode {
    fn of(access: Access) -> Self {
        let mode = |authenticators, required| match authenticators {
            Authenticators::All(_) => Self::All { required },
            Authenticators::Default | Authenticators::Any(_) => Self::Any { required },
        };
        match access {
            Access::Public => Self::Nobody,
            Access::Optional(authenticators) => mode(authenticators, false),
            Access::Authenticated(authenticators) => mode(authenticators, true),
        }
    }
}

/// The stage at which a limit can be decided first.
#[derive(Clone, Copy)]
enum Stage {
    Early = 0,
    Anonymous = 1,
    Caller = 2,
}

fn stage(limit: &Limit, access: Access) -> Stage {
    match (limit.audience, limit.by) {
        (Audience::Anonymous, _) => Stage::Anonymous,
        (Audience::Authenticated | Audience::Tier(_) | Audience::LeastTier(..), _)
        | (Audience::Everyone, Partition::Principal | Partition::Tenant) => Stage::Caller,
        (Audience::Everyone, Partition::Address | Partition::Endpoint) => Stage::Early,
        (Audience::Everyone, Partition::Caller) if access == Access::Public => Stage::Early,
        (Audience::Everyone, Partition::Caller) => Stage::Caller,
    }
}

fn planned_limits(
    endpoint: &'static Endpoint,
    headers: RateLimitHeaders,
) -> [Box<[PlannedLimit]>; 3] {
    let limits = endpoint.policy.limits;
    if limits.is_empty() {
        return Default::default();
    }
    let texts = Box::leak(Box::new(LimitTexts::new(limits, headers)));
    let place = endpoint.position as u64;
    let mut stages = [Vec::new(), Vec::new(), Vec::new()];
    for (position, limit) in limits.iter().enumerate() {
        let id = (place << 16) | position as u64;
        let planned = PlannedLimit { limit, id, position, texts };
        if let Some(stage) = stages.get_mut(stage(limit, endpoint.policy.access) as usize) {
            stage.push(planned);
        }
    }
    stages.map(Vec::into_boxed_slice)
}
