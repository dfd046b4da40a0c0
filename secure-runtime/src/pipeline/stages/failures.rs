//! Stage 2, budgets for failures: whoever has failed too often is refused before anything that they
//! send is judged.
//!
//! 1. A failure is charged to its address, and to the pair of that address and the name that was
//!    claimed: of the account, the caller, or the API key; to that of the address and nobody where none
//!    was. Never to a name alone: nobody can lock somebody else's account from elsewhere.
//! 2. A pair that has used up its budget is banned; so is an address, at ten times as much.
//! 3. Credentials that are remembered as good pass both. An account that was accepted from the address
//!    within the last day passes the ban of the address, not one of its own; a key does wherever it
//!    was accepted, as keys mean the same at all endpoints and accounts need not.
//! 4. Where nobody authenticates, the ban of an address waits for the name that the handler claims
//!    ([`claim_account`](super::claimed_account::claim_account)).
//! 5. A ban is answered alike whatever was sent.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use actix_web::dev::Extensions;
use actix_web::{HttpMessage, HttpResponse};

use super::caller::published;
use super::claimed_account::Claims;
use super::failure_budgets::{Ledger, ObservedBans, Scope, Taken, Who};
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

/// Left in requests of endpoints with budgets of their own.
pub(super) struct Watched(pub(super) &'static Endpoint);

/// The first look at a request, which notes whether its answer is to be looked at, too.
#[inline]
pub(in crate::pipeline) fn begin(gate: &Gate<'_>, request: &mut Progress) -> Result<(), Refused> {
    let budgets = &gate.plan.failures;
    let Some(now) = request.entered.filter(|_| !budgets.is_empty()) else { return Ok(()) };
    if !gate.security.inner().penalties.is_quiet(now.monotonic_nanos()) {
        refuse_banned(gate, now)?;
    }
    request.watches_failures = budgets.iter().any(PlannedBudget::is_own);
    if request.watches_failures {
        gate.request.extensions_mut().insert(Watched(gate.plan.endpoint));
    }
    Ok(())
}

#[cold]
fn refuse_banned(gate: &Gate<'_>, now: Moment) -> Result<(), Refused> {
    let (ledger, head) = (Ledger::open(gate, now), RequestHead::new(gate.request));
    let authentication = &gate.plan.authentication;
    let who = claimed(authentication, &head).map_or(Who::Nobody, Who::Credential);
    for budget in ledger.budgets() {
        let banned = match authentication.mode {
            Mode::Nobody => ledger.banned(budget, Scope::Pair(who, ledger.group)),
            _ => ledger.banned_as(budget, who),
        };
        let Some(wait) = banned else { continue };
        if !budget.is_own() && presented(authentication, &head).is_empty() {
            continue;
        }
        if is_remembered(authentication, &head, now) {
            return Ok(());
        }
        ledger.heed(budget, wait)?;
    }
    Ok(())
}

/// A caller who has failed too often by what is theirs alone; one with an API key is known from now on.
#[inline]
pub(super) fn check_caller(
    gate: &Gate<'_>,
    caller: Option<&Principal>,
    now: Moment,
) -> Result<(), Refused> {
    let Some(caller) = caller.filter(|_| !gate.plan.failures.is_empty()) else { return Ok(()) };
    let is_quiet = gate.security.inner().penalties.is_quiet(now.monotonic_nanos());
    if is_quiet && caller.api_key().is_none() {
        return Ok(());
    }
    let ledger = Ledger::open(gate, now);
    if !is_quiet {
        let pair = Scope::Pair(principal(caller), ledger.group);
        for budget in ledger.budgets().filter(|budget| budget.is_own()) {
            if let Some(wait) = ledger.banned(budget, pair) {
                ledger.heed(budget, wait)?;
            }
        }
    }
    if let Some(id) = caller.api_key() {
        ledger.remember_key(id, gate.request.extensions().get::<ObservedBans>());
    }
    Ok(())
}

/// What was charged for a request whose client went while something was judged, by the budgets' numbers.
///
/// It is charged at that moment, because the end may be far: of a hundred attempts that are dropped one
/// after the other, no more are judged than the budget has. What turns out well is given back.
#[derive(Default)]
pub(in crate::pipeline) struct Attempts(Vec<(u64, [Taken; 2])>);

impl Attempts {
    fn has(&self, budget: &PlannedBudget) -> bool {
        self.0.iter().any(|(id, _)| *id == budget.id)
    }

    /// Gives back what turned out to be no failure.
    fn settle(&self, gate: &Gate<'_>, counts: impl Fn(&PlannedBudget) -> bool) {
        if self.0.is_empty() {
            return;
        }
        let ledger = Ledger::open(gate, gate.security.inner().clock.now());
        for budget in ledger.budgets().filter(|budget| !counts(budget)) {
            let taken = self.0.iter().filter(|(id, _)| *id == budget.id);
            taken.flat_map(|(_, taken)| taken).for_each(|taken| ledger.refund(taken));
        }
    }
}

impl Progress {
    /// The client is gone: charges the attempt to every budget that may count it.
    pub(in crate::pipeline) fn charge_attempt(&mut self, gate: &Gate<'_>) {
        let judges_credentials = self.stage == Stage::Authentication;
        let is_judged = self.stage.is_judging() || self.stage == Stage::Answer;
        // A handler that holds them while it waits has claimed nothing that could be found.
        let extensions = extensions(gate.request);
        let extensions = extensions.as_deref();
        let has_claimed = extensions.is_some_and(Extensions::contains::<Claims>);
        // What was claimed is charged already.
        if !is_judged || has_claimed || gate.plan.failures.is_empty() {
            return;
        }
        let ledger = Ledger::open(gate, gate.security.inner().clock.now());
        let head = RequestHead::new(gate.request);
        let who = match self.caller().or_else(|| extensions.and_then(published)) {
            Some(caller) => principal(caller),
            None => claimed(&gate.plan.authentication, &head).map_or(Who::Nobody, Who::Credential),
        };
        let observed = extensions.and_then(Extensions::get::<ObservedBans>);
        let was_observed = |budget| ledger.was_observed(budget, observed);
        let charged = ledger
            .budgets()
            .filter(|budget| (budget.is_own() || judges_credentials) && !was_observed(budget))
            .map(|budget| {
                let scopes = [Scope::Pair(who, ledger.group), Scope::Address(ledger.group)];
                (budget.id, scopes.map(|scope| ledger.charge(budget, scope)))
            });
        let charged = charged.collect();
        self.attempts = Attempts(charged);
    }

    /// It ends, and nothing was found wrong with it.
    pub(in crate::pipeline) fn give_attempt_back(&self, gate: &Gate<'_>) {
        self.attempts.settle(gate, |_| false);
    }

    /// Charges a failure, and gives back what was taken for one that did not come. Without a gate there
    /// are no budgets. What is returned is the answer instead, so that nothing can be told from the
    /// response.
    pub(in crate::pipeline) fn count_failure(
        &self,
        gate: Option<&Gate<'_>>,
        response: &HttpResponse,
    ) -> Option<Refused> {
        let gate = gate?;
        // Where a limit of those without a caller answers instead, the credentials were bad all the
        // same, and the next ones may be right.
        let (status, kind) = match &self.refused {
            Some(refused) => (refused.kind().status(), Some(refused.kind())),
            // The application may answer a denial with any status, 200 among them.
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
        // A limit's refusal costs no more than it did.
        if claims.is_none() && !gate.plan.budgets().any(counts) {
            return None;
        }
        let (claims, now) = (claims.unwrap_or_default(), gate.security.inner().clock.now());
        let ledger = Ledger::open(gate, now);
        let (failed, passed): (Vec<_>, Vec<_>) =
            ledger.budgets().partition(|budget| counts(budget));
        let extensions = extensions(gate.request);
        let extensions = extensions.as_deref();
        let observed = extensions.and_then(Extensions::get::<ObservedBans>);
        let was_observed = |budget| ledger.was_observed(budget, observed);
        for budget in passed {
            claims.give_back(&ledger, budget);
            if status < 400 && !was_observed(budget) {
                claims.accounts().for_each(|account| ledger.remember(budget, account));
            }
        }
        if failed.is_empty() {
            return None;
        }
        let caller = self.caller().or_else(|| extensions.and_then(published));
        self.charge(gate, &ledger, &failed, (caller, extensions, &claims));
        failed.iter().find_map(|budget| claims.refusal(&ledger, budget))
    }

    /// Charges rejected credentials of a request that goes on without them (`auth = lenient(…)`).
    pub(super) fn count_rejected(&self, gate: &Gate<'_>, kind: DenialKind, now: Moment) {
        let counts = |budget: &&PlannedBudget| is_failure(budget, kind.status(), Some(kind));
        if !gate.plan.budgets().any(|budget| counts(&budget)) {
            return;
        }
        let ledger = Ledger::open(gate, now);
        let failed: Vec<_> = ledger.budgets().filter(counts).collect();
        let extensions = extensions(gate.request);
        self.charge(gate, &ledger, &failed, (None, extensions.as_deref(), &Claims::default()));
    }

    /// Charges a failure to these budgets.
    fn charge(
        &self,
        gate: &Gate<'_>,
        ledger: &Ledger<'_>,
        failed: &[&PlannedBudget],
        (caller, extensions, claims): (Option<&Principal>, Option<&Extensions>, &Claims),
    ) {
        let observed = extensions.and_then(Extensions::get::<ObservedBans>);
        let was_observed = |budget| ledger.was_observed(budget, observed);
        let head = RequestHead::new(gate.request);
        let authentication = &gate.plan.authentication;
        for &budget in failed {
            // It would have been refused, and not have failed; or it was charged when its client went.
            if was_observed(budget) || self.attempts.has(budget) {
                continue;
            }
            // What is remembered as refused costs nothing to refuse again.
            let is_repeated = || {
                let tried = presented(authentication, &head);
                !tried.is_empty()
                    && remembers_refusals(authentication, &head)
                    && ledger.was_tried(budget, &tried)
            };
            if !budget.is_own() && is_repeated() {
                continue;
            }
            let who = match caller {
                Some(caller) => principal(caller),
                None => claimed(authentication, &head).map_or(Who::Nobody, Who::Credential),
            };
            let mut is_claimed = false;
            for account in claims.accounts() {
                is_claimed = true;
                ledger.strike(budget, Scope::Pair(account, ledger.group));
            }
            if !is_claimed {
                let _ = ledger.charge(budget, Scope::Pair(who, ledger.group));
            }
            let _ = ledger.charge(budget, Scope::Address(ledger.group));
        }
    }
}

fn is_failure(budget: &PlannedBudget, status: u16, kind: Option<DenialKind>) -> bool {
    match (&budget.counts, kind) {
        // The caller is who they say, and is sent to sign in once more.
        (_, Some(DenialKind::InsufficientAuthentication)) => false,
        (Failures::RefusedCredentials, kind) => {
            matches!(kind, Some(DenialKind::InvalidToken | DenialKind::InvalidCredentials))
        }
        // Some credentials turn out to be malformed once they were verified.
        (Failures::Answers(on), Some(DenialKind::InvalidCredentials)) => {
            on.contains(&401) || on.contains(&status)
        }
        (Failures::Answers(on), _) => on.contains(&status),
    }
}

fn principal(caller: &Principal) -> Who<'_> {
    Who::Principal(caller.vouched_by(), caller.subject())
}

/// The name that some credentials of the request claim.
fn claimed<'a>(authentication: &Authentication, head: &RequestHead<'a>) -> Option<&'a str> {
    let mut authenticators = authentication.authenticators.iter();
    authenticators.find_map(|it| catch_unwind(AssertUnwindSafe(|| it.claimed_id(head))).ok()?)
}

/// What the request carries as credentials.
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

/// Whether everything that the request carries as credentials is remembered once it was refused.
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

/// Whether nothing of the request needs to be verified: of several schemes that must all accept, all.
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
