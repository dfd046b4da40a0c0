//! Where several instances count together: what is asked of the store, and waited for.

use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::keys::Subject;
use super::reserve::{Counted, LimitReport, throttled};
use super::shadow_mode;
use super::shared_keys::whom;
use crate::denial::{Denial, DenialKind};
use crate::pipeline::refused::Refused;
use crate::policy::Limit;
use crate::security::{LimitTexts, LiveLimit, LiveShared, PlannedShared, Sharing, Terms};
use crate::throttling::{
    Answer, Ask, Counters, Decision, LimitKey, Outcome, SharedLimit, Source, StoreUnavailable,
    Verdict,
};
use crate::time::Moment;

/// The shared limits of one request.
#[derive(Default)]
pub(in crate::pipeline) struct Shared {
    /// Of the stage that waits for the store.
    pub(super) waiting: Option<Box<Waiting>>,
    /// Those that took one permit, and take the rest once it is known how many there are.
    pub(super) open: Vec<Asked>,
}

/// What was asked, and the answer on its way.
pub(super) struct Waiting {
    asked: Vec<Asked>,
    answer: Pin<Box<dyn Future<Output = Result<Verdict, StoreUnavailable>>>>,
}

/// What was asked, and the answer.
pub(super) struct Answered {
    asked: Vec<Asked>,
    answer: Result<Verdict, StoreUnavailable>,
}

/// One limit that is asked for one request.
#[derive(Clone)]
pub(super) struct Asked {
    /// Under the terms that hold when it is asked.
    pub(super) counts: &'static SharedLimit,
    place: u32,
    all_counts: &'static LiveShared,
    live: &'static LiveLimit,
    pub(super) whom: Vec<u8>,
    pub(super) cost: NonZeroU32,
    /// What the request has taken of it before.
    taken: u32,
    position: usize,
    number: usize,
    texts: &'static LimitTexts,
    is_open: bool,
    /// Whether something else than the store has decided.
    is_in_fallback: bool,
    pub(super) binds: bool,
}

/// Who counts what the limits say, and when.
#[derive(Clone, Copy)]
pub(super) struct Books<'a> {
    pub(super) sharing: &'a Sharing,
    pub(super) counters: &'a Counters,
    pub(super) now: Moment,
}

/// Takes the permits of a stage, of all its limits or of none.
pub(super) fn poll(
    books: Books<'_>,
    limits: &[PlannedShared],
    subject: Subject<'_>,
    counted: &mut Counted,
    context: &mut Context<'_>,
) -> Poll<Result<(), Refused>> {
    let waiting = &mut counted.shared.waiting;
    let answered = ready!(ask(waiting, books, || asked(limits, subject), context))?;
    let Some(mut answered) = answered else { return Poll::Ready(Ok(())) };
    let observed_ones = heed(books, &mut answered, counted)?;
    // What is observed has taken nothing, and does not later on.
    let is_open = |it: &Asked| it.is_open && !observed_ones.contains(&it.position);
    counted.shared.open.extend(answered.asked.into_iter().filter(is_open));
    Poll::Ready(Ok(()))
}

/// Asks the store, once, and waits for what it says; `None` where there is nothing to ask.
pub(super) fn ask(
    waits: &mut Option<Box<Waiting>>,
    books: Books<'_>,
    asked: impl FnOnce() -> Result<Vec<Asked>, Refused>,
    context: &mut Context<'_>,
) -> Poll<Result<Option<Answered>, Refused>> {
    let waiting = match waits {
        Some(waiting) => waiting,
        None => {
            let (sharing, asked) = (books.sharing, asked()?);
            let Some(first) = asked.first() else { return Poll::Ready(Ok(None)) };
            let group = sharing.group(&first.whom);
            if let Some(verdict) = sharing.store.decide_now(group, &takes(&asked)) {
                return Poll::Ready(Ok(Some(Answered { asked, answer: Ok(verdict) })));
            }
            let (store, group) = (sharing.store.clone(), group.to_vec());
            let these = asked.clone();
            let answer = async move { store.decide(&group, &takes(&these)).await };
            waits.insert(Box::new(Waiting { asked, answer: Box::pin(answer) }))
        }
    };
    let answer = ready!(waiting.answer.as_mut().poll(context));
    let asked = waits.take().map(|waiting| waiting.asked).unwrap_or_default();
    Poll::Ready(Ok(Some(Answered { asked, answer })))
}

