//! The part of the description that is about keys: which ones, and how published ones are kept up to date.

use std::time::Duration;

use super::{Algorithm, Jwt, Key};

impl Jwt {
    /// Adds a key. Keys of one algorithm are told apart by their [`kid`](Key::kid).
    pub fn key(mut self, key: Key) -> Self {
        self.keys.push(key);
        self
    }

    /// Accepts keys of these algorithms alone. By default, a published key may be for any of the
    /// asymmetric ones, and an RSA key that names none is for `RS256`: else, for the first RSA
    /// algorithm here. A key never verifies with two (RFC 8725 section 3.1).
    pub fn algorithms(mut self, accepted: impl IntoIterator<Item = Algorithm>) -> Self {
        self.accepted = Some(accepted.into_iter().collect());
        self
    }

    /// How often published keys are fetched again; 5 minutes unless said otherwise, a second at
    /// least. So long, at most, a key that its issuer has withdrawn may still be accepted by a busy
    /// service; an idle one asks before it accepts anything.
    pub fn refresh_every(mut self, interval: Duration) -> Self {
        self.refresh = interval;
        self
    }

    /// How long published keys serve while no newer set can be fetched; an hour unless said
    /// otherwise. After that every token is answered with 503.
    pub fn keys_last(mut self, duration: Duration) -> Self {
        self.longest = duration;
        self
    }
}
