//! How many requests the program serves at this moment, whoever sent them: what matters least is shed
//! first.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is given up last when more requests come than the program may serve
/// ([`max_in_flight`](crate::SecurityBuilder::max_in_flight)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Priority {
    /// Served until all places are taken.
    Critical,
    /// Leaves a tenth of the places to critical requests.
    #[default]
    Normal,
    /// Leaves half of the places to all others.
    Bulk,
}

/// As the attribute writes it.
impl fmt::Display for Priority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Critical => "critical",
            Self::Normal => "normal",
            Self::Bulk => "bulk",
        })
    }
}

/// The requests that are being served, and how many may be.
#[derive(Debug)]
pub(crate) struct Load {
    most: usize,
    now: AtomicUsize,
}

/// One request that is being served, until this is dropped.
#[derive(Debug)]
#[must_use = "what is dropped is served no longer"]
pub(crate) struct Place(Arc<Load>);

impl Load {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, now: AtomicUsize::new(0) })
    }

    /// How many may be served for one of this priority to be served as well; at least one.
    fn most_for(&self, priority: Priority) -> usize {
        let share = match priority {
            Priority::Critical => self.most,
            Priority::Normal => self.most - self.most / 10,
            Priority::Bulk => self.most / 2,
        };
        share.max(1)
    }

    /// One request more; `None` if as many are served as may be beside one of this priority.
    pub(crate) fn enter(self: &Arc<Self>, priority: Priority) -> Option<Place> {
        let most = self.most_for(priority);
        let one_more = |now: usize| (now < most).then(|| now + 1);
        let entered = self.now.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        entered.is_ok().then(|| Place(Arc::clone(self)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bulk_is_shed_first_and_critical_requests_last() {
        let load = Load::new(10);
        let mut served: Vec<Place> = Vec::new();
        for (priority, expected) in
            [(Priority::Bulk, 5), (Priority::Normal, 4), (Priority::Critical, 1)]
        {
            let more: Vec<Place> = std::iter::from_fn(|| load.enter(priority)).collect();
            assert_eq!(more.len(), expected, "{priority:?}");
            served.extend(more);
        }
        drop(served.pop());
        assert!(load.enter(Priority::Normal).is_none());
        let place = load.enter(Priority::Critical);
        assert!(place.is_some() && load.enter(Priority::Critical).is_none());
        drop((served, place));
        assert_eq!(load.now.load(Ordering::Relaxed), 0);
        let alone = Load::new(1).enter(Priority::Bulk);
        assert!(alone.is_some());
    }
}
