//! Failure budgets and bans: counts failures by address and claimed identity, and bans after too
//! many.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::HttpMessage;

use crate::denial::{Denial, Violated};
use crate::pipeline::gate::Gate;
use crate::pipeline::limits::shadow_mode;
use crate::pipeline::limits::shared_keys::address;
use crate::pipeline::refused::Refused;
use crate::plan::{ID_OF_ALL, LiveBudget, PlannedBudget};
use crate::principal::VouchedBy;
use crate::request::RequestHead;
use crate::support::time::Moment;
use crate::throttling::{Allowance, BanEvent, BudgetKeys, Decided, LimitKey, Limiter, Quota};
use crate::transport::is_one_clients;

/// In the extensions of a request that continues although it is banned: the budgets whose bans are
/// not enforced for it. The request is charged to none of them, because an enforced ban would have
/// refused it.
#[derive(Default)]
pub(super) struct ObservedBans(Vec<usize>);

/// The identity that a failure is charged to, together with the address.
#[derive(Clone, Copy, Hash)]
pub(super) enum ClaimedIdentity<'a> {
    Nobody,
    Credential(&'a str),
    Principal(VouchedBy<'a>, &'a str),
    /// The hash of the account's name.
    Account(u64),
}

/// The entries in the limiter's table.
#[derive(Hash)]
enum BudgetKey<'a> {
    Count(FailureTarget<'a>),
    Ban(FailureTarget<'a>),
    Strikes(FailureTarget<'a>),
    Known(FailureTarget<'a>),
    Tried(&'a [&'a [u8]], Option<IpAddr>),
}

#[derive(Clone, Copy, Hash)]
pub(super) enum FailureTarget<'a> {
    /// All requests without an address (Unix sockets) count as one client.
    Address(Option<IpAddr>),
    Pair(ClaimedIdentity<'a>, Option<IpAddr>),
}

/// The permit of a failure, taken in advance.
pub(super) struct Taken {
    live: &'static LiveBudget,
    /// The key as it was at startup.
    whom: LimitKey,
    decided: Decided,
    is_address: bool,
}

impl FailureTarget<'_> {
    pub(super) fn is_address(self) -> bool {
        matches!(self, Self::Address(_))
    }
}

/// The number of failures that are allowed, by the index of the terms.
pub(super) fn allowances(
    live: &'static LiveBudget,
    is_address: bool,
) -> impl Fn(u32) -> Allowance<'static> {
    move |place| Allowance { quota: live.terms(place).quota_of(is_address), calendar: None }
}

/// The keys under which this budget stores its entries about a target.
pub(super) fn keys_of(limiter: &Limiter, id: u64, target: FailureTarget<'_>) -> BudgetKeys {
    BudgetKeys {
        count: limiter.key(id, &BudgetKey::Count(target)),
        ban: limiter.key(id, &BudgetKey::Ban(target)),
        strikes: limiter.key(id, &BudgetKey::Strikes(target)),
    }
}

/// One day: how long an accepted identity is known at an address.
const KNOWN: Quota = Quota::new(NonZeroU32::MIN, NonZeroU32::MIN.saturating_add(24 * 60 * 60 - 1));

const HALF_A_DAY: Duration = Duration::from_secs(12 * 60 * 60);

/// One request's view of the failure budgets of its endpoint.
pub(super) struct FailureCounter<'a> {
    gate: &'a Gate<'a>,
    /// The address group of the client IP.
    pub(super) group: Option<IpAddr>,
    is_one_clients: bool,
    now: Moment,
}

impl<'a> FailureCounter<'a> {
    pub(super) fn new(gate: &'a Gate<'a>, now: Moment) -> Self {
        let (inner, address) = (gate.security.inner(), gate.address());
        let head = RequestHead::new(gate.request);
        let peer = gate.request.peer_addr().map(|address| address.ip());
        Self {
            gate,
            group: address.map(|address| inner.address_groups.group(address)),
            is_one_clients: is_one_clients(address, peer, &head, inner.proxies.as_ref()),
            now,
        }
    }

    /// The budgets that count this request.
    pub(super) fn budgets(&self) -> impl Iterator<Item = &'a PlannedBudget> + use<'a> {
        let is_one_clients = self.is_one_clients;
        self.gate.plan.budgets().filter(move |budget| budget.is_own() || is_one_clients)
    }

    fn key(&self, id: u64, kept: &BudgetKey<'_>) -> LimitKey {
        self.gate.security.inner().counters.limiter.key(id, kept)
    }

