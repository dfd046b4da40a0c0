//! Leases: permits that an instance takes in advance, so that most requests need no round trip to Redis.

mod lease;
mod table;

pub(super) use lease::{Berth, Bounds, Landing};
pub(super) use table::{Departure, Leases, Spending, State};
