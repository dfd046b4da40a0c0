//! A trip that brings permits for one key, for which others may wait.

use std::sync::Arc;

use tokio::sync::watch;

use super::leases::{Berth, Landing, Leases};
use super::script::{Found, Reply};
use super::statistics::Counters;

/// Rings when permits were brought, and ends when the flight is over, however it went.
pub(super) type Bell = watch::Receiver<bool>;

/// What rings a bell.
pub(super) type Ring = watch::Sender<bool>;

/// A bell that has not rung, and what rings it.
pub(super) fn new_bell(ring: &mut Option<Ring>) -> Bell {
    let (sender, bell) = watch::channel(false);
    *ring = Some(sender);
    bell
}

/// Waits for the end of a flight; whether it brought permits.
pub(super) async fn brought_permits(mut bell: Bell) -> bool {
    bell.wait_for(|has_rung| *has_rung).await.is_ok()
}

/// A flight that is under way. Dropped, it has landed with nothing.
pub(super) struct Flight {
    leases: Arc<Leases<Bell>>,
    key: u64,
    /// Which ask of the trip it serves.
    index: usize,
    pending: u32,
    berth: Berth,
    has_landed: bool,
    /// Dropped after the landing, as fields are.
    ring: Ring,
}

impl Flight {
    pub(super) fn new(
        leases: &Arc<Leases<Bell>>,
        key: u64,
        index: usize,
        (pending, berth): (u32, Berth),
        ring: Ring,
    ) -> Self {
        Self { leases: Arc::clone(leases), key, index, pending, berth, has_landed: false, ring }
    }

    pub(super) fn serves(&self, index: usize) -> bool {
        self.index == index
    }

    pub(super) const fn pending(&self) -> u32 {
        self.pending
    }

    /// Hands on what the trip brought, which left at a time of this instance's clock.
    pub(super) fn land(mut self, reply: &Reply, sent: u64, counters: &Counters) {
        if let Some(line) = reply.lines.get(self.index)
            && let Found::Rate { reset_ns } = line.found
        {
            counters.permits_leased.add(u64::from(line.leased));
            // The bucket was not full earlier than that: Redis looked after the trip began.
            let arrival = sent.saturating_add(reset_ns);
            let landing = Landing { leased: line.leased, sent, arrival };
            self.leases.land(self.key, self.berth, Some(landing));
            self.has_landed = true;
            if line.leased > 0 {
                self.ring.send_replace(true);
            }
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.has_landed {
            self.leases.land(self.key, self.berth, None);
        }
    }
}
