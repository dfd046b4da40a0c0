//! Whether the provider is asked at all: not while it was out of reach just now.
//!
//! 1. The first call that does not reach it ends all others for a quarter of a second.
//! 2. After that one request at a time tries again, while the others are answered at once. Each try
//!    that fails doubles the pause, up to 32 seconds.
//! 3. Any answer ends it.

/// The state of one provider.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    /// How many pauses there were since the last answer.
    failures: u32,
    /// When the next call may begin, in monotonic nanoseconds.
    again_at: u64,
    is_tried: bool,
}

/// A call that may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Usual,
    /// The one that finds out whether the provider is back.
    Trial,
}

impl Circuit {
    /// Whether a call may begin.
    pub(super) fn admit(&mut self, now_nanos: u64) -> Option<Call> {
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
    pub(super) fn still_admits(&self, call: Call) -> bool {
        call == Call::Trial || self.failures == 0
    }

    /// Takes in that the provider answered.
    pub(super) fn reached(&mut self) {
        *self = Self::default();
    }

    /// Takes in that a call failed; whether that was news. Calls that began before the first failure
    /// add nothing to it.
    pub(super) fn failed(&mut self, call: Call, now_nanos: u64) -> bool {
        if !self.still_admits(call) {
            return false;
        }
        self.again_at = now_nanos.saturating_add(PAUSE_NANOS << self.failures.min(MOST_DOUBLINGS));
        self.failures = self.failures.saturating_add(1);
        self.is_tried = false;
        true
    }
}

const PAUSE_NANOS: u64 = 250_000_000;
/// 32 s at most.
const MOST_DOUBLINGS: u32 = 7;

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
    fn an_answer_to_an_earlier_call_ends_the_pause() {
        let mut circuit = Circuit::default();
        assert!(circuit.failed(Call::Usual, 0));
        assert_eq!(circuit.admit(1), None);
        circuit.reached();
        assert_eq!(circuit.admit(1), Some(Call::Usual));
    }
}
