//! What one endpoint demands, compiled for the request path.

use std::sync::Arc;

use actix_web::http::header::HeaderValue;

use crate::authentication::{Authenticator, Challenge};
use crate::authorization::{CompiledRule, RuleSet, scopes_of};
use crate::denial::DenialKind;
use crate::policy::{Access, Audience, Authenticators, Endpoint, Limit, Partition, Rule};
use crate::throttling::{Quota, policy_field, string};

/// One endpoint, ready to be served: everything constant is here already.
pub(crate) struct Plan {
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) authentication: Authentication,
    /// `None`: any caller will do.
    pub(crate) rule: Option<CompiledRule>,
    /// Decided before authentication.
    pub(crate) early_limits: Box<[PlannedLimit]>,
    /// Decided for requests that end authentication without a principal.
    pub(crate) anonymous_limits: Box<[PlannedLimit]>,
    /// Decided once the caller is known and allowed.
    pub(crate) caller_limits: Box<[PlannedLimit]>,
    /// The `RateLimit-Policy` field, made once; cloning it counts a reference.
    pub(crate) policy_field: Option<HeaderValue>,
    pub(crate) max_body: u64,
    challenges: Challenges,
}

/// How the caller is found.
pub(crate) struct Authentication {
    pub(crate) mode: Mode,
    pub(crate) authenticators: Box<[Arc<dyn Authenticator>]>,
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
    pub(crate) limit: Limit,
    /// Unique within the [`crate::Security`].
    pub(crate) id: u64,
    /// Its name in the fields a client reads.
    pub(crate) name: Box<str>,
    /// The name as a string of RFC 9651.
    pub(crate) field_name: Box<str>,
}

/// The `WWW-Authenticate` values of each outcome, one for each scheme.
struct Challenges {
    missing: Arc<[Box<str>]>,
    invalid_request: Arc<[Box<str>]>,
    invalid_token: Arc<[Box<str>]>,
    insufficient_scope: Arc<[Box<str>]>,
}

impl Plan {
    pub(super) fn new(
        endpoint: &'static Endpoint,
        authenticators: Vec<Arc<dyn Authenticator>>,
        rules: &RuleSet,
        max_body: u64,
    ) -> Self {
        let policy = &endpoint.policy;
        let limits = planned_limits(endpoint);
        let names = limits.iter().map(|(_, limit)| (limit.name.as_ref(), limit.limit.quota));
        let policy_field = HeaderValue::try_from(policy_field(names)).ok();
        let mut stages = [Vec::new(), Vec::new(), Vec::new()];
        for (stage, limit) in limits {
            if let Some(stage) = stages.get_mut(stage as usize) {
                stage.push(limit);
            }
        }
        let [early, anonymous, caller] = stages.map(Vec::into_boxed_slice);
        Self {
            endpoint,
            challenges: Challenges::new(&authenticators, &scopes_of(&policy.rule)),
            authentication: Authentication {
                mode: Mode::of(policy.access),
                authenticators: authenticators.into(),
            },
            rule: (policy.rule != Rule::All(&[])).then(|| rules.compile(&policy.rule)),
            early_limits: early,
            anonymous_limits: anonymous,
            caller_limits: caller,
            policy_field,
            max_body: policy.max_body.unwrap_or(max_body),
        }
    }

    /// The challenges that belong to a denial of this kind.
    pub(crate) fn challenges(&self, kind: DenialKind) -> Arc<[Box<str>]> {
        Arc::clone(match kind {
            DenialKind::Unauthenticated => &self.challenges.missing,
            DenialKind::InvalidCredentials => &self.challenges.invalid_request,
            DenialKind::InvalidToken => &self.challenges.invalid_token,
            DenialKind::InsufficientScope => &self.challenges.insufficient_scope,
            _ => return Arc::default(),
        })
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
        (Audience::Authenticated, _) | (Audience::Everyone, Partition::Principal) => Stage::Caller,
        (Audience::Everyone, Partition::Address | Partition::Endpoint) => Stage::Early,
        (Audience::Everyone, Partition::Caller) if access == Access::Public => Stage::Early,
        (Audience::Everyone, Partition::Caller) => Stage::Caller,
    }
}

fn planned_limits(endpoint: &'static Endpoint) -> Vec<(Stage, PlannedLimit)> {
    let position = crate::inventory::position(endpoint).unwrap_or(usize::MAX) as u64;
    let limits = endpoint.policy.limits;
    let mut planned: Vec<(Stage, PlannedLimit)> = Vec::with_capacity(limits.len());
    for (index, limit) in limits.iter().enumerate() {
        let mut name = limit_name(limit);
        // Two limits that differ only in what a name does not show still need two names.
        if planned.iter().any(|(_, other)| *other.name == name) {
            name = format!("{name}-{}", index + 1);
        }
        let id = (position << 16) | index as u64;
        let field_name = string(&name).into();
        let limit = PlannedLimit { limit: *limit, id, name: name.into(), field_name };
        planned.push((stage(&limit.limit, endpoint.policy.access), limit));
    }
    planned
}

/// What a client reads in `RateLimit-Policy`: the rate, and whose it is where that is not plain.
fn limit_name(limit: &Limit) -> String {
    let quota = &limit.quota;
    let rate = Quota::new(quota.permits(), quota.window_seconds()).to_string();
    match (limit.audience, limit.by) {
        (Audience::Everyone, Partition::Caller) => rate,
        (Audience::Everyone, by) => format!("{rate} by {by}"),
        (Audience::Anonymous, _) => format!("{rate} anonymous"),
        (Audience::Authenticated, _) => format!("{rate} authenticated"),
    }
}

impl Challenges {
    fn new(authenticators: &[Arc<dyn Authenticator>], scopes: &[&str]) -> Self {
        let mut challenges: Vec<Challenge> = Vec::new();
        for challenge in authenticators.iter().map(|authenticator| authenticator.challenge()) {
            if !challenges.contains(&challenge) {
                challenges.push(challenge);
            }
        }
        let with_error = |kind: DenialKind| {
            let error = kind.error_code().unwrap_or_default();
            let challenge = |challenge: &Challenge| {
                let mut challenge = challenge.clone();
                if speaks_oauth(&challenge) {
                    challenge = challenge.parameter("error", error);
                    if kind == DenialKind::InsufficientScope {
                        challenge = challenge.parameter("scope", scopes.join(" "));
                    }
                }
                challenge.to_string().into_boxed_str()
            };
            challenges.iter().map(challenge).collect()
        };
        Self {
            missing: challenges.iter().map(|it| it.to_string().into_boxed_str()).collect(),
            invalid_request: with_error(DenialKind::InvalidCredentials),
            invalid_token: with_error(DenialKind::InvalidToken),
            insufficient_scope: with_error(DenialKind::InsufficientScope),
        }
    }
}

/// Whether the scheme's challenge has the parameters of RFC 6750 section 3 (RFC 9449 section 7.1
/// for `DPoP`); other schemes define none of them.
fn speaks_oauth(challenge: &Challenge) -> bool {
    ["Bearer", "DPoP"].iter().any(|scheme| challenge.scheme().eq_ignore_ascii_case(scheme))
}
