//! For tables whose keys bring a hash under a secret along: nothing is hashed a second time.

use std::fmt;
use std::hash::{BuildHasher, Hasher};

/// Passes the 64 bits of a key on.
#[derive(Clone, Copy, Default)]
pub(crate) struct KeyedAlready;

impl BuildHasher for KeyedAlready {
    type Hasher = Passed;

    fn build_hasher(&self) -> Passed {
        Passed(0)
    }
}

/// What a key has written.
pub(crate) struct Passed(u64);

impl Hasher for Passed {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The hash of somebody whom a [`Limiter`](crate::throttling::Limiter) counts, to be kept for when they come again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hashed {
    pub(crate) hash: u64,
    /// The hash of nothing: another one under another limiter's secret.
    pub(crate) limiter: u64,
}

impl fmt::Debug for Hashed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Hashed(..)")
    }
}
