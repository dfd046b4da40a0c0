//! Bans for too many failures: refuses a banned client before anything that it sends is checked,
//! and charges the failures of a request to the budgets of its endpoint.
//!
//! 1. A failure is charged to its address, and to the pair of that address and the claimed
//!    identity: the account, the caller or the API key, or no identity. It is never charged to an
//!    identity alone, so nobody can lock another person's account from another address.
//! 2. A pair that has used up its budget is banned. An address is banned at ten times as many
//!    failures.
//! 3. Credentials that are remembered as valid pass both bans. An account that was accepted from
//!    the address within the last day passes the ban of the address, but not its own. An API key
//!    passes it regardless of the endpoint at which it was accepted, because keys mean the same at
//!    all endpoints; accounts need not.
//! 4. If an endpoint authenticates nobody, the ban of an address is checked when the handler claims
//!    an account ([`claim_account`](super::claimed_account::claim_account)).
//! 5. The response to a banned client does not depend on the credentials that it sends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use actix_web::dev::Extensions;
use actix_web::{HttpMessage, HttpResponse};

use super::caller::published;
use super::claimed_account::Claims;
use super::failure_budgets::{ClaimedIdentity, FailureCounter, FailureTarget, ObservedBans, Taken};
use crate::authentication::{Authenticator, Presented};
use crate::denial::{Denial, DenialKind};
use crate::pipeline::gate::Gate;
use crate::pipeline::order::Stage;
use crate::pipeline::progress::Progress;
use crate::pipeline::refused::Refused;
use crate::plan::{Authentication, Failures, Mode, PlannedBudget};
use crate::policy::Endpoint;
use crate::principal::Principal;
use crate::request::{RequestHead, cookies, extensions, extensions_mut};
use crate::support::time::Moment;

