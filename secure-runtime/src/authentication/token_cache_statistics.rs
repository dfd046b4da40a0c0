//! What an authenticator keeps of tokens that were verified before, in numbers.

/// What the verified tokens of one authenticator take, and spare; of opaque ones, those that the
/// provider called active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenCacheStatistics {
    /// Tokens that are kept.
    pub entries: usize,
    /// What they take, in bytes.
    pub bytes: u64,
    /// What they may take, in bytes.
    pub max_bytes: u64,
    /// Requests whose token was verified before.
    pub hits: u64,
    /// Requests whose token was not: new ones, forged ones, and those that had to be verified again.
    pub misses: u64,
    /// Tokens that made room for others. A figure that rises with the requests says that the cache
    /// is too small.
    pub evictions: u64,
    /// How often all were forgotten, because a key was withdrawn or changed.
    pub cleared: u64,
    /// Requests whose token had been refused a moment before, and was not verified, or asked about,
    /// again.
    pub refused_again: u64,
}
