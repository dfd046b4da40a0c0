//! Hash tables whose keys are keyed hashes already: nothing is hashed a second time.

use std::fmt;
use std::hash::{BuildHasher, Hasher};

/// A hasher that returns the 64 bits of a key.
#[derive(Clone, Copy, Default)]
pub(crate) struct KeyedAlready;

impl BuildHasher for KeyedAlready {
    type Hasher = Passed;

    fn build_hasher(&self) -> Passed {
        Passed(0)
    }
}

/// The bits that the key has written.
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

/// The hash of a key of a [`Limiter`](crate::throttling::Limiter), for a key that is used again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hashed {
    pub(crate) hash: u64,
    /// Identifies the limiter: the hash of nothing under its secret.
    pub(crate) limiter: u64,
}

impl fmt::Debug for Hashed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Hashed(..)")
    }
}
