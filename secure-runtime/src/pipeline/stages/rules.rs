//! The endpoint's rule, and step-up: how recently and how strongly the caller signed in.
//!
//! A rule is decided as early as possible: with the caller alone, then with the arguments of the
//! request's head, then with those of its body.

use crate::authorization::{AcceptedBy, Circumstances, CompiledRule, Verdict, lacks};
use crate::denial::{Denial, DenialKind};
use crate::pipeline::gate::Gate;
use crate::pipeline::progress::Progress;
use crate::pipeline::refused::{Refused, refused};
use crate::plan::Mode;
use crate::policy::Needs;

/// Decides the rule with the arguments that are extracted.
///
/// # Errors
///
/// If it does not hold, or is undecided although everything that it mentions is extracted.
#[inline]
pub(in crate::pipeline) fn decide(
    gate: &Gate<'_>,
    request: &Progress,
    extracted: Needs,
) -> Result<Verdict, Refused> {
    let Some(rule) = &gate.plan.rule else { return Ok(Verdict::Holds) };
    // Decided earlier: the rule mentions nothing that is new.
    if extracted > rule.needs() {
        return Ok(Verdict::Holds);
    }
    if let Some(caller) = &request.caller
        && rule.holds_by_names(caller)
    {
        return Ok(Verdict::Holds);
    }
    let found = Circumstances {
        caller: request.caller.as_ref(),
        accepted_by: AcceptedBy::new(
            &gate.plan.authentication.names,
            request.authentication.accepted(),
        ),
        address: if rule.asks_about_address() { gate.address() } else { None },
        now: request.entered,
        answers: request.answers,
        extracted,
    };
    match rule.decide(&found) {
        Verdict::Fails => Err(forbidden(gate, request, rule, &found)),
        Verdict::Unknown if extracted == rule.needs() => {
            Err(forbidden(gate, request, rule, &found))
        }
        open => Ok(open),
    }
}

/// The denial for a rule that does not hold, with as much as the client may know.
fn forbidden(
    gate: &Gate<'_>,
    request: &Progress,
    rule: &CompiledRule,
    found: &Circumstances<'_>,
) -> Refused {
    let is_anonymous = found.caller.is_none() && gate.plan.authentication.mode != Mode::Nobody;
    let hides = gate.plan.endpoint.policy.hides;
    let kind = match found.extracted {
        // Nothing was looked up yet, so every anonymous request gets the same 401.
        Needs::Nothing if is_anonymous => DenialKind::Unauthenticated,
        // The client must learn that it needs another token (RFC 6750 section 3.1). It learns
        // nothing about the object, which was not looked up yet.
        Needs::Nothing if hides && rule.lacks_scopes_for_every_object(found) => {
            DenialKind::InsufficientScope
        }
        _ if hides => DenialKind::NotFound,
        _ if is_anonymous => DenialKind::Unauthenticated,
        _ if rule.lacks_scopes_alone(found) => DenialKind::InsufficientScope,
        _ => DenialKind::Forbidden,
    };
    let clause = rule.failed_clause(found).unwrap_or("the rule");
    let denial = Denial::new(kind, format!("`{clause}` does not hold"));
    Box::new(denial.with_authenticator(request.accepting_authenticator()))
}

/// Checks how and when the caller signed in. A caller that the rule forbids was refused before.
///
/// # Errors
///
/// 401 with a challenge that contains the requirement (RFC 9470 section 3).
pub(in crate::pipeline) fn check_step_up(
    gate: &Gate<'_>,
    request: &Progress,
) -> Result<(), Refused> {
    let Some(demanded) = &gate.plan.endpoint.policy.step_up else { return Ok(()) };
    let (Some(caller), Some(now)) = (&request.caller, request.entered) else {
        // No endpoint has this requirement and allows anonymous requests.
        let cause = "the endpoint requires step-up authentication, and the request is anonymous";
        return Err(refused(DenialKind::Unauthenticated, cause));
    };
    match lacks(demanded, caller, now) {
        None => Ok(()),
        Some(cause) => {
            let kind = DenialKind::InsufficientAuthentication;
            let denial = Denial::new(kind, format!("`{demanded}` does not hold: {cause}"));
            Err(Box::new(denial.with_authenticator(request.accepting_authenticator())))
        }
    }
}
