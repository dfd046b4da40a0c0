//! Stages 2 and 5, where several instances count together: what is asked of the store, and waited for.

use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::rt::spawn;

use super::limit_keys::Subject;
use super::limits::{Counted, LimitReport, throttled};
use super::open_limits::{rest, unaffordable};
use super::passage::Refused;
use super::shared_keys::whom;
use crate::denial::{Denial, DenialKind};
use crate::policy::{Cost, Limit};
use crate::security::{LimitTexts, PlannedShared, Sharing};
use crate::throttling::{Answer, Ask, Decision, SharedLimit, StoreUnavailable, Verdict};
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
    counts: &'static SharedLimit,
    whom: Vec<u8>,
    cost: NonZeroU32,
    limit: &'static Limit,
    position: usize,
    texts: &'static LimitTexts,
    is_open: bool,
}

/// Takes the permits of a stage, of all its limits or of none.
pub(super) fn poll(
    sharing: &Sharing,
    limits: &[PlannedShared],
    subject: Subject<'_>,
    counted: &mut Counted,
    context: &mut Context<'_>,
) -> Poll<Result<(), Refused>> {
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
                    return poll(sharing, limits, subject, counted, context);
                }
            }
        }
    };
    Poll::Ready(heed(asked, answer, counted))
}

fn asked(limits: &[PlannedShared], subject: Subject<'_>) -> Result<Vec<Asked>, Refused> {
    let concerned =
        limits.iter().filter(|planned| planned.limit.audience.has(subject.principal, subject.tier));
    concerned
        .map(|planned| {
            let &PlannedShared { limit, counts, upfront, position, texts, .. } = planned;
            let (whom, is_open) = (whom(&planned.by, subject)?, planned.is_open());
            Ok(Asked { counts, whom, cost: upfront, limit, position, texts, is_open })
        })
        .collect()
}

fn takes(asked: &[Asked]) -> Vec<Ask<'_>> {
    asked.iter().map(|it| Ask::take(it.counts, &it.whom, it.cost)).collect()
}

/// Does what the store has said.
fn heed(
    asked: Vec<Asked>,
    answer: Result<Verdict, StoreUnavailable>,
    counted: &mut Counted,
) -> Result<(), Refused> {
    let verdict =
        answer.map_err(|gone| Box::new(Denial::new(DenialKind::Unavailable, gone.to_string())))?;
    // There are no decisions where nobody decides while the store is gone.
    let reports = asked.iter().zip(verdict.decisions()).map(|(it, decision)| it.report(*decision));
    if verdict.is_admitted() {
        reports.for_each(|report| counted.note(report));
        counted.shared.open.extend(asked.into_iter().filter(|it| it.is_open));
        return Ok(());
    }
    let Some(report) = reports.into_iter().find(|report| !report.answer.is_allowed()) else {
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
    fn report(&self, decision: Decision) -> LimitReport {
        let Self { limit, position, texts, .. } = *self;
        let answer = Answer::Rate(decision);
        let (calendar, is_first) = (None, true);
        // What is not enforced for everybody is not counted together; this instance tallies its own.
        let (number, binds) = (usize::MAX, true);
        LimitReport { limit, position, texts, calendar, answer, is_first, number, binds }
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
        let Cost::Arguments(expression) = open.limit.cost else { continue };
        let Some(cost) = costs.of(expression.index) else {
            return Err(Box::new(Denial::internal("what a request costs could not be computed")));
        };
        let burst = open.limit.quota.burst();
        if cost > burst {
            return Err(unaffordable(cost, burst));
        }
        charges.extend(rest(cost).map(|cost| Asked { cost, ..open.clone() }));
    }
    charge_all(sharing, charges);
    Ok(())
}

/// Takes the rest of what the handler said that the request costs, without waiting.
pub(super) fn charge(sharing: &Sharing, counted: &Counted, cost: u32) {
    let Some(cost) = NonZeroU32::new(cost).and_then(rest) else { return };
    let open = counted.shared.open.iter().filter(|open| open.limit.cost == Cost::Response);
    charge_all(sharing, open.map(|open| Asked { cost, ..open.clone() }).collect());
}

fn charge_all(sharing: &Sharing, charges: Vec<Asked>) {
    let Some(first) = charges.first() else { return };
    let (store, group) = (sharing.store.clone(), sharing.group(&first.whom).to_vec());
    spawn(async move {
        let asks: Vec<_> =
            charges.iter().map(|it| Ask::charge(it.counts, &it.whom, it.cost)).collect();
        // A store that is gone is logged by the engine.
        let _ = store.decide(&group, &asks).await;
    });
}
