//! The request enters: the time is read once, and it counts among all that are being served.

use crate::denial::Denial;
use crate::pipeline::gate::Gate;
use crate::pipeline::progress::Progress;
use crate::pipeline::refused::Refused;
use crate::throttling::Place;

/// Takes a place among all requests of the program, where their number is bounded.
///
/// # Errors
///
/// 503 where as many are served as may be beside one of this priority.
#[inline]
pub(in crate::pipeline) fn enter(gate: &Gate<'_>, request: &mut Progress) -> Result<(), Refused> {
    gate.security.note_request(gate.plan, gate.request);
    take_place(gate, request)?;
    request.entered = Some(gate.security.inner().clock.now());
    Ok(())
}

/// A place among all requests of the program; none where their number is not bounded.
///
/// # Errors
///
/// As [`enter`]'s.
pub(in crate::pipeline) fn place(gate: &Gate<'_>) -> Result<Option<Place>, Refused> {
    let Some(load) = &gate.security.inner().load else { return Ok(None) };
    let priority = gate.plan.endpoint.policy.priority.unwrap_or_default();
    match load.enter(priority) {
        Some(place) => Ok(Some(place)),
        None => Err(Box::new(Denial::reduced_capacity("more requests are served than may be", 1))),
    }
}

fn take_place(gate: &Gate<'_>, request: &mut Progress) -> Result<(), Refused> {
    // The policy of a scope has a place by its endpoint.
    if !request.is_scope_policy {
        request.limit_state.place = place(gate)?;
    }
    Ok(())
}

/// Gives the place up while the client is waited for: one that sends slowly keeps nobody else out.
pub(in crate::pipeline) fn leave(request: &mut Progress) {
    request.limit_state.place = None;
}

/// Takes a place again after it was given up.
///
/// # Errors
///
/// As [`enter`]'s.
#[inline]
pub(in crate::pipeline) fn reenter(gate: &Gate<'_>, request: &mut Progress) -> Result<(), Refused> {
    if request.limit_state.place.is_some() { Ok(()) } else { take_place(gate, request) }
}
