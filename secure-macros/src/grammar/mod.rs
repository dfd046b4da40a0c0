//! The small languages inside of literals: rates, quantities with units, dates. They know neither syn nor the rest of the crate.

pub(crate) mod dates;
pub(crate) mod quantity;
pub(crate) mod rate;
