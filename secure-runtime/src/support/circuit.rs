//! A circuit breaker for calls over the network (to an identity provider, or to Redis): no calls are made
//! shortly after one failed.
//!
//! 1. The first failed call stops all others for a quarter of a second.
//! 2. After that, one call at a time tries again, and the others fail at once. Each failed try doubles the
//!    pause, up to 32 seconds, or up to a configured bound.
//! 3. Any response closes the circuit.

/// The state of one remote service.
#[derive(Debug)]
pub(crate) struct Circuit {
    /// The largest number of doublings of the first pause.
    most_doublings: u32,
    /// The number of pauses since the last response.
    failures: u32,
    /// When the next call may begin, in monotonic nanoseconds.
    again_at: u64,
    is_tried: bool,
}

/// Pauses of 32 seconds at most.
impl Default for Circuit {
    fn default() -> Self {
        Self::pausing(7)
    }
}

/// A call that may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Usual,
    /// The trial call after a pause.
    Trial,
}

impl Circuit {
    /// A circuit whose first pause of a quarter of a second is doubled at most so often.
    pub(crate) const fn pausing(most_doublings: u32) -> Self {
        Self { most_doublings, failures: 0, again_at: 0, is_tried: false }
    }

    /// Whether a call may begin.
    pub(crate) fn admit(&mut self, now_nanos: u64) -> Option<Call> {
        if self.failures == 0 {
            return Some(Call::Usual);
        }
        if self.is_tried || now_nanos < self.again_at {
            return None;
        }
        self.is_tried = true;
        Some(Call::Trial)
    }

    /// Whether a call that was admitted earlier is still worth making.
    pub(crate) fn still_admits(&self, call: Call) -> bool {
        call == Call::Trial || self.failures == 0
    }

    /// Records that an admitted call was not made after all.
    #[cfg(any(test, feature = "redis"))]
    pub(crate) fn release(&mut self, call: Call) {
        if call == Call::Trial {
            self.is_tried = false;
        }
    }

    /// Records a response.
    pub(crate) fn reached(&mut self) {
        *self = Self::pausing(self.most_doublings);
    }

    /// Records a failed call. Returns whether the circuit was closed before. Calls that began before the
    /// first failure change nothing.
    pub(crate) fn failed(&mut self, call: Call, now_nanos: u64) -> bool {
        if !self.still_admits(call) {
            return false;
        }
        self.again_at =
            now_nanos.saturating_add(PAUSE_NANOS << self.failures.min(self.most_doublings));
        self.failures = self.failures.saturating_add(1);
        self.is_tried = false;
        true
    }
}

const PAUSE_NANOS: u64 = 250_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn pauses_are_doubled_and_one_call_at_a_time_tries_again() {
        let mut circuit = Circuit::default();
        assert_eq!(circuit.admit(0), Some(Call::Usual));
        assert_eq!(circuit.admit(0), Some(Call::Usual));
        assert!(circuit.failed(Call::Usual, 0));
        // The second one was under way already.
        assert!(!circuit.still_admits(Call::Usual));
        assert!(!circuit.failed(Call::Usual, 0));
        let mut now = 0;
        for pause in [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000, 32_000] {
            now += pause * SECOND / 1_000;
            assert_eq!(circuit.admit(now - 1), None);
            assert_eq!(circuit.admit(now), Some(Call::Trial));
            assert_eq!(circuit.admit(now), None, "one at a time");
            assert!(circuit.still_admits(Call::Trial));
            assert!(circuit.failed(Call::Trial, now));
        }
        circuit.reached();
        assert_eq!(circuit.admit(now), Some(Call::Usual));
    }

    #[test]
    fn pauses_are_as_long_as_their_user_says() {
        let mut circuit = Circuit::pausing(1);
        let mut now = 0;
        assert!(circuit.failed(Call::Usual, now));
        for pause in [250, 500, 500] {
            now += pause * SECOND / 1_000;
            assert_eq!(circuit.admit(now - 1), None);
            assert_eq!(circuit.admit(now), Some(Call::Trial));
            assert!(circuit.failed(Call::Trial, now));
        }
        circuit.reached();
        assert!(circuit.failed(Call::Usual, now));
        assert_eq!(circuit.admit(now + SECOND / 4), Some(Call::Trial), "it begins anew");
    }

    #[test]
    fn who_does_not_try_lets_another_try() {
        let mut circuit = Circuit::default();
        assert!(circuit.failed(Call::Usual, 0));
        assert_eq!(circuit.admit(SECOND), Some(Call::Trial));
        assert_eq!(circuit.admit(SECOND), None);
        circuit.release(Call::Usual);
        assert_eq!(circuit.admit(SECOND), None);
        circuit.release(Call::Trial);
        assert_eq!(circuit.admit(SECOND), Some(Call::Trial));
    }

    #[test]
    fn an_answer_to_an_earlier_call_ends_the_pause() {
        let mut circuit = Circuit::default();
        assert!(circuit.failed(Call::Usual, 0));
        assert_eq!(circuit.admit(1), None);
        circuit.reached();
        assert_eq!(circuit.admit(1), Some(Call::Usual));
    }
}
