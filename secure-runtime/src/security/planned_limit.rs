//! The limits of one endpoint, compiled for the request path.

use std::num::NonZeroU32;

use super::limit_texts::LimitTexts;
use crate::policy::{Access, Audience, Cost, Endpoint, KeyFunction, Limit, Partition};
use crate::request::FieldName;
use crate::throttling::RateLimitHeaders;

/// One limit with what tells its counts from all others.
pub(crate) struct PlannedLimit {
    pub(crate) limit: &'static Limit,
    /// Unique within the [`crate::Security`], but for those that count together.
    pub(crate) id: u64,
    pub(crate) by: Counts,
    /// What a request takes before anything of its body is read.
    pub(crate) upfront: NonZeroU32,
    /// Whether more is taken once it is known.
    pub(crate) is_open: bool,
    /// Its place among the endpoint's limits.
    pub(crate) position: usize,
    /// What a client is told of them. Lives as long as the program, as the endpoint does, so that a
    /// request need not share it.
    pub(crate) texts: &'static LimitTexts,
}

/// What requests are told apart by: [`Partition`], ready to be looked up.
pub(crate) enum Counts {
    /// By principal, else by address.
    Caller,
    Address,
    Tenant,
    Everybody,
    /// Whatever takes more than a look.
    More(Box<More>),
}

/// What it takes more to find out.
pub(crate) enum More {
    ApiKey,
    Header(FieldName),
    /// The place among the claims of the [`crate::Security`].
    Claim(usize),
    /// `None`: the expansion has no such function, and nobody is admitted.
    Key(Option<KeyFunction>),
    Each(Box<[Counts]>),
}

/// A claim, and those inside of it.
pub(crate) type ClaimNames = &'static [&'static str];

/// Compiles the limits of all endpoints.
pub(crate) struct LimitPlanner {
    headers: RateLimitHeaders,
    claims: Vec<ClaimNames>,
}

/// The stage at which a limit can be decided first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Early = 0,
    Anonymous = 1,
    Caller = 2,
}

impl LimitPlanner {
    pub(super) fn new(headers: RateLimitHeaders) -> Self {
        Self { headers, claims: Vec::new() }
    }

    /// The claims that limits count by, each once.
    pub(super) fn into_claims(self) -> Box<[ClaimNames]> {
        self.claims.into()
    }

    /// The limits of each stage.
    pub(super) fn plan(&mut self, endpoint: &'static Endpoint) -> [Box<[PlannedLimit]>; 3] {
        let limits = endpoint.policy.limits;
        if limits.is_empty() {
            return Default::default();
        }
        let texts = Box::leak(Box::new(LimitTexts::new(limits, self.headers)));
        let place = endpoint.position as u64;
        let mut stages = [Vec::new(), Vec::new(), Vec::new()];
        for (position, limit) in limits.iter().enumerate() {
            let planned = PlannedLimit {
                limit,
                id: (place << 16) | position as u64,
                by: self.counts(endpoint, limit.by),
                upfront: limit.cost.upfront(),
                is_open: !matches!(limit.cost, Cost::Permits(_)),
                position,
                texts,
            };
            if let Some(stage) = stages.get_mut(stage(limit, endpoint.policy.access) as usize) {
                stage.push(planned);
            }
        }
        stages.map(Vec::into_boxed_slice)
    }

    fn counts(&mut self, endpoint: &'static Endpoint, by: Partition) -> Counts {
        Counts::More(Box::new(match by {
            Partition::Caller | Partition::Principal => return Counts::Caller,
            Partition::Address => return Counts::Address,
            Partition::Tenant => return Counts::Tenant,
            Partition::Endpoint => return Counts::Everybody,
            Partition::ApiKey => More::ApiKey,
            Partition::Header(name) => match FieldName::parse(name) {
                Some(name) => More::Header(name),
                // No request has such a header.
                None => return Counts::Caller,
            },
            Partition::Claim(names) => {
                let known = self.claims.iter().position(|claim| *claim == names);
                More::Claim(known.unwrap_or_else(|| {
                    self.claims.push(names);
                    self.claims.len() - 1
                }))
            }
            Partition::Key(expression) => {
                More::Key(endpoint.policy.keys.get(usize::from(expression.index)).copied())
            }
            Partition::Each(parts) => {
                More::Each(parts.iter().map(|part| self.counts(endpoint, *part)).collect())
            }
        }))
    }
}

fn stage(limit: &Limit, access: Access) -> Stage {
    match limit.audience {
        Audience::Anonymous => Stage::Anonymous,
        Audience::Authenticated | Audience::Tier(_) | Audience::LeastTier(..) => Stage::Caller,
        Audience::Everyone if access == Access::Public => Stage::Early,
        Audience::Everyone if needs_nobody(limit.by) => Stage::Early,
        Audience::Everyone => Stage::Caller,
    }
}

/// Whether it can be found out before anybody is authenticated. A header cannot: without it, the
/// caller counts.
fn needs_nobody(by: Partition) -> bool {
    match by {
        Partition::Address | Partition::Endpoint => true,
        Partition::Each(parts) => parts.iter().all(|part| needs_nobody(*part)),
        _ => false,
    }
}