/// In the extensions of requests to endpoints with failure budgets of their own.
pub(super) struct WatchedEndpoint(pub(super) &'static Endpoint);

/// Refuses a banned client, and notes whether the response of this request counts.
#[inline]
pub(in crate::pipeline) fn check_bans(
    gate: &Gate<'_>,
    request: &mut Progress,
) -> Result<(), Refused> {
    let budgets = &gate.plan.failures;
    let Some(now) = request.entered.filter(|_| !budgets.is_empty()) else { return Ok(()) };
    if !gate.security.inner().penalties.is_quiet(now) {
        refuse_banned(gate, now)?;
    }
    request.watches_failures = budgets.iter().any(PlannedBudget::is_own);
    if request.watches_failures {
        gate.request.extensions_mut().insert(WatchedEndpoint(gate.plan.endpoint));
    }
    Ok(())
}

#[cold]
fn refuse_banned(gate: &Gate<'_>, now: Moment) -> Result<(), Refused> {
    let (counter, head) = (FailureCounter::new(gate, now), RequestHead::new(gate.request));
    let authentication = &gate.plan.authentication;
    let identity =
        claimed(authentication, &head).map_or(ClaimedIdentity::Nobody, ClaimedIdentity::Credential);
    for budget in counter.budgets() {
        let banned = match authentication.mode {
            Mode::Nobody => counter.banned(budget, FailureTarget::Pair(identity, counter.group)),
            _ => counter.banned_as(budget, identity),
        };
        let Some(wait) = banned else { continue };
        if !budget.is_own() && presented(authentication, &head).is_empty() {
            continue;
        }
        if is_remembered(authentication, &head, now) {
            return Ok(());
        }
        counter.enforce(budget, wait)?;
    }
    Ok(())
}

/// Refuses a caller whose own identity is banned. An API key is recorded as known at this address.
#[inline]
pub(super) fn check_caller(
    gate: &Gate<'_>,
    caller: Option<&Principal>,
    now: Moment,
) -> Result<(), Refused> {
    let Some(caller) = caller.filter(|_| !gate.plan.failures.is_empty()) else { return Ok(()) };
    let is_quiet = gate.security.inner().penalties.is_quiet(now);
    if is_quiet && caller.api_key().is_none() {
        return Ok(());
    }
    let counter = FailureCounter::new(gate, now);
    if !is_quiet {
        let pair = FailureTarget::Pair(principal(caller), counter.group);
        for budget in counter.budgets().filter(|budget| budget.is_own()) {
            if let Some(wait) = counter.banned(budget, pair) {
                counter.enforce(budget, wait)?;
            }
        }
    }
    if let Some(id) = caller.api_key() {
        counter.remember_key(id, gate.request.extensions().get::<ObservedBans>());
    }
    Ok(())
}

/// The failures that were charged when a client disconnected during a check, by the ids of the
/// budgets.
///
/// They are charged at once, because the check may take long. If a client drops a hundred attempts
/// one after the other, no more are checked than the budget has. A check that succeeds gives its
/// permit back.
#[derive(Default)]
pub(in crate::pipeline) struct Attempts(Vec<(u64, [Taken; 2])>);

impl Attempts {
    fn has(&self, budget: &PlannedBudget) -> bool {
        self.0.iter().any(|(id, _)| *id == budget.id)
    }

    /// Gives back the permits of budgets for which the request was not a failure.
    fn settle(&self, gate: &Gate<'_>, counts: impl Fn(&PlannedBudget) -> bool) {
        if self.0.is_empty() {
            return;
        }
        let counter = FailureCounter::new(gate, gate.security.inner().clock.now());
        for budget in counter.budgets().filter(|budget| !counts(budget)) {
            let taken = self.0.iter().filter(|(id, _)| *id == budget.id);
            taken.flat_map(|(_, taken)| taken).for_each(|taken| counter.refund(taken));
        }
    }
}

impl Progress {
    /// Charges the attempt of a client that has disconnected to every budget that may count it.
    pub(in crate::pipeline) fn charge_attempt(&mut self, gate: &Gate<'_>) {
        let judges_credentials = self.stage == Stage::Authentication;
        let is_judged = self.stage.is_judging() || self.stage == Stage::Answer;
        // A handler that holds the extensions while it waits has no claim that could be found.
        let extensions = extensions(gate.request);
        let extensions = extensions.as_deref();
        let has_claimed = extensions.is_some_and(Extensions::contains::<Claims>);
        // A claimed account is charged already.
        if !is_judged || has_claimed || gate.plan.failures.is_empty() {
            return;
        }
        let counter = FailureCounter::new(gate, gate.security.inner().clock.now());
        let head = RequestHead::new(gate.request);
        let identity = match self.caller().or_else(|| extensions.and_then(published)) {
            Some(caller) => principal(caller),
            None => claimed(&gate.plan.authentication, &head)
                .map_or(ClaimedIdentity::Nobody, ClaimedIdentity::Credential),
        };
        let observed = extensions.and_then(Extensions::get::<ObservedBans>);
        let was_observed = |budget| counter.was_observed(budget, observed);
        let charged = counter
            .budgets()
            .filter(|budget| (budget.is_own() || judges_credentials) && !was_observed(budget))
            .map(|budget| {
                let targets = [
                    FailureTarget::Pair(identity, counter.group),
                    FailureTarget::Address(counter.group),
                ];
                (budget.id, targets.map(|target| counter.charge(budget, target)))
            });
        let charged = charged.collect();
        self.attempts = Attempts(charged);
    }

    /// Gives everything back: the request ended without a failure.
    pub(in crate::pipeline) fn give_attempt_back(&self, gate: &Gate<'_>) {
        self.attempts.settle(gate, |_| false);
    }

    /// Charges a failure, and gives back the permits that were taken in advance for a failure that
    /// did not occur. Without a gate there are no budgets. Returns the response to send instead, if
    /// the handler's response would reveal whether an account is known.
    pub(in crate::pipeline) fn count_failure(
        &self,
        gate: Option<&Gate<'_>>,
        response: &HttpResponse,
    ) -> Option<Refused> {
        let gate = gate?;
        // If a limit for anonymous requests answers instead, the credentials were rejected all the
        // same, and the next ones may be right.
        let (status, kind) = match &self.refused {
            Some(refused) => (refused.kind().status(), Some(refused.kind())),
            // The application may answer a denial with any status, even 200.
            None => match Denial::of(response).map(Denial::kind) {
                Some(kind) => (kind.status(), Some(kind)),
                None => (response.status().as_u16(), None),
            },
        };
        let claims = match self.watches_failures {
            true => extensions_mut(gate.request).and_then(|mut it| it.remove::<Claims>()),
            false => None,
        };
        let counts = |budget: &PlannedBudget| is_failure(budget, status, kind);
        self.attempts.settle(gate, counts);
        // A request that a limit refused, and that is no failure, costs nothing more.
        if claims.is_none() && !gate.plan.budgets().any(counts) {
            return None;
        }
        let (claims, now) = (claims.unwrap_or_default(), gate.security.inner().clock.now());
        let counter = FailureCounter::new(gate, now);
        let (failed, passed): (Vec<_>, Vec<_>) =
            counter.budgets().partition(|budget| counts(budget));
        let extensions = extensions(gate.request);
        let extensions = extensions.as_deref();
        let observed = extensions.and_then(Extensions::get::<ObservedBans>);
        let was_observed = |budget| counter.was_observed(budget, observed);
        for budget in passed {
            claims.give_back(&counter, budget);
            if status < 400 && !was_observed(budget) {
                claims.accounts().for_each(|account| counter.remember(budget.id, account));
            }
        }
        if failed.is_empty() {
            return None;
        }
        let caller = self.caller().or_else(|| extensions.and_then(published));
        self.charge(gate, &counter, &failed, (caller, extensions, &claims));
        failed.iter().find_map(|budget| claims.refusal(&counter, budget))
    }

    /// Charges the rejected credentials of a request that continues without them (`auth =
    /// lenient(…)`).
    pub(super) fn count_rejected(&self, gate: &Gate<'_>, kind: DenialKind, now: Moment) {
        let counts = |budget: &&PlannedBudget| is_failure(budget, kind.status(), Some(kind));
        if !gate.plan.budgets().any(|budget| counts(&budget)) {
            return;
        }
        let counter = FailureCounter::new(gate, now);
        let failed: Vec<_> = counter.budgets().filter(counts).collect();
        let extensions = extensions(gate.request);
        self.charge(gate, &counter, &failed, (None, extensions.as_deref(), &Claims::default()));
    }

    /// Charges a failure to these budgets.
    fn charge(
        &self,
        gate: &Gate<'_>,
        counter: &FailureCounter<'_>,
        failed: &[&PlannedBudget],
        (caller, extensions, claims): (Option<&Principal>, Option<&Extensions>, &Claims),
    ) {
        let observed = extensions.and_then(Extensions::get::<ObservedBans>);
        let was_observed = |budget| counter.was_observed(budget, observed);
        let head = RequestHead::new(gate.request);
        let authentication = &gate.plan.authentication;
        for &budget in failed {
            // An enforced ban would have refused the request, or it was charged when its client
            // disconnected.
            if was_observed(budget) || self.attempts.has(budget) {
                continue;
            }
            // Refusing remembered credentials again costs nothing.
            let is_repeated = || {
                let tried = presented(authentication, &head);
                !tried.is_empty()
                    && remembers_refusals(authentication, &head)
                    && counter.was_tried(budget, &tried)
            };
            if !budget.is_own() && is_repeated() {
                continue;
            }
            let identity = match caller {
                Some(caller) => principal(caller),
                None => claimed(authentication, &head)
                    .map_or(ClaimedIdentity::Nobody, ClaimedIdentity::Credential),
            };
            let mut is_claimed = false;
            for account in claims.accounts() {
                is_claimed = true;
                counter.strike(budget, FailureTarget::Pair(account, counter.group));
            }
            if !is_claimed {
                let _ = counter.charge(budget, FailureTarget::Pair(identity, counter.group));
            }
            let _ = counter.charge(budget, FailureTarget::Address(counter.group));
        }
    }
}

fn is_failure(budget: &PlannedBudget, status: u16, kind: Option<DenialKind>) -> bool {
    match (&budget.counts, kind) {
        // The credentials are valid; the caller only has to sign in again.
        (_, Some(DenialKind::InsufficientAuthentication)) => false,
        (Failures::RefusedCredentials, kind) => {
            matches!(kind, Some(DenialKind::InvalidToken | DenialKind::InvalidCredentials))
        }
        // Some credentials are found to be malformed only after they were verified.
        (Failures::Answers(on), Some(DenialKind::InvalidCredentials)) => {
            on.contains(&401) || on.contains(&status)
        }
        (Failures::Answers(on), _) => on.contains(&status),
    }
}

fn principal(caller: &Principal) -> ClaimedIdentity<'_> {
    ClaimedIdentity::Principal(caller.vouched_by(), caller.subject())
}

