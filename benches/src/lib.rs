//! The same route in several applications, and the tools that measure them.
//!
//! Every application answers `POST /api/orders` with the same handler body. They differ only in the checks
//! before the handler; [`honest`] verifies that these checks are enforced.

pub mod allocator;
pub mod api_key;
pub mod caches;
pub mod contestants;
pub mod drive;
pub mod fixture;
pub mod honest;
pub mod order;
pub mod redis_server;
pub mod row;
pub mod timing;
pub mod variants;

/// The error of a measurement, for people to read.
pub type Failure = Box<dyn std::error::Error>;
