//! Costs that are known late, of limits in Redis. A cost that depends on the arguments is awaited;
//! a cost that the response contains is charged in the background.

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

/// Takes the rest of the costs that depend on the arguments, from all limits or from none. If one
/// refuses, the first permits are given back in the same round trip. A later poll continues where
/// this one stopped.
///
/// # Errors
///
/// If the cost is more than is left, or more than the limit ever admits, or could not be computed.
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

/// The query for the rest. If the cost could not be computed, the query gives the first permits
/// back.
///
/// # Errors
///
/// If the cost is more than the limit ever admits. Then the first permit is spent.
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
    // If every cost is one permit, no query is needed.
    let is_needed = !beyond.is_empty() || asked.iter().any(LimitQuery::takes);
    Ok(StoreQuery { asked: if is_needed { asked } else { Vec::new() }, refused })
}

/// Charges the rest of the cost that the response contains, in the background, even if it exceeds
/// what is left.
pub(super) fn charge(sharing: &Sharing, limit_state: &LimitState, cost: u32) {
    let Some(cost) = NonZeroU32::new(cost).and_then(rest) else { return };
    let open = limit_state.shared.deferred.iter().filter(|it| it.limit().cost == Cost::Response);
    let charges: Vec<LimitQuery> = open.map(|it| it.rest(Some(cost))).collect();
    if charges.is_empty() {
        return;
    }
    let sharing = sharing.clone();
    spawn(async move {
        // Different stages may count by different keys, and each key has its own group in the
        // store.
        let is_alike = |one: &LimitQuery, next: &LimitQuery| {
            sharing.group(&one.whom) == sharing.group(&next.whom)
        };
        for stage in charges.chunk_by(is_alike) {
            let Some(first) = stage.first() else { continue };
            let store_asks: Vec<_> =
                stage.iter().map(|it| Ask::charge(it.counts, &it.whom, it.cost)).collect();
            // The store logs that it is unavailable.
            let _ = sharing.store.decide(sharing.group(&first.whom), &store_asks).await;
        }
    });
}
