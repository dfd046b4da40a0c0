//! Rate limits that several instances count together in Redis: queries the store and waits for its
//! answer.

use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::keys::{Subject, applies};
use super::reserve::{LimitReport, LimitState, throttled};
use super::shared_keys::whom;
use super::{LimitBackend, shadow_mode, shared_deferred_costs, tier};
use crate::denial::{Denial, DenialKind};
use crate::pipeline::gate::Gate;
use crate::pipeline::progress::Progress;
use crate::pipeline::refused::Refused;
use crate::plan::{LimitTexts, LiveLimit, LiveShared, PlannedShared, Sharing, Stage, Terms};
use crate::policy::Limit;
use crate::security::Security;
use crate::support::time::Moment;
use crate::throttling::{
    Answer, Ask, Counters, Decision, Held, LimitKey, Outcome, SharedLimit, Source,
    StoreUnavailable, Verdict,
};

/// Limits that several instances count together, in a store that has to be waited for.
pub(super) struct Shared;

/// The shared limits of one request: the query that is running, and the costs that are still
/// unknown.
#[derive(Default)]
pub(in crate::pipeline) struct SharedState {
    /// The query that is running.
    pub(super) waiting: Option<Box<PendingQuery>>,
    /// The limits that took one permit, and take the rest once the cost is known.
    pub(super) deferred: Vec<LimitQuery>,
}

/// One query to the store.
#[derive(Default)]
pub(super) struct StoreQuery {
    pub(super) asked: Vec<LimitQuery>,
    /// Why the request is refused regardless of the answer; the query only gives permits back.
    pub(super) refused: Option<Refused>,
}

/// A query that is running.
pub(super) struct PendingQuery {
    query: StoreQuery,
    answer: Pin<Box<dyn Future<Output = Result<Verdict, StoreUnavailable>>>>,
}

/// A query with its answer.
pub(super) struct StoreAnswer {
    pub(super) query: StoreQuery,
    answer: Result<Verdict, StoreUnavailable>,
}

/// The query to one limit, for one request.
#[derive(Clone)]
pub(super) struct LimitQuery {
    /// The counts under the current terms.
    pub(super) counts: &'static SharedLimit,
    place: u32,
    all_counts: &'static LiveShared,
    live: &'static LiveLimit,
    pub(super) whom: Vec<u8>,
    pub(super) cost: NonZeroU32,
    operation: Operation,
    /// The permits that the request has taken of this limit before.
    taken: u32,
    held: Held,
    position: usize,
    number: usize,
    texts: &'static LimitTexts,
    is_open: bool,
    /// Whether the store did not decide, and the fallback did.
    is_in_fallback: bool,
    pub(super) is_enforced: bool,
}

/// The operation on a limit.
#[derive(Clone, Copy)]
enum Operation {
    /// Takes permits.
    Take,
    /// Takes nothing more than before.
    Keep,
    /// Gives back the permits that were taken before.
    GiveBack,
}

/// The store, the counters of this process, and the time.
#[derive(Clone, Copy)]
pub(super) struct StoreAccess<'a> {
    pub(super) sharing: &'a Sharing,
    pub(super) counters: &'a Counters,
    pub(super) now: Moment,
}

