//! Parsers for the text of literals: rates, quantities with units, dates. They depend neither on
//! syn nor on the rest of the crate.

pub(crate) mod dates;
pub(crate) mod quantity;
pub(crate) mod rate;
