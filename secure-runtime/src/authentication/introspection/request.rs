//! One introspection request, and the delivery of its result to every waiting HTTP request.

use std::sync::Weak;
use std::time::{Duration, Instant};

use super::authenticator::Introspector;
use super::fingerprint::Fingerprint;
use super::outcome::Outcome;
use super::single_flight::{Announcement, GIVEN_UP};
use crate::authentication::token_cache::Generation;
use crate::support::circuit::Call;
use crate::support::time::Moment;

/// A message to the thread that sends introspection requests.
pub(super) struct Order {
    pub(super) token: Box<[u8]>,
    pub(super) fingerprint: Fingerprint,
    /// When the request came that began it.
    pub(super) now: Moment,
    pub(super) begun: Instant,
    pub(super) generation: Generation,
    pub(super) call: Call,
    pub(super) announcement: Announcement,
    pub(super) by: Weak<Introspector>,
    pub(super) has_landed: bool,
}

/// How asking ended.
pub(super) enum End {
    /// The provider answered, usefully or not.
    Answered(Outcome),
    /// It did not; the sentence is for the log.
    OutOfReach(String),
    /// No request was sent.
    Unasked(&'static str),
}

impl Order {
    /// The time now: clocks are read by requests only.
    pub(super) fn moment(&self) -> Moment {
        let passed = self.begun.elapsed();
        Moment::new(
            Duration::from_nanos(self.now.monotonic_nanos()).saturating_add(passed),
            Duration::from_nanos(self.now.unix_nanos()).saturating_add(passed),
        )
    }

    /// Whether it still makes sense to call.
    pub(super) fn may_call(&self) -> bool {
        self.by.upgrade().is_some_and(|by| by.flights.still_admits(self.call))
    }

    /// Passes the result to the requests that wait.
    pub(super) fn land(mut self, end: End) {
        self.conclude(end);
    }

    fn conclude(&mut self, end: End) {
        if std::mem::replace(&mut self.has_landed, true) {
            return;
        }
        match self.by.upgrade() {
            Some(by) => by.conclude(self, end),
            // No request can be sent anymore.
            None => drop(self.announcement.send_replace(Some(Outcome::Unknown(GIVEN_UP)))),
        }
    }
}

/// A flight that is dropped, for example by a panic, ends the wait of its requests.
impl Drop for Order {
    fn drop(&mut self) {
        self.conclude(End::Unasked(GIVEN_UP));
    }
}
