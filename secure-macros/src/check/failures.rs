//! Rules about budgets for failures.

use crate::diagnostics::Diagnostics;
use crate::model::legal::Failures;
use crate::model::raw::{Declaration, FailuresKey, Window};

/// Which answers count, alone, counts nothing.
pub(super) fn has_a_rate(failures: &FailuresKey, diagnostics: &mut Diagnostics) {
    if failures.complete && failures.rate.is_none() {
        diagnostics
            .error(
                &failures.key,
                "`failures` expects a rate such as `\"10/min\"`, found statuses only",
            )
            .help("`failures(\"10/min\", on = [401, 403])`");
    }
}

/// A failure is the client's: what this side gets wrong would ban those who suffer from it, and the
/// answer to a ban would renew it.
pub(super) fn statuses_are_failures(failures: &FailuresKey, diagnostics: &mut Diagnostics) {
    for status in failures.on.iter().flatten() {
        let value = status.value;
        let note = match value {
            429 => "a limit's own refusal would lengthen what it is an answer to",
            400..=499 => continue,
            500..=599 => "an error of this side is no failure of the client",
            100..=399 => "an answer that is no error is no failure",
            _ => "there is no such status (RFC 9110 section 15)",
        };
        let message = format!("`on` expects statuses of client errors but 429, found {value}");
        diagnostics.error_at(status.span, message).note(note);
    }
}

/// A status once in a list.
pub(super) fn statuses_differ(failures: &FailuresKey, diagnostics: &mut Diagnostics) {
    let statuses = failures.on.as_deref().unwrap_or_default();
    for (index, status) in statuses.iter().enumerate() {
        if statuses.iter().take(index).any(|earlier| earlier.value == status.value) {
            let message = format!("`on` has {} twice, expected it once", status.value);
            diagnostics.error_at(status.span, message);
        }
    }
}

/// Of two budgets with one window that count the same answers, only the smaller would count.
pub(super) fn windows_differ(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    let budgets: Vec<_> = declaration.failures.iter().filter(|it| it.complete).collect();
    for (index, later) in budgets.iter().enumerate() {
        let Some(window) = &later.rate else { continue };
        let is_same = |first: &&&FailuresKey| {
            let same_window =
                |first: &Window| first.rate.window_seconds == window.rate.window_seconds;
            first.rate.as_ref().is_some_and(same_window)
                && statuses(first).iter().any(|status| statuses(later).contains(status))
        };
        let first = budgets.iter().take(index).find(is_same);
        if let Some(first) = first.and_then(|first| first.rate.as_ref()) {
            let message = format!(
                "`failures` expects different windows for a status, found `{}` and `{}`",
                first.rate, window.rate
            );
            diagnostics.error_at(window.span, message).help("keep the smaller one");
        }
    }
}

/// As they count where nothing is hidden.
fn statuses(failures: &FailuresKey) -> Vec<u32> {
    match &failures.on {
        None => vec![401, 403],
        Some(on) => on.iter().map(|status| status.value).collect(),
    }
}

/// Every budget.
pub(super) fn budgets(declaration: &Declaration) -> Vec<Failures> {
    let status = |value| u16::try_from(value).unwrap_or_default();
    let read = |failures: &FailuresKey| {
        let rate = failures.rate.as_ref()?.rate;
        let on = failures.on.iter().flatten().map(|number| status(number.value)).collect();
        Some(Failures { permits: rate.permits, window_seconds: rate.window_seconds, on })
    };
    declaration.failures.iter().filter_map(read).collect()
}
