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

/// How many of something: the first number in release builds, the second in debug builds, whose figures
/// mean nothing and which only show that the programs run.
pub const fn sized(release: usize, debug: usize) -> usize {
    if cfg!(debug_assertions) { debug } else { release }
}

/// What can go wrong while measuring; a person reads it.
pub type Failure = Box<dyn std::error::Error>;
