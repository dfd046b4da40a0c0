//! Rules about `concurrency`: requests in flight, and the queue.

use super::{modes, partitions};
use crate::diagnostics::Diagnostics;
use crate::model::legal::{self, AppExpression};
use crate::model::raw::{Concurrency, Number};

/// More waiting requests of one caller indicate an attack or an overloaded service.
const MOST_PLACES: u32 = 10_000;

/// With a limit of zero the endpoint would reject every request.
pub(super) fn is_positive(concurrency: &Concurrency, diagnostics: &mut Diagnostics) {
    if concurrency.most.value == 0 {
        diagnostics.error_at(concurrency.most.span, "`concurrency` expects at least 1, found 0");
    }
}

/// A queue has at least one place, and an upper bound.
pub(super) fn queue_has_places(concurrency: &Concurrency, diagnostics: &mut Diagnostics) {
    let Some(Number { value, span }) = concurrency.queue else { return };
    if value == 0 {
        diagnostics
            .error_at(span, "`queue` expects at least 1, found 0")
            .help("remove `queue` and `wait` to refuse further requests at once");
    } else if value > MOST_PLACES {
        diagnostics
            .error_at(span, format!("`queue` expects at most {MOST_PLACES}, found {value}"))
            .note("every waiting request holds a connection and counts towards `max_in_flight`");
    }
}

/// A queue has a longest wait: without it, callers would wait for requests that never finish.
pub(super) fn queue_has_a_wait(concurrency: &Concurrency, diagnostics: &mut Diagnostics) {
    match (&concurrency.queue, &concurrency.wait) {
        (Some(queue), None) => {
            diagnostics
                .error_at(queue.span, "`queue` expects a `wait` beside it, found none")
                .help("`wait = \"500ms\"`")
                .note("a request could wait without a time limit");
        }
        (None, Some((_, wait))) => {
            diagnostics
                .error_at(wait.span, "`wait` expects a `queue` beside it, found none")
                .help("`queue = 16`")
                .note("any number of requests could wait");
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
}

/// The checked concurrency limits.
pub(super) fn legal(written: &[Concurrency], keys: &[AppExpression]) -> Vec<legal::Concurrency> {
    let one = |it: &Concurrency| legal::Concurrency {
        most: it.most.value,
        by: partitions::partition(it.by.as_ref(), keys),
        mode: it.mode.as_ref().and_then(modes::known),
        queue: it.queue.zip(it.wait.as_ref()).map(|(queue, (wait, _))| (queue.value, wait.0)),
    };
    written.iter().map(one).collect()
}
