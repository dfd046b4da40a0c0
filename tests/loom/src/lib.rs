//! The sources of the limiter, of the queues of requests in flight, of the leases of shared limits and of
//! the list of revocations, compiled against loom's atomics and locks.
//!
//! They are included by path, because the rest of `secure-runtime` depends on crates that do not
//! build under `--cfg loom`. Run with
//! `RUSTFLAGS="--cfg loom" cargo test -p throttling-loom --release --target-dir target/loom`.
#![cfg(loom)]

#[cfg(test)]
mod concurrency;
#[cfg(test)]
#[expect(dead_code, unused_imports, reason = "the models need part of it")]
#[path = "../../../secure-runtime/src/throttling/shared/leases/mod.rs"]
mod lease_table;
#[cfg(test)]
mod leases;
#[path = "../../../secure-runtime/src/authentication/revocation/list.rs"]
#[expect(dead_code, reason = "the models need part of it")]
mod list;
#[cfg(test)]
mod revocation;
#[path = "../../../secure-runtime/src/support/mod.rs"]
#[expect(dead_code, unreachable_pub, reason = "the models need part of it")]
mod support;
#[path = "../../../secure-runtime/src/throttling/mod.rs"]
#[expect(dead_code, reason = "the models need part of it")]
pub mod throttling;
