//! Load shedding: the request takes an in-flight slot of the program, and the clock is read once.

use crate::denial::Denial;
use crate::pipeline::gate::Gate;
use crate::pipeline::progress::Progress;
use crate::pipeline::refused::Refused;
use crate::throttling::Place;

/// Takes an in-flight slot of the program, if their number is limited.
///
/// # Errors
///
/// 503 if all slots for requests of this priority are taken.
#[inline]
pub(in crate::pipeline) fn enter(gate: &Gate<'_>, request: &mut Progress) -> Result<(), Refused> {
    gate.security.note_request(gate.plan, gate.request);
    take_place(gate, request)?;
    request.entered = Some(gate.security.inner().clock.now());
    Ok(())
}

/// An in-flight slot of the program; `None` if their number is not limited.
///
/// # Errors
///
/// As [`enter`].
pub(in crate::pipeline) fn place(gate: &Gate<'_>) -> Result<Option<Place>, Refused> {
    let Some(load) = &gate.security.inner().load else { return Ok(None) };
    let priority = gate.plan.endpoint.policy.priority.unwrap_or_default();
    match load.enter(priority) {
        Some(place) => Ok(Some(place)),
        None => Err(Box::new(Denial::reduced_capacity(
            "the server has reached its limit of requests in flight",
            1,
        ))),
    }
}

fn take_place(gate: &Gate<'_>, request: &mut Progress) -> Result<(), Refused> {
    // A scope policy uses the slot of its endpoint.
    if !request.is_scope_policy {
        request.limit_state.place = place(gate)?;
    }
    Ok(())
}

/// Releases the slot while the body arrives, so that a slow client keeps no other request out.
pub(in crate::pipeline) fn leave(request: &mut Progress) {
    request.limit_state.place = None;
}

/// Takes a slot again after [`leave`].
///
/// # Errors
///
/// As [`enter`].
#[inline]
pub(in crate::pipeline) fn reenter(gate: &Gate<'_>, request: &mut Progress) -> Result<(), Refused> {
    if request.limit_state.place.is_some() { Ok(()) } else { take_place(gate, request) }
}
