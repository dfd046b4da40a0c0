//! Helpers without dependencies on other folders: time, hashing, text tables, circuit breakers, Redis
//! connections.

#[cfg(all(any(feature = "introspection", feature = "redis"), not(loom)))]
pub(crate) mod circuit;
pub(crate) mod embedded_address;
#[cfg(not(loom))]
mod opaque_debug;
pub(crate) mod per_thread;
pub(crate) mod prehashed;
#[cfg(all(feature = "redis", not(loom)))]
pub(crate) mod redis_client;
#[cfg(not(loom))]
pub(crate) mod text_table;
pub(crate) mod time;
#[cfg(not(loom))]
pub(crate) mod time_zone;
pub(crate) mod unix_time;

#[cfg(not(loom))]
pub(crate) use opaque_debug::opaque_debug;
