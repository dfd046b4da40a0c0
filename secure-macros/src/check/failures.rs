//! Rules about `failures`: budgets of failed requests.

use super::modes;
use crate::diagnostics::Diagnostics;
use crate::model::legal::{Failures, Mode};
use crate::model::raw::{Declaration, FailuresKey, Window};

/// Options without a rate count nothing.
pub(super) fn has_a_rate(failures: &FailuresKey, diagnostics: &mut Diagnostics) {
    if failures.complete && failures.rates.is_empty() {
        diagnostics
            .error(
                &failures.key,
                "`failures` expects a rate such as `\"10/min\"`, found options only",
            )
            .help("`failures(\"10/min\", on = [401, 403])`");
    }
}

/// Only client errors are failures. Server errors would ban clients that suffer from them, and
/// counting the response to a ban would renew the ban.
pub(super) fn statuses_are_failures(failures: &FailuresKey, diagnostics: &mut Diagnostics) {
    for status in failures.on.iter().flatten() {
        let value = status.value;
        let note = match value {
            429 => "429 is the response to a ban: counting it would extend the ban",
            400..=499 => continue,
            500..=599 => "a server error is not a failure of the client",
            100..=399 => "a response that is not an error is not a failure",
            _ => "there is no such status (RFC 9110 section 15)",
        };
        let message = format!("`on` expects 4xx statuses other than 429, found {value}");
        diagnostics.error_at(status.span, message).note(note);
    }
}

/// Each status is listed once.
pub(super) fn statuses_differ(failures: &FailuresKey, diagnostics: &mut Diagnostics) {
    let statuses = failures.on.as_deref().unwrap_or_default();
    for (index, status) in statuses.iter().enumerate() {
        if statuses.iter().take(index).any(|earlier| earlier.value == status.value) {
            let message = format!("`on` lists {} twice, expected it once", status.value);
            diagnostics.error_at(status.span, message);
        }
    }
}

/// Two budgets must not have the same window and statuses: only the smaller would count.
pub(super) fn windows_differ(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    let complete = declaration.failures.iter().filter(|it| it.complete);
    let budgets: Vec<(&FailuresKey, &Window)> =
        complete.flat_map(|it| it.rates.iter().map(move |window| (it, window))).collect();
    for (index, (later, window)) in budgets.iter().enumerate() {
        let is_same = |(first, other): &&(&FailuresKey, &Window)| {
            // A budget in shadow mode may be a trial beside another one.
            is_on_trial(first) == is_on_trial(later)
                && other.rate.window_seconds == window.rate.window_seconds
                && statuses(first).iter().any(|status| statuses(later).contains(status))
        };
        if let Some((_, first)) = budgets.iter().take(index).find(is_same) {
            let message = format!(
                "`failures` expects different windows for a status, found `{}` and `{}`",
                first.rate, window.rate
            );
            diagnostics.error_at(window.span, message).help("keep the smaller one");
        }
    }
}

/// Whether the budget does not ban in all cases.
fn is_on_trial(failures: &FailuresKey) -> bool {
    failures.mode.as_ref().and_then(modes::known).is_some_and(|mode| mode != Mode::Enforce)
}

/// The statuses that count if nothing is hidden.
fn statuses(failures: &FailuresKey) -> Vec<u32> {
    match &failures.on {
        None => vec![401, 403],
        Some(on) => on.iter().map(|status| status.value).collect(),
    }
}

/// Every budget.
pub(super) fn budgets(declaration: &Declaration) -> Vec<Failures> {
    let status = |value| u16::try_from(value).unwrap_or_default();
    let read = |failures: &FailuresKey, window: &Window| Failures {
        permits: window.rate.permits,
        window_seconds: window.rate.window_seconds,
        on: failures.on.iter().flatten().map(|number| status(number.value)).collect(),
        shared: window.shared.clone(),
        mode: failures.mode.as_ref().and_then(modes::known),
    };
    let budgets = |failures: &&FailuresKey| -> Vec<Failures> {
        failures.rates.iter().map(|window| read(failures, window)).collect()
    };
    declaration.failures.iter().flat_map(|failures| budgets(&failures)).collect()
}
