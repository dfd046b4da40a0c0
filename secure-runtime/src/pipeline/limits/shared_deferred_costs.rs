//! Costs that are known late, where several instances count together: by the arguments, which is asked of
//! the store and waited for, or by the response, which nobody waits for.

use std::num::NonZeroU32;
use std::task::{Context, Poll, ready};

use actix_web::rt::spawn;

use super::deferred_costs::{rest, unaffordable, unknown};
use super::reserve::LimitState;
use super::shared::{
    LimitQuery, SharedState, StoreAccess, StoreQuery, apply_answer, note_given_back, poll_store,
};
use crate::pipeline::refused::Refused;
use crate::plan::Sharing;
use crate::policy::Cost;
use crate::throttling::Ask;
use crate::validation::Costs;

/// Takes the rest of what the arguments cost, from all limits or from none; then what was taken first is
/// given back, in the same trip. Polled again it goes on where it stopped.
///
/// # Errors
///
/// When it is more than is left, or than can ever be taken at once, and when nobody knows.
pub(super) fn poll(
    access: StoreAccess<'_>,
    limit_state: &mut LimitState,
    costs: &Costs,
    context: &mut Context<'_>,
) -> Poll<Result<(), Refused>> {
    let SharedState { deferred, waiting } = &mut limit_state.shared;
    let query = || query(access, deferred, costs);
    let Some(mut answered) = ready!(poll_store(waiting, access, query, context))? else {
        return Poll::Ready(Ok(()));
    };
    Poll::Ready(match answered.query.refused.take() {
        Some(refused) => {
            note_given_back(&answered, limit_state);
            Err(refused)
        }
        None => apply_answer(access, &mut answered, limit_state).map(|_| ()),
    })
}

/// What is asked of the store: the rest, or, if nobody knows what the request costs, that it gives back
/// what was taken.
///
/// # Errors
///
/// When it costs more than can ever be taken at once: then it has cost what was taken first.
fn query(
    access: StoreAccess<'_>,
    open: &[LimitQuery],
    costs: &Costs,
) -> Result<StoreQuery, Refused> {
    let mut asked = Vec::new();
    let mut beyond = Vec::new();
    let mut refused = None;
    for it in open {
        let Cost::Arguments(expression) = it.limit().cost else { continue };
        let Some(cost) = costs.of(expression.index) else {
            refused.get_or_insert_with(unknown);
            continue;
        };
        let rest = it.rest(rest(cost));
        let burst = rest.limit().quota.burst();
        if cost <= burst {
            asked.push(rest);
        } else if it.is_enforced {
            return Err(unaffordable(cost, burst));
        } else {
            beyond.push((rest, cost));
            asked.push(it.given_back());
        }
    }
    if refused.is_some() {
        let is_late = |it: &&LimitQuery| matches!(it.limit().cost, Cost::Arguments(_));
        let asked = open.iter().filter(is_late).map(LimitQuery::given_back).collect();
        return Ok(StoreQuery { asked, refused });
    }
    beyond.iter().for_each(|(it, cost)| it.observe(access, *cost));
    // Where one permit is all, nothing is asked.
    let is_needed = !beyond.is_empty() || asked.iter().any(LimitQuery::takes);
    Ok(StoreQuery { asked: if is_needed { asked } else { Vec::new() }, refused })
}

/// Takes the rest of what the handler said that the request costs, without waiting: what is not left is
/// owed.
pub(super) fn charge(sharing: &Sharing, limit_state: &LimitState, cost: u32) {
    let Some(cost) = NonZeroU32::new(cost).and_then(rest) else { return };
    let open = limit_state.shared.deferred.iter().filter(|it| it.limit().cost == Cost::Response);
    let charges: Vec<LimitQuery> = open.map(|it| it.rest(Some(cost))).collect();
    if charges.is_empty() {
        return;
    }
    let sharing = sharing.clone();
    spawn(async move {
        // The stages have counted for different ones, and each asked about the group of its own.
        let is_alike = |one: &LimitQuery, next: &LimitQuery| {
            sharing.group(&one.whom) == sharing.group(&next.whom)
        };
        for stage in charges.chunk_by(is_alike) {
            let Some(first) = stage.first() else { continue };
            let store_asks: Vec<_> =
                stage.iter().map(|it| Ask::charge(it.counts, &it.whom, it.cost)).collect();
            // A store that is gone is logged by the engine.
            let _ = sharing.store.decide(sharing.group(&first.whom), &store_asks).await;
        }
    });
}