impl LimitBackend for Shared {
    #[inline]
    fn poll_reserve(
        gate: &Gate<'_>,
        request: &mut Progress,
        stage: Stage,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Refused>> {
        let inner = gate.security.inner();
        let (Some(sharing), Some(now), limits @ [_, ..]) =
            (&inner.sharing, request.entered, gate.plan.shared_limits(stage))
        else {
            return Poll::Ready(Ok(()));
        };
        let access = StoreAccess { sharing, counters: &inner.counters, now };
        let tier = tier(gate, request)?;
        let address = || gate.group();
        let subject = gate.subject(&address, request.caller.as_ref(), tier.as_deref());
        poll(access, limits, subject, &mut request.limit_state, context)
    }

    #[inline]
    fn poll_settle(
        gate: &Gate<'_>,
        request: &mut Progress,
        now: Moment,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Refused>> {
        let inner = gate.security.inner();
        let Some(sharing) = &inner.sharing else { return Poll::Ready(Ok(())) };
        let access = StoreAccess { sharing, counters: &inner.counters, now };
        let Progress { limit_state, costs, .. } = request;
        shared_deferred_costs::poll(access, limit_state, costs, context)
    }

    #[inline]
    fn charge(security: &Security, limit_state: &mut LimitState, cost: u32, _: Moment) {
        if let Some(sharing) = &security.inner().sharing {
            shared_deferred_costs::charge(sharing, limit_state, cost);
        }
    }
}

/// Takes a permit of each limit of a stage, or of none.
fn poll(
    access: StoreAccess<'_>,
    limits: &[PlannedShared],
    subject: Subject<'_>,
    limit_state: &mut LimitState,
    context: &mut Context<'_>,
) -> Poll<Result<(), Refused>> {
    let waiting = &mut limit_state.shared.waiting;
    let query = || Ok(StoreQuery { asked: queries(limits, subject)?, refused: None });
    let Some(mut answered) = ready!(poll_store(waiting, access, query, context))? else {
        return Poll::Ready(Ok(()));
    };
    let observed_ones = apply_answer(access, &mut answered, limit_state)?;
    let StoreAnswer { query, answer } = answered;
    // A limit in shadow mode has taken nothing, and takes nothing later.
    let is_open = |it: &LimitQuery| it.is_open && !observed_ones.contains(&it.position);
    for (place, mut it) in query.asked.into_iter().enumerate().filter(|(_, it)| is_open(it)) {
        if let Ok(verdict) = &answer {
            it.held = verdict.held(place, &it.ask());
        }
        limit_state.shared.deferred.push(it);
    }
    Poll::Ready(Ok(()))
}

/// Sends a query to the store, once, and polls for the answer; `None` if the query is empty.
pub(super) fn poll_store(
    waits: &mut Option<Box<PendingQuery>>,
    access: StoreAccess<'_>,
    query: impl FnOnce() -> Result<StoreQuery, Refused>,
    context: &mut Context<'_>,
) -> Poll<Result<Option<StoreAnswer>, Refused>> {
    let waiting = match waits {
        Some(waiting) => waiting,
        None => {
            let (sharing, query) = (access.sharing, query()?);
            let Some(first) = query.asked.first() else { return Poll::Ready(Ok(None)) };
            let group = sharing.group(&first.whom);
            if let Some(verdict) = sharing.store.decide_now(group, &store_asks(&query.asked)) {
                return Poll::Ready(Ok(Some(StoreAnswer { query, answer: Ok(verdict) })));
            }
            let (store, group) = (sharing.store.clone(), group.to_vec());
            let these = query.asked.clone();
            let answer = async move { store.decide(&group, &store_asks(&these)).await };
            waits.insert(Box::new(PendingQuery { query, answer: Box::pin(answer) }))
        }
    };
    let answer = ready!(waiting.answer.as_mut().poll(context));
    let query = waits.take().map(|waiting| waiting.query).unwrap_or_default();
    Poll::Ready(Ok(Some(StoreAnswer { query, answer })))
}

fn queries(limits: &[PlannedShared], subject: Subject<'_>) -> Result<Vec<LimitQuery>, Refused> {
    let concerned = limits.iter().filter(|it| applies(&it.planned, subject));
    concerned
        .map(|PlannedShared { planned, counts: all_counts, .. }| {
            let whom = whom(&planned.by, subject)?;
            let (place, counts) = all_counts.now();
            Ok(LimitQuery {
                counts,
                place,
                all_counts,
                live: planned.live,
                is_enforced: planned.mode.is_enforced()
                    || shadow_mode::is_in_percentage(planned.mode.percent(), &whom),
                whom,
                cost: planned.upfront,
                operation: Operation::Take,
                taken: 0,
                held: Held::Nothing,
                position: planned.position,
                number: planned.number,
                texts: planned.texts,
                is_open: planned.is_open,
                is_in_fallback: false,
            })
        })
        .collect()
}

/// Counts the store's answer, and refuses the request if a limit does. Returns the positions of the
/// limits in shadow mode that have taken nothing.
///
/// # Errors
///
/// If a limit refuses, or the store is gone and no fallback decides.
pub(super) fn apply_answer(
    access: StoreAccess<'_>,
    answered: &mut StoreAnswer,
    limit_state: &mut LimitState,
) -> Result<Vec<usize>, Refused> {
    let StoreAccess { counters, now, .. } = access;
    let StoreAnswer { query: StoreQuery { asked, .. }, answer } = answered;
    let verdict = match answer {
        Ok(verdict) => verdict,
        Err(gone) => {
            asked.iter_mut().for_each(|it| it.count_fallback(counters));
            return Err(Box::new(Denial::new(DenialKind::Unavailable, gone.to_string())));
        }
    };
    if !matches!(verdict.source(), Source::Shared | Source::Leased) {
        asked.iter_mut().for_each(|it| it.count_fallback(counters));
    }
    let (mut refusing, mut observed_ones) = (None, Vec::new());
    // There are no decisions if the store is gone and the limits admit everything.
    for (it, answer) in asked.iter().zip(verdict.answers()) {
        let (report, key) = (it.report(answer), it.key(counters));
        if answer.is_allowed() || !it.takes() {
            // The request was counted when it took the first permit.
            if it.taken == 0 {
                counters.count(it.number, Outcome::Allowed, key);
            }
        } else if !it.is_enforced {
            shadow_mode::observe(counters, &report, key, now);
            observed_ones.push(it.position);
        } else if refusing.is_none() {
            counters.count(it.number, Outcome::Refused, key);
            refusing = Some(it.for_retry(answer));
        }
        if verdict.is_admitted() {
            limit_state.note(report);
        }
    }
    if verdict.is_admitted() {
        return Ok(observed_ones);
    }
    let Some(report) = refusing else {
        return Err(Box::new(Denial::internal(
            "the store refused the request, and none of its limits did",
        )));
    };
    limit_state.report = Some(report);
    Err(throttled(&report))
}

fn store_asks(asked: &[LimitQuery]) -> Vec<Ask<'_>> {
    asked.iter().map(LimitQuery::ask).collect()
}

/// Keeps the state of the limits to which a refused request has given its permits back.
pub(super) fn note_given_back(answered: &StoreAnswer, limit_state: &mut LimitState) {
    let StoreAnswer { query, answer: Ok(verdict) } = answered else { return };
    for (it, answer) in query.asked.iter().zip(verdict.answers()) {
        limit_state.note(it.report(answer));
    }
}

impl SharedState {
    /// Whether the cost of a limit is still unknown.
    pub(super) fn has_deferred(&self) -> bool {
        !self.deferred.is_empty()
    }
}

impl LimitQuery {
    /// The key for the figures of this process.
    fn key(&self, counters: &Counters) -> LimitKey {
        counters.limiter.key_bytes(self.number as u64, &self.whom)
    }