    fn keys(&self, budget: &PlannedBudget, target: FailureTarget<'_>) -> BudgetKeys {
        keys_of(&self.gate.security.inner().counters.limiter, budget.id, target)
    }

    pub(super) fn banned(
        &self,
        budget: &PlannedBudget,
        target: FailureTarget<'_>,
    ) -> Option<Duration> {
        let inner = self.gate.security.inner();
        let ban = self.key(budget.id, &BudgetKey::Ban(target));
        inner.penalties.banned(&inner.counters.limiter, ban, self.now)
    }

    /// The remaining time of a ban of the claimed identity, or of the whole address.
    pub(super) fn banned_as(
        &self,
        budget: &PlannedBudget,
        identity: ClaimedIdentity<'_>,
    ) -> Option<Duration> {
        let pair = self.banned(budget, FailureTarget::Pair(identity, self.group));
        let address = self.banned(budget, FailureTarget::Address(self.group));
        pair.max(address.filter(|_| !self.has_accepted(budget, identity)))
    }

    fn known(&self, id: u64, identity: ClaimedIdentity<'_>) -> (LimitKey, Duration) {
        let key = self.key(id, &BudgetKey::Known(FailureTarget::Pair(identity, self.group)));
        let limiter = &self.gate.security.inner().counters.limiter;
        let known = limiter.peek(key, &KNOWN, NonZeroU32::MIN, self.now);
        (key, known.reset_after())
    }

    pub(super) fn has_accepted(
        &self,
        budget: &PlannedBudget,
        identity: ClaimedIdentity<'_>,
    ) -> bool {
        let is_known = |id| !self.known(id, identity).1.is_zero();
        !matches!(identity, ClaimedIdentity::Nobody) && (is_known(budget.id) || is_known(ID_OF_ALL))
    }

    /// Records that an API key was accepted at this address, for every budget. If a budget in
    /// shadow mode would have refused the request, the key is recorded separately for each other
    /// budget: that budget would not have seen it if it were enforced.
    pub(super) fn remember_key(&self, id: &str, observed: Option<&ObservedBans>) {
        let key = ClaimedIdentity::Credential(id);
        if observed.is_none() {
            return self.remember(ID_OF_ALL, key);
        }
        // A budget that does not count this request may count a later one.
        for budget in &self.gate.plan.failures {
            if !self.was_observed(budget, observed) {
                self.remember(budget.id, key);
            }
        }
    }

    /// Records that this identity was accepted at this address, for the budget of this id. Written
    /// at most once in half a day.
    pub(super) fn remember(&self, id: u64, identity: ClaimedIdentity<'_>) {
        let (key, left) = self.known(id, identity);
        if left < HALF_A_DAY {
            let limiter = &self.gate.security.inner().counters.limiter;
            let _ = limiter.charge(key, &KNOWN, NonZeroU32::MIN, self.now);
        }
    }

    /// Whether the same credentials were refused at this address within the window of the budget. A
    /// client that repeats an expired token does not guess.
    pub(super) fn was_tried(&self, budget: &PlannedBudget, credentials: &[&[u8]]) -> bool {
        let key = self.key(budget.id, &BudgetKey::Tried(credentials, self.group));
        let once = Quota::new(NonZeroU32::MIN, budget.live.now().quota.window_seconds());
        let limiter = &self.gate.security.inner().counters.limiter;
        !limiter.check(key, &once, NonZeroU32::MIN, self.now).is_allowed()
    }

    /// Takes the permit of a failure, if there is one. The last permit starts a ban.
    pub(super) fn charge(&self, budget: &PlannedBudget, target: FailureTarget<'_>) -> Taken {
        let keys = self.keys(budget, target);
        let (live, whom) = (budget.live, keys.count);
        let decided = self.decide(budget, target, whom);
        self.ban(budget, target, &BudgetKeys { count: decided.key, ..keys }, decided.place);
        Taken { live, whom, decided, is_address: target.is_address() }
    }

    /// Records a failure whose permit was taken in advance. The last permit starts a ban.
    pub(super) fn strike(&self, budget: &PlannedBudget, target: FailureTarget<'_>) {
        let (live, keys) = (budget.live, self.keys(budget, target));
        let counters = &self.gate.security.inner().counters;
        let (count, place) = counters.standing(
            live.generations,
            allowances(live, target.is_address()),
            keys.count,
            self.now,
        );
        self.ban(budget, target, &BudgetKeys { count, ..keys }, place);
    }

