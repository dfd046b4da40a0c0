//! Permits that an instance takes in advance, so that a request need not ask Redis.

mod lease;
mod table;

pub(super) use lease::{Berth, Bounds, Landing};
pub(super) use table::{Departure, Leases, Spending, State};
