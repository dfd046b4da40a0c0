//! Permits that an instance takes in advance, so that a request need not ask Redis.

mod table;

pub(super) use table::{Departure, Landing, Leases, Spending, State};