fn asked(limits: &[PlannedShared], subject: Subject<'_>) -> Result<Vec<Asked>, Refused> {
    let concerned =
        limits.iter().filter(|it| it.planned.limit.audience.has(subject.principal, subject.tier));
    concerned
        .map(|PlannedShared { planned, counts: all_counts, .. }| {
            let whom = whom(&planned.by, subject)?;
            let (place, counts) = all_counts.now();
            Ok(Asked {
                counts,
                place,
                all_counts,
                live: planned.live,
                binds: planned.mode.is_enforced()
                    || shadow_mode::draws(planned.mode.percent(), &whom),
                whom,
                cost: planned.upfront,
                taken: 0,
                position: planned.position,
                number: planned.number,
                texts: planned.texts,
                is_open: planned.is_open,
                is_in_fallback: false,
            })
        })
        .collect()
}

/// Counts what the store has said, and refuses if it does. The answer is the places of the limits that are
/// observed and have taken nothing.
///
/// # Errors
///
/// When a limit refuses, or nobody knows.
pub(super) fn heed(
    books: Books<'_>,
    answered: &mut Answered,
    counted: &mut Counted,
) -> Result<Vec<usize>, Refused> {
    let Books { counters, now, .. } = books;
    let Answered { asked, answer } = answered;
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
    // There are no decisions where nobody decides while the store is gone.
    for (it, answer) in asked.iter().zip(verdict.answers()) {
        let (report, key) = (it.report(answer), it.key(counters));
        if answer.is_allowed() {
            // The request was counted when it took the first permit.
            if it.taken == 0 {
                counters.count(it.number, Outcome::Allowed, key);
            }
        } else if !it.binds {
            shadow_mode::observe(counters, &report, key, now);
            observed_ones.push(it.position);
        } else if refusing.is_none() {
            counters.count(it.number, Outcome::Refused, key);
            refusing = Some(it.report(it.as_a_whole(answer)));
        }
        if verdict.is_admitted() {
            counted.note(report);
        }
    }
    if verdict.is_admitted() {
        return Ok(observed_ones);
    }
    let Some(report) = refusing else {
        return Err(Box::new(Denial::internal("a store refused, and no limit of it did")));
    };
    counted.report = Some(report);
    Err(throttled(&report))
}

fn takes(asked: &[Asked]) -> Vec<Ask<'_>> {
    asked.iter().map(Asked::take).collect()
}

impl Shared {
    /// Whether some cost is not known yet.
    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }
}

impl Asked {
    /// Stands for whom it counts in this process' own figures.
    fn key(&self, counters: &Counters) -> LimitKey {
        counters.limiter.key_bytes(self.number as u64, &self.whom)
    }

    fn take(&self) -> Ask<'_> {
        let Self { counts, whom, cost, taken, binds, .. } = self;
        let ask = if *binds { Ask::take } else { Ask::observe };
        ask(counts, whom, *cost).after(*taken)
    }

    /// What the limit admits, under the terms under which it is asked.
    pub(super) fn limit(&self) -> &'static Limit {
        self.live.terms(self.place).limit
    }

    fn report(&self, answer: Answer) -> LimitReport {
        let Self { position, number, texts, binds, .. } = *self;
        let Terms { limit, calendar } = self.live.terms(self.place);
        let is_first = self.taken == 0;
        LimitReport { limit, position, texts, calendar, answer, is_first, number, binds }
    }

    /// The answer to a client that will ask for all of it again.
    fn as_a_whole(&self, answer: Answer) -> Answer {
        match answer {
            Answer::Rate(decision) if self.taken > 0 => {
                let again = decision.of_cost(self.cost.saturating_add(self.taken));
                Answer::Rate(if again.is_allowed() { decision } else { again })
            }
            answer => answer,
        }
    }

    /// Once for each request.
    fn count_fallback(&mut self, counters: &Counters) {
        if !std::mem::replace(&mut self.is_in_fallback, true) {
            counters.count(self.number, Outcome::Fallback, self.key(counters));
        }
    }

    /// The request goes on although it costs more than the limit ever admits.
    pub(super) fn observe(&self, books: Books<'_>, cost: NonZeroU32) {
        let never = Answer::Rate(Decision::of_full_bucket(&self.limit().quota, cost));
        let key = self.key(books.counters);
        shadow_mode::observe(books.counters, &self.report(never), key, books.now);
    }

    /// The rest of a cost of which one permit was taken, under the terms that hold now.
    pub(super) fn rest(&self, rest: NonZeroU32) -> Self {
        let (place, counts) = self.all_counts.now();
        Self { cost: rest, taken: 1, place, counts, ..self.clone() }
    }
}