    fn ask(&self) -> Ask<'_> {
        let Self { counts, whom, cost, .. } = self;
        let ask = match self.operation {
            Operation::Take if self.is_enforced => Ask::take(counts, whom, *cost),
            Operation::Take => Ask::observe(counts, whom, *cost),
            Operation::Keep => Ask::keep(counts, whom),
            Operation::GiveBack => Ask::give_back(counts, whom),
        };
        ask.after(self.taken, self.held)
    }

    /// The limit under the terms of this query.
    pub(super) fn limit(&self) -> &'static Limit {
        self.live.terms(self.place).limit
    }

    fn report(&self, answer: Answer) -> LimitReport {
        let Self { position, number, texts, is_enforced, .. } = *self;
        let Terms { limit, calendar } = self.live.terms(self.place);
        let is_first = self.taken == 0;
        LimitReport { limit, position, texts, calendar, answer, is_first, number, is_enforced }
    }

    /// A refusal, with the time after which the same request is admitted. If the rest of a cost was
    /// refused, the client has to ask for the whole cost again.
    fn for_retry(&self, answer: Answer) -> LimitReport {
        let report = self.report(answer);
        match answer {
            _ if self.taken == 0 => report.for_retry(),
            Answer::Rate(decision) => {
                let again = decision.of_cost(self.cost.saturating_add(self.taken));
                // Other requests may have given back enough in the meantime.
                if again.is_allowed() { report } else { self.report(Answer::Rate(again)) }
            }
            Answer::Period(_) => report,
        }
    }

    /// Counts the fallback once per request.
    fn count_fallback(&mut self, counters: &Counters) {
        if !std::mem::replace(&mut self.is_in_fallback, true) {
            counters.count(self.number, Outcome::Fallback, self.key(counters));
        }
    }

    /// Records in shadow mode a request that costs more than the limit ever admits.
    pub(super) fn observe(&self, access: StoreAccess<'_>, cost: NonZeroU32) {
        let never = Answer::Rate(Decision::of_full_bucket(&self.limit().quota, cost));
        let key = self.key(access.counters);
        shadow_mode::observe(access.counters, &self.report(never), key, access.now);
    }

    /// A query for the rest of a cost of which one permit was taken, under the current terms.
    pub(super) fn rest(&self, rest: Option<NonZeroU32>) -> Self {
        let (place, counts) = self.all_counts.now();
        let operation = if rest.is_some() { Operation::Take } else { Operation::Keep };
        let cost = rest.unwrap_or(NonZeroU32::MIN);
        Self { cost, operation, taken: 1, place, counts, ..self.clone() }
    }

    /// A query that gives the permits back, under the current terms.
    pub(super) fn given_back(&self) -> Self {
        Self { operation: Operation::GiveBack, ..self.rest(None) }
    }

    /// Whether it takes permits.
    pub(super) fn takes(&self) -> bool {
        matches!(self.operation, Operation::Take)
    }
}
