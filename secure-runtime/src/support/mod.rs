//! What every part uses and what knows none of them: time, hashing, text tables, circuit breakers, the Redis connection.

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

#[cfg(not(loom))]
pub(crate) use opaque_debug::opaque_debug;
