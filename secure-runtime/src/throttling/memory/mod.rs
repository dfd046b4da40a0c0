//! The fixed memory of limits: a concurrent table of arrival times by key.

#[cfg(not(loom))]
pub(super) mod evictions;
#[cfg(not(loom))]
pub(super) mod generations;
pub(super) mod slot;
pub(super) mod stripes;
pub(super) mod table;

#[cfg(not(loom))]
pub(crate) use generations::Change;
#[cfg(not(loom))]
pub(crate) use generations::Decided;
#[cfg(not(loom))]
pub(crate) use generations::Generations;