/// The identity that the request's credentials claim.
fn claimed<'a>(authentication: &Authentication, head: &RequestHead<'a>) -> Option<&'a str> {
    let mut authenticators = authentication.authenticators.iter();
    authenticators.find_map(|it| catch_unwind(AssertUnwindSafe(|| it.claimed_id(head))).ok()?)
}

/// The raw credentials of the request.
fn presented<'a>(authentication: &Authentication, head: &RequestHead<'a>) -> Vec<&'a [u8]> {
    let mut found = Vec::new();
    for authenticator in &authentication.authenticators {
        match catch_unwind(AssertUnwindSafe(|| authenticator.presented(head))) {
            Ok(Presented::Header(name)) => found.extend(head.header_lines(name)),
            Ok(Presented::Cookie(name)) => found.extend(cookies(head, name)),
            Ok(Presented::Query(_)) => found.push(head.query().as_bytes()),
            Ok(Presented::Absent | Presented::Connection) | Err(_) => {}
        }
    }
    found
}

/// Whether each authenticator with credentials in this request remembers what it refused.
fn remembers_refusals(authentication: &Authentication, head: &RequestHead<'_>) -> bool {
    let mut authenticators = authentication.authenticators.iter();
    let is_absent = |it: &Arc<dyn Authenticator>| {
        matches!(
            catch_unwind(AssertUnwindSafe(|| it.presented(head))),
            Ok(Presented::Absent | Presented::Connection)
        )
    };
    authenticators.all(|it| {
        is_absent(it) || catch_unwind(AssertUnwindSafe(|| it.remembers_refusals())).unwrap_or(false)
    })
}

/// Whether no credentials need to be verified, because they are remembered as valid. If several
/// schemes must accept, all must remember them.
fn is_remembered(authentication: &Authentication, head: &RequestHead<'_>, now: Moment) -> bool {
    let mut authenticators = authentication.authenticators.iter();
    let remembers = |it: &Arc<dyn Authenticator>| {
        catch_unwind(AssertUnwindSafe(|| it.remembers(head, now))).unwrap_or(false)
    };
    match authentication.mode {
        Mode::Nobody | Mode::Closed | Mode::Open => false,
        Mode::Any { .. } => authenticators.any(remembers),
        Mode::All { .. } => authenticators.len() > 0 && authenticators.all(remembers),
    }
}
