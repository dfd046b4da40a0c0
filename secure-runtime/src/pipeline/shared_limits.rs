//! Stages 2 and 5, where several instances count together: what is asked of the store, and waited for.

use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::rt::spawn;

use super::limit_keys::Subject;
use super::limits::{Counted, LimitReport, throttled};
use super::observed;
use super::open_limits::{rest, unaffordable};
use super::passage::Refused;
use super::shared_keys::whom;
use crate::denial::{Denial, DenialKind};
use crate::policy::Cost;
use crate::security::{LimitTexts, LiveLimit, LiveShared, PlannedShared, Sharing};
use crate::throttling::{
    Answer, Ask, Counters, LimitKey, Outcome, SharedLimit, Source, StoreUnavailable, Verdict,
};
use crate::time::Moment;
use crate::validation::Costs;

/// The shared limits of one request.
#[derive(Default)]
pub(super) struct Shared {
    /// Of the stage that waits for the store.
    waiting: Option<Box<Waiting>>,
    /// Those that took one permit, and take the rest once it is known how many there are.
    open: Vec<Asked>,
}

/// What was asked, and the answer on its way.
struct Waiting {
    asked: Vec<Asked>,
    answer: Pin<Box<dyn Future<Output = Result<Verdict, StoreUnavailable>>>>,
}

/// One limit that is asked for one request.
#[derive(Clone)]
struct Asked {
    /// Under the terms that hold when it is asked.
    counts: &'static SharedLimit,
    place: u32,
    all_counts: &'static LiveShared,
    live: &'static LiveLimit,
    whom: Vec<u8>,
    cost: NonZeroU32,
    position: usize,
    number: usize,
    texts: &'static LimitTexts,
    is_open: bool,
    binds: bool,
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
    let sharing = books.sharing;
    let (asked, answer) = match counted.shared.waiting.take() {
        Some(mut waiting) => match waiting.answer.as_mut().poll(context) {
            Poll::Ready(answer) => (waiting.asked, answer),
            Poll::Pending => {
                counted.shared.waiting = Some(waiting);
                return Poll::Pending;
            }
        },
        None => {
            let asked = asked(limits, subject)?;
            if asked.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let group = sharing.group(asked.first().map_or(&[][..], |first| &first.whom));
            match sharing.store.decide_now(group, &takes(&asked)) {
                Some(verdict) => (asked, Ok(verdict)),
                None => {
                    let (store, group) = (sharing.store.clone(), group.to_vec());
                    let these = asked.clone();
                    let answer = async move { store.decide(&group, &takes(&these)).await };
                    let waiting = Waiting { asked, answer: Box::pin(answer) };
                    counted.shared.waiting = Some(Box::new(waiting));
                    return poll(books, limits, subject, counted, context);
                }
            }
        }
    };
    Poll::Ready(heed(books, asked, answer, counted))
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
                binds: planned.is_enforced() || observed::is_drawn_by(planned, &whom),
                whom,
                cost: planned.upfront,
                position: planned.position,
                number: planned.number,
                texts: planned.texts,
                is_open: planned.is_open,
            })
        })
        .collect()
}

fn takes(asked: &[Asked]) -> Vec<Ask<'_>> {
    asked.iter().map(Asked::take).collect()
}

