//! What is expected of a token, as the launch has checked it. Each rule is applied in the file of what
//! it is about: `profile`, `claims`.

use super::places::Places;
use super::profile::Profile;

/// What a token must be, checked.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(super) issuer: Box<str>,
    pub(super) audiences: Vec<Box<str>>,
    pub(super) any_audience: bool,
    pub(super) profile: Profile,
    pub(super) types: Vec<Box<str>>,
    pub(super) leeway_nanos: u64,
    pub(crate) places: Places,
    pub(crate) max_token_bytes: usize,
    pub(super) required: Vec<Box<str>>,
}

impl Rules {
    /// Whose tokens are accepted.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whether tokens for this audience are accepted.
    pub(crate) fn accepts_audience(&self, audience: &str) -> bool {
        self.any_audience || self.audiences.iter().any(|accepted| **accepted == *audience)
    }
}
