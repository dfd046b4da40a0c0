//! The bans that are in effect: operators look them up and lift them by the address, account, API
//! key or caller.
//!
//! A ban is stored under a keyed hash. It can be found by its subject, but bans cannot be listed.

use std::fmt;
use std::hash::Hasher;
use std::net::IpAddr;

use super::failure_budgets::{ClaimedIdentity, FailureTarget, allowances, keys_of};
use crate::plan::PlannedBudget;
use crate::principal::VouchedBy;
use crate::security::Security;
use crate::support::time::Moment;
use crate::throttling::BudgetKeys;

/// The bans of a [`Security`] for too many failures (the key `failures`, and failed
/// authentication).
///
/// A ban applies to an address, or to an account, API key or caller together with an address.
/// Nobody can cause a ban of another person's account from another address. Only the bans of this
/// process are known here.
///
/// ```standalone_crate
/// use std::net::IpAddr;
/// use secure_runtime::{Banned, Security};
/// # mod shop {
/// #     use actix_web::get;
/// #     #[secure_runtime::secure(public, failures = "10/min")]
/// #     #[get("/search")]
/// #     async fn search() -> &'static str { "" }
/// # }
/// # let builder = Security::builder();
/// let security = builder.build()?;
/// let office = IpAddr::from([192, 0, 2, 7]);
/// for ban in security.bans().find(office, Banned::Address) {
///     println!("{} for {} more seconds", ban.budget, ban.seconds);
/// }
/// security.bans().lift(office, Banned::Account("ada@example.com"));
/// # Ok::<(), secure_runtime::LaunchError>(())
/// ```
#[derive(Clone)]
pub struct Bans {
    security: Security,
}

/// The subject of a ban, at one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Banned<'a> {
    /// The address itself, and requests from it that claim no identity.
    Address,
    /// The account that a handler [claimed](crate::claim_account), in the same spelling.
    Account(&'a str),
    /// The API key with this public id.
    ApiKey(&'a str),
    /// The caller with this subject, from this issuer.
    Caller {
        /// The `iss` claim, or the issuer that the authenticator sets.
        issuer: &'a str,
        /// The subject.
        subject: &'a str,
    },
    /// The caller with this subject, whose credentials have no issuer.
    CallerOf {
        /// The name of the authenticator that accepts the credentials.
        authenticator: &'a str,
        /// The subject.
        subject: &'a str,
    },
}

/// A ban that is in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ban {
    /// The id of the budget that was used up, as in the
    /// [statistics](crate::operations::LimitStatistics::budgets).
    pub budget: String,
    /// The remaining time in seconds, rounded up.
    pub seconds: u64,
}

impl Security {
    /// The bans for too many failures, for operators.
    #[must_use]
    pub fn bans(&self) -> Bans {
        Bans { security: self.clone() }
    }
}

impl Bans {
    /// The bans in effect for this address, or for this subject at the address, bans in shadow mode
    /// included. The address stands for its whole [group](crate::SecurityBuilder::ipv6_prefix).
    #[must_use]
    pub fn find(&self, address: IpAddr, whom: Banned<'_>) -> Vec<Ban> {
        let now = self.security.inner().clock.now();
        let mut found: Vec<Ban> = Vec::new();
        self.each(address, whom, |budget, _, keys| {
            if let Some(seconds) = self.left(keys, now) {
                let budget = budget.title();
                match found.iter_mut().find(|ban| ban.budget == budget) {
                    Some(ban) => ban.seconds = ban.seconds.max(seconds),
                    None => found.push(Ban { budget: budget.to_owned(), seconds }),
                }
            }
        });
        found
    }

    /// Ends these bans, and forgets the failures that caused them. Returns whether there were any
    /// bans. Failures are forgotten even if no ban is in effect.
    ///
    /// A client that continues to fail is banned again, for one window of the budget.
    pub fn lift(&self, address: IpAddr, whom: Banned<'_>) -> bool {
        let inner = self.security.inner();
        let (now, counters) = (inner.clock.now(), &inner.counters);
        let mut was_banned = false;
        self.each(address, whom, |budget, target, keys| {
            was_banned |= self.left(keys, now).is_some();
            let (live, is_address) = (budget.live, target.is_address());
            let terms = allowances(live, is_address);
            let (count, place) = counters.standing(live.generations, terms, keys.count, now);
            let quota = live.terms(place).quota_of(is_address);
            let keys = BudgetKeys { count, ..*keys };
            inner.penalties.forgive(&counters.limiter, &keys, quota, now);
        });
        was_banned
    }

    fn left(&self, keys: &BudgetKeys, now: Moment) -> Option<u64> {
        let inner = self.security.inner();
        let left = inner.penalties.banned(&inner.counters.limiter, keys.ban, now)?;
        Some(left.as_secs() + u64::from(left.subsec_nanos() > 0))
    }

    /// Visits every budget of the program, with the keys under which it stores this subject.
    fn each(
        &self,
        address: IpAddr,
        whom: Banned<'_>,
        mut visit: impl FnMut(&PlannedBudget, FailureTarget<'_>, &BudgetKeys),
    ) {
        let inner = self.security.inner();
        let limiter = &inner.counters.limiter;
        let group = Some(inner.address_groups.group(address));
        let pair = |identity| FailureTarget::Pair(identity, group);
        let targets = match whom {
            Banned::Address => vec![FailureTarget::Address(group), pair(ClaimedIdentity::Nobody)],
            Banned::Account(name) => {
                let (name, ()) =
                    limiter.hash(|state: &mut dyn Hasher| state.write(name.as_bytes()));
                vec![pair(ClaimedIdentity::Account(name))]
            }
            Banned::ApiKey(id) => vec![pair(ClaimedIdentity::Credential(id))],
            Banned::Caller { issuer, subject } => {
                vec![pair(ClaimedIdentity::Principal(VouchedBy::Issuer(issuer), subject))]
            }
            Banned::CallerOf { authenticator, subject } => {
                vec![pair(ClaimedIdentity::Principal(
                    VouchedBy::Authenticator(authenticator),
                    subject,
                ))]
            }
        };
        let mut seen = Vec::new();
        for budget in inner.plans.iter().flatten().flat_map(|plan| &plan.failures) {
            if seen.contains(&budget.id) {
                continue;
            }
            seen.push(budget.id);
            for target in &targets {
                visit(budget, *target, &keys_of(limiter, budget.id, *target));
            }
        }
    }
}

impl fmt::Debug for Bans {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Bans").finish_non_exhaustive()
    }
}
