//! A round trip that leases permits of one key, and the requests that wait for it.

use std::sync::Arc;

use tokio::sync::watch;

use super::leases::{Berth, Landing, Leases};
use super::script::{Found, Reply};
use super::statistics::Counters;

/// Rings when permits have arrived, and is dropped at the end of the round trip, with or without result.
pub(super) type Bell = watch::Receiver<bool>;

/// The side that rings a bell.
pub(super) type Ring = watch::Sender<bool>;

/// A bell that has not rung, and the side that rings it.
pub(super) fn new_bell(ring: &mut Option<Ring>) -> Bell {
    let (sender, bell) = watch::channel(false);
    *ring = Some(sender);
    bell
}

/// Waits for the end of a round trip. Returns whether it leased permits.
pub(super) async fn brought_permits(mut bell: Bell) -> bool {
    bell.wait_for(|has_rung| *has_rung).await.is_ok()
}

/// A round trip under way. If it is dropped, it ends without result.
pub(super) struct Flight {
    leases: Arc<Leases<Bell>>,
    key: u64,
    /// The demand of the round trip that it serves.
    index: usize,
    pending: u32,
    berth: Berth,
    has_landed: bool,
    /// Dropped after `drop` has recorded the end, because fields are dropped last.
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

    /// Records the leased permits of a round trip that began at this time of this instance's clock.
    pub(super) fn land(mut self, reply: &Reply, sent: u64, counters: &Counters) {
        if let Some(line) = reply.lines.get(self.index)
            && let Found::Rate { reset_ns } = line.found
        {
            counters.permits_leased.add(u64::from(line.leased));
            // The bucket is not full earlier than that: Redis read it after the round trip began.
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
