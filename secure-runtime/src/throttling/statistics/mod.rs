//! Counts of limits for operators: outcomes, and the busiest keys.

#[cfg(not(loom))]
pub(super) mod busiest;
#[cfg(not(loom))]
pub(super) mod tally;

#[cfg(not(loom))]
pub(crate) use tally::Outcome;
