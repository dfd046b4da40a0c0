//! Costs that are known late, where several instances count together: by the arguments, which is asked of
//! the store and waited for, or by the response, which nobody waits for.

use std::num::NonZeroU32;
use std::task::{Context, Poll, ready};

use actix_web::rt::spawn;

use super::deferred_costs::{rest, unaffordable};
use super::reserve::Counted;
use super::shared::{Asked, Books, Shared, ask, heed};
use crate::denial::Denial;
use crate::pipeline::refused::Refused;
use crate::policy::Cost;
use crate::security::Sharing;
use crate::throttling::Ask;
use crate::validation::Costs;

/// Takes the rest of what the arguments cost, from all limits or from none. Polled again it goes on where
/// it stopped.
///
/// # Errors
///
/// When it is more than is left, or than can ever be taken at once, and when nobody knows.
pub(super) fn poll(
    books: Books<'_>,
    counted: &mut Counted,
    costs: &Costs,
    context: &mut Context<'_>,
) -> Poll<Result<(), Refused>> {
    let Shared { open, waiting } = &mut counted.shared;
    let answered = ready!(ask(waiting, books, || rests(books, open, costs), context))?;
    Poll::Ready(match answered {
        Some(mut answered) => heed(books, &mut answered, counted).map(|_| ()),
        None => Ok(()),
    })
}

/// What is asked of the store, unless something can be said without it.
fn rests(books: Books<'_>, open: &[Asked], costs: &Costs) -> Result<Vec<Asked>, Refused> {
    let mut asked = Vec::new();
    let mut beyond = Vec::new();
    for it in open {
        let Cost::Arguments(expression) = it.limit().cost else { continue };
        let Some(cost) = costs.of(expression.index) else {
            return Err(Box::new(Denial::internal("what a request costs could not be computed")));
        };
        let Some(rest) = rest(cost).map(|rest| it.rest(rest)) else { continue };
        let burst = rest.limit().quota.burst();
        if cost <= burst {
            asked.push(rest);
        } else if it.binds {
            return Err(unaffordable(cost, burst));
        } else {
            beyond.push((rest, cost));
        }
    }
    beyond.iter().for_each(|(it, cost)| it.observe(books, *cost));
    Ok(asked)
}

/// Takes the rest of what the handler said that the request costs, without waiting: what is not left is
/// owed.
pub(super) fn charge(sharing: &Sharing, counted: &Counted, cost: u32) {
    let Some(cost) = NonZeroU32::new(cost).and_then(rest) else { return };
    let open = counted.shared.open.iter().filter(|it| it.limit().cost == Cost::Response);
    let charges: Vec<Asked> = open.map(|it| it.rest(cost)).collect();
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