/// Does what the store has said, and counts it.
fn heed(
    books: Books<'_>,
    asked: Vec<Asked>,
    answer: Result<Verdict, StoreUnavailable>,
    counted: &mut Counted,
) -> Result<(), Refused> {
    let Books { counters, now, .. } = books;
    let is_by_store =
        |verdict: &Verdict| matches!(verdict.source(), Source::Shared | Source::Leased);
    if !answer.as_ref().is_ok_and(is_by_store) {
        asked.iter().for_each(|it| counters.count(it.number, Outcome::Fallback, it.key(counters)));
    }
    let verdict =
        answer.map_err(|gone| Box::new(Denial::new(DenialKind::Unavailable, gone.to_string())))?;
    let (mut refusing, mut observed_ones) = (None, Vec::new());
    // There are no decisions where nobody decides while the store is gone.
    for (it, answer) in asked.iter().zip(verdict.answers()) {
        let (report, key) = (it.report(answer), it.key(counters));
        if answer.is_allowed() {
            counters.count(it.number, Outcome::Allowed, key);
        } else if !it.binds {
            observed::observe(counters, &report, key, now);
            observed_ones.push(it.position);
        } else if refusing.is_none() {
            counters.count(it.number, Outcome::Refused, key);
            refusing = Some(report);
        }
        if verdict.is_admitted() {
            counted.note(report);
        }
    }
    if verdict.is_admitted() {
        // What is observed has taken nothing, and does not later on.
        let is_open = |it: &Asked| it.is_open && !observed_ones.contains(&it.position);
        counted.shared.open.extend(asked.into_iter().filter(is_open));
        return Ok(());
    }
    let Some(report) = refusing else {
        return Err(Box::new(Denial::internal("a store refused, and no limit of it did")));
    };
    counted.report = Some(report);
    Err(throttled(&report))
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
        let Self { counts, whom, cost, binds, .. } = self;
        if *binds { Ask::take(counts, whom, *cost) } else { Ask::observe(counts, whom, *cost) }
    }

    fn report(&self, answer: Answer) -> LimitReport {
        let Self { position, number, texts, binds, .. } = *self;
        let terms = self.live.terms(self.place);
        let (limit, calendar, is_first) = (terms.limit, terms.calendar, true);
        LimitReport { limit, position, texts, calendar, answer, is_first, number, binds }
    }

    /// The same for another cost, under the terms that hold now.
    fn costing(&self, cost: NonZeroU32) -> Self {
        let (place, counts) = self.all_counts.now();
        Self { cost, place, counts, ..self.clone() }
    }
}

/// Takes the rest of what the arguments cost, without waiting: what is not left is owed.
///
/// # Errors
///
/// When more is asked for than can ever be taken at once.
pub(super) fn settle(sharing: &Sharing, counted: &Counted, costs: &Costs) -> Result<(), Refused> {
    let mut charges = Vec::new();
    for open in &counted.shared.open {
        let limit = open.live.now().limit;
        let Cost::Arguments(expression) = limit.cost else { continue };
        let Some(cost) = costs.of(expression.index) else {
            return Err(Box::new(Denial::internal("what a request costs could not be computed")));
        };
        let burst = limit.quota.burst();
        if cost > burst && open.binds {
            return Err(unaffordable(cost, burst));
        }
        charges.extend(rest(cost).map(|cost| open.costing(cost)));
    }
    charge_all(sharing, charges);
    Ok(())
}

/// Takes the rest of what the handler said that the request costs, without waiting.
pub(super) fn charge(sharing: &Sharing, counted: &Counted, cost: u32) {
    let Some(cost) = NonZeroU32::new(cost).and_then(rest) else { return };
    let open = &counted.shared.open;
    let open = open.iter().filter(|open| open.live.now().limit.cost == Cost::Response);
    charge_all(sharing, open.map(|open| open.costing(cost)).collect());
}

fn charge_all(sharing: &Sharing, charges: Vec<Asked>) {
    if charges.is_empty() {
        return;
    }
    let sharing = sharing.clone();
    spawn(async move {
        // The stages have counted for different ones, and each asked about the group of its own.
        let is_alike =
            |one: &Asked, next: &Asked| sharing.group(&one.whom) == sharing.group(&next.whom);
        for stage in charges.chunk_by(is_alike) {
            let Some(first) = stage.first() else { continue };
            let asks: Vec<_> =
                stage.iter().map(|it| Ask::charge(it.counts, &it.whom, it.cost)).collect();
            // A store that is gone is logged by the engine.
            let _ = sharing.store.decide(sharing.group(&first.whom), &asks).await;
        }
    });
}
