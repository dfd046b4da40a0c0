//! The thread that fetches documents on request.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;
use std::time::Instant;

use super::Order;
use crate::authentication::outage::{Outage, duration, shortened};

/// Fetches on request, on a thread of its own, until `tell` reports that no receiver is left.
///
/// `what` stands in the log: one line when fetching begins to fail, one for each other cause, and one
/// when it works again.
pub(crate) fn supply<K>(
    what: String,
    orders: Receiver<Order>,
    read: impl Fn() -> Result<K, String> + Send + 'static,
    tell: impl Fn(u64, Result<K, String>) -> bool + Send + 'static,
) -> Result<(), String> {
    let fetch = move || {
        let mut outage = Outage::default();
        while let Ok(Order { since, not_before }) = orders.recv() {
            std::thread::sleep(not_before.saturating_duration_since(Instant::now()));
            // In every case, waiting requests get a result.
            let fetched = catch_unwind(AssertUnwindSafe(&read));
            let fetched = fetched.unwrap_or_else(|_| Err("reading them panicked".to_owned()));
            let fetched = fetched.map_err(shortened);
            log(&what, &mut outage, fetched.as_ref().err());
            if !tell(since, fetched) {
                return;
            }
        }
    };
    let thread = std::thread::Builder::new().name("secure-keys".to_owned()).spawn(fetch);
    thread.map(drop).map_err(|error| format!("no thread to fetch keys: {error}"))
}

fn log(what: &str, outage: &mut Outage, fault: Option<&String>) {
    match fault {
        Some(cause) if outage.failed(cause) => tracing::warn!("no keys from {what}: {cause}"),
        Some(cause) => tracing::debug!("no keys from {what}, again: {cause}"),
        None => {
            if let Some(over) = outage.ended() {
                tracing::info!(
                    "keys from {what} again, after {} and {} failed attempts",
                    duration(over.lasted),
                    over.attempts
                );
            }
        }
    }
}
