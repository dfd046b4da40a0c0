//! Stages 2 and 5: takes a permit of every limit of a stage, or of none.

use std::net::{IpAddr, Ipv6Addr};

use super::passage::Refused;
use crate::denial::{Denial, DenialKind, Throttled};
use crate::policy::{Limit, Partition};
use crate::principal::Principal;
use crate::security::{LimitTexts, PlannedLimit};
use crate::throttling::{Decision, LimitKey, Limiter, retry_after_seconds};
use crate::time::Moment;

/// Whose request is counted.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) address: &'a dyn Fn() -> Option<IpAddr>,
    pub(super) principal: Option<&'a Principal>,
}

/// The limit nearest to exhaustion, and what it said.
#[derive(Clone, Copy)]
pub(super) struct LimitReport {
    pub(super) limit: &'static Limit,
    /// Its place among the endpoint's limits.
    pub(super) position: usize,
    pub(super) texts: &'static LimitTexts,
    pub(super) decision: Decision,
}

/// Takes the permits. If one limit refuses, those taken before it in this stage are given back, so
/// that a request refused by the hourly limit does not use up the one of the second.
#[inline]
pub(super) fn reserve(
    limiter: &Limiter,
    limits: &[PlannedLimit],
    subject: Subject<'_>,
    now: Moment,
    report: &mut Option<LimitReport>,
) -> Result<(), Refused> {
    let now_ns = now.monotonic_nanos();
    let mut taken: Vec<(LimitKey, Decision)> = Vec::new();
    for (index, planned) in limits.iter().enumerate() {
        let Some(key) = key(limiter, planned, subject) else {
            continue;
        };
        let PlannedLimit { limit, position, texts, .. } = *planned;
        let decision = limiter.check(key, &limit.quota, limit.cost, now_ns);
        let current = LimitReport { limit, position, texts, decision };
        if !decision.is_allowed() {
            for (key, decision) in &taken {
                limiter.refund(*key, decision, now_ns);
            }
            let denial = throttled(&current);
            *report = Some(current);
            return Err(denial);
        }
        if index + 1 < limits.len() {
            taken.push((key, decision));
        }
        if report.as_ref().is_none_or(|kept| current.is_nearer_to_exhaustion_than(kept)) {
            *report = Some(current);
        }
    }
    Ok(())
}

impl LimitReport {
    /// Compares what is left of each quota, as shares.
    fn is_nearer_to_exhaustion_than(&self, other: &Self) -> bool {
        let (left, whole) = (self.decision.remaining(), self.limit.quota.burst().get());
        let (other_left, other_whole) =
            (other.decision.remaining(), other.limit.quota.burst().get());
        u64::from(left) * u64::from(other_whole) < u64::from(other_left) * u64::from(whole)
    }
}

/// Whose count this is; `None` if the limit is not about this request.
#[inline]
fn key(limiter: &Limiter, planned: &PlannedLimit, subject: Subject<'_>) -> Option<LimitKey> {
    let address = || limiter.key(planned.id, &Counted::Address(network((subject.address)())));
    let limit = planned.limit;
    if !limit.audience.has(subject.principal) {
        return None;
    }
    Some(match (limit.by, subject.principal) {
        (Partition::Endpoint, _) => limiter.key(planned.id, &Counted::Everybody),
        (Partition::Address, _) => address(),
        (Partition::Principal | Partition::Caller | Partition::Tenant, Some(principal)) => {
            match principal.tenant().filter(|_| limit.by == Partition::Tenant) {
                Some(tenant) => {
                    limiter.key(planned.id, &Counted::Tenant(principal.issuer(), tenant))
                }
                None => principal_key(limiter, planned.id, principal),
            }
        }
        // A principal's limit met by nobody known: the address stands in, and never nothing.
        (Partition::Principal | Partition::Caller | Partition::Tenant, None) => address(),
    })
}

/// A principal comes again with the same token: it is hashed once.
#[inline]
fn principal_key(limiter: &Limiter, limit: u64, principal: &Principal) -> LimitKey {
    let counted = || Counted::Principal(principal.issuer(), principal.subject());
    let hashed = *principal.cached_hash().get_or_init(|| limiter.hashed(&counted()));
    limiter.key_of(limit, hashed).unwrap_or_else(|| limiter.key(limit, &counted()))
}

/// What is hashed; the variant keeps a subject from being taken for an address.
#[derive(Hash)]
enum Counted<'a> {
    Everybody,
    Address(Option<IpAddr>),
    Principal(Option<&'a str>, &'a str),
    Tenant(Option<&'a str>, &'a str),
}

/// One IPv6 subscriber has a /64 at least (RFC 6177 section 2), and could otherwise take a new
/// address for each request. Requests without an address (Unix sockets) share one count.
fn network(address: Option<IpAddr>) -> Option<IpAddr> {
    const SUBNET: u128 = !0 << 64;
    address.map(|address| match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & SUBNET).into(),
    })
}

fn throttled(report: &LimitReport) -> Refused {
    let mut denial = Denial::new(DenialKind::Throttled, "a limit is used up");
    denial.throttled = Some(Box::new(Throttled {
        retry_after_seconds: retry_after_seconds(&report.decision),
        violated: report.texts.name(report.position).unwrap_or_default().into(),
    }));
    Box::new(denial)
}
