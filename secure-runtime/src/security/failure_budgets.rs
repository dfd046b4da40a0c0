//! Budgets for failures, compiled for the request path, and the one that is on by default.

use std::num::NonZeroU32;
use std::time::Duration;

use super::SecurityBuilder;
use crate::policy::{Access, Endpoint};
use crate::throttling::Quota;

/// How much failed authentication an address may cause, on all endpoints that authenticate together.
///
/// It protects the service from verifying forged credentials without end. It is no protection of
/// passwords: that is `failures = "…"` on the endpoint that takes them.
///
/// ```
/// use std::num::NonZeroU32;
/// use secure_runtime::Security;
/// use secure_runtime::security::FailedAuthentication;
/// use secure_runtime::throttling::Quota;
///
/// let (permits, minute) = (NonZeroU32::new(30).unwrap(), NonZeroU32::new(60).unwrap());
/// let strict = FailedAuthentication::Budget(Quota::new(permits, minute));
/// let builder = Security::builder().failed_authentication(strict);
/// let none = Security::builder().failed_authentication(FailedAuthentication::Off);
/// # drop((builder, none));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailedAuthentication {
    /// So much for each API key that is claimed from an address, as much for all credentials from
    /// there that claim nothing, and ten times as much for the address.
    Budget(Quota),
    /// It is not counted, but where an endpoint says so.
    Off,
}

/// A hundred a minute: thousands of callers behind one address, whose tokens end once an hour, fail
/// less often, and the forged signatures that fit cost two milliseconds.
impl Default for FailedAuthentication {
    fn default() -> Self {
        const HUNDRED: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);
        const MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(59);
        Self::Budget(Quota::new(HUNDRED, MINUTE))
    }
}

/// One budget with what tells its counts from all others.
pub(crate) struct PlannedBudget {
    pub(crate) id: u64,
    /// For each name that is claimed from an address, and for what claims none.
    pub(crate) quota: Quota,
    /// For an address, whatever is claimed.
    pub(crate) of_address: Quota,
    pub(crate) counts: Failures,
    /// What a client is told.
    pub(crate) name: Box<str>,
}

/// What is a failure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failures {
    /// An answer of one of these statuses.
    Answers(Box<[u16]>),
    /// Credentials that were refused: the default budget. Counted by addresses alone that are
    /// believably one client's.
    RefusedCredentials,
}

/// How many names are claimed from one address, before all of it is banned.
const NAMES_OF_AN_ADDRESS: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// Apart from the numbers of limits.
const IDS: u64 = 1 << 62;
const ID_OF_DEFAULT: u64 = IDS | (1 << 61);

impl SecurityBuilder {
    /// A bound of an hour, as the longest wait that NIST SP 800-63B section 5.2.2 suggests.
    pub(super) const LONGEST_BAN: Duration = Duration::from_secs(3600);

    /// Sets how much failed authentication an address may cause, on all endpoints together that have
    /// no `failures` of their own. Default: 100 refused credentials a minute; see
    /// [`FailedAuthentication`].
    ///
    /// It is counted where an address is believably one client's: what the
    /// [trusted proxies](Self::trusted_proxies) say, or else a public address whose requests show no
    /// sign of a proxy. Name the proxies, or say that there are none with an empty list.
    pub fn failed_authentication(mut self, budget: FailedAuthentication) -> Self {
        self.failed_authentication = budget;
        self
    }

    /// Sets how long a ban for failures lasts at most, a second at least. Default: an hour.
    ///
    /// The first lasts one window of its budget, each further one twice as long, and one is forgiven
    /// in twice this time.
    pub fn longest_ban(mut self, duration: Duration) -> Self {
        self.longest_ban = duration;
        self
    }
}

/// The budgets of an endpoint. The default one is left out where one of its own counts refused
/// credentials.
pub(super) fn budgets(
    endpoint: &'static Endpoint,
    default: FailedAuthentication,
) -> Box<[PlannedBudget]> {
    let policy = &endpoint.policy;
    let place = endpoint.position as u64;
    let own = policy.failures.iter().enumerate().map(|(position, budget)| PlannedBudget {
        id: IDS | (place << 16) | position as u64,
        quota: budget.quota,
        of_address: of_address(budget.quota),
        counts: Failures::Answers(budget.statuses(policy.hides).into()),
        name: budget.to_string().into(),
    });
    let mut budgets: Vec<PlannedBudget> = own.collect();
    let counts_401 = budgets.iter().any(PlannedBudget::counts_refused_credentials);
    if let FailedAuthentication::Budget(quota) = default
        && policy.access != Access::Public
        && !counts_401
    {
        budgets.push(PlannedBudget {
            id: ID_OF_DEFAULT,
            quota,
            of_address: of_address(quota),
            counts: Failures::RefusedCredentials,
            name: format!("failed authentication {quota}").into(),
        });
    }
    budgets.into()
}

fn of_address(quota: Quota) -> Quota {
    let permits = quota.permits().saturating_mul(NAMES_OF_AN_ADDRESS);
    Quota::new(permits, quota.window_seconds())
        .with_burst(quota.burst().saturating_mul(NAMES_OF_AN_ADDRESS))
}

impl PlannedBudget {
    /// Whether it is one that the attribute wrote.
    pub(crate) fn is_own(&self) -> bool {
        self.counts != Failures::RefusedCredentials
    }

    fn counts_refused_credentials(&self) -> bool {
        match &self.counts {
            Failures::Answers(statuses) => statuses.contains(&401),
            Failures::RefusedCredentials => true,
        }
    }
}