    /// Takes a permit under the current terms.
    fn decide(&self, budget: &PlannedBudget, target: FailureTarget<'_>, whom: LimitKey) -> Decided {
        let (live, one) = (budget.live, NonZeroU32::MIN);
        let counters = &self.gate.security.inner().counters;
        counters.decide(
            live.generations,
            allowances(live, target.is_address()),
            whom,
            one,
            self.now,
        )
    }

    /// Whether bans of this budget are enforced for the client IP.
    pub(super) fn is_enforced(&self, budget: &PlannedBudget) -> bool {
        match budget.mode.percent() {
            100.. => true,
            0 => false,
            // The same selection as for rate limits by address.
            share => shadow_mode::is_in_percentage(share, &address(self.group)),
        }
    }

    /// Enforces a ban: refuses the request, or only records the ban in shadow mode.
    pub(super) fn enforce(&self, budget: &PlannedBudget, wait: Duration) -> Result<(), Refused> {
        if self.is_enforced(budget) {
            return Err(self.refuse(budget, wait));
        }
        let mut extensions = self.gate.request.extensions_mut();
        if !self.was_observed(budget, extensions.get::<ObservedBans>()) {
            self.gate.security.inner().penalties.count(budget.number, BanEvent::Observed);
            match extensions.get_mut::<ObservedBans>() {
                Some(observed) => observed.0.push(budget.number),
                None => drop(extensions.insert(ObservedBans(vec![budget.number]))),
            }
        }
        Ok(())
    }

    /// Whether the request continues although this budget would have refused it.
    pub(super) fn was_observed(
        &self,
        budget: &PlannedBudget,
        observed: Option<&ObservedBans>,
    ) -> bool {
        observed.is_some_and(|observed| observed.0.contains(&budget.number))
    }

    /// Starts a ban if the last permit is taken.
    fn ban(
        &self,
        planned: &PlannedBudget,
        target: FailureTarget<'_>,
        keys: &BudgetKeys,
        place: u32,
    ) {
        let (inner, terms) = (self.gate.security.inner(), planned.live.terms(place));
        let (limiter, now) = (&inner.counters.limiter, self.now);
        if let Some(ban) =
            inner.penalties.strike(limiter, keys, terms.quota_of(target.is_address()), now)
        {
            let (handler, address) = (self.gate.plan.endpoint.full_name(), self.group);
            let (budget, seconds) = (terms.violation.name(), ban.as_secs());
            let whole_address = target.is_address();
            let number = planned.number;
            if self.is_enforced(planned) {
                inner.penalties.count(number, BanEvent::Begun);
                tracing::warn!(
                    handler,
                    budget,
                    ?address,
                    whole_address,
                    seconds,
                    "banned: too many failures"
                );
            } else {
                inner.penalties.count(number, BanEvent::ObservedBan);
                tracing::info!(
                    handler,
                    budget,
                    ?address,
                    whole_address,
                    seconds,
                    "would have been banned: the budget is in shadow mode"
                );
            }
        }
    }

    pub(super) fn refuse(&self, budget: &PlannedBudget, wait: Duration) -> Refused {
        self.gate.security.inner().penalties.count(budget.number, BanEvent::Refused);
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let violated = Violated::Known(&budget.live.now().violation);
        Box::new(Denial::throttled("banned for too many failures", Some(seconds), violated))
    }

    /// Takes the permit of a failure in advance; `None` if there is none and the budget is in
    /// shadow mode.
    pub(super) fn take(
        &self,
        budget: &PlannedBudget,
        identity: ClaimedIdentity<'_>,
    ) -> Result<Option<Taken>, Refused> {
        let target = FailureTarget::Pair(identity, self.group);
        let whom = self.key(budget.id, &BudgetKey::Count(target));
        let decided = self.decide(budget, target, whom);
        if decided.answer.is_allowed() {
            return Ok(Some(Taken { live: budget.live, whom, decided, is_address: false }));
        }
        let seconds = decided.answer.retry_after_seconds().unwrap_or_default();
        let wait = Duration::from_secs(seconds);
        self.enforce(budget, wait).map(|()| None)
    }

    /// Gives the permit back.
    pub(super) fn refund(&self, taken: &Taken) {
        let Taken { live, whom, decided, is_address } = taken;
        let terms = allowances(live, *is_address);
        let counters = &self.gate.security.inner().counters;
        counters.give_back(live.generations, terms, *whom, decided, self.now);
    }
}
