//! The SHA-256 fingerprint of a token that has not been verified.

use aws_lc_rs::digest;

/// Equal for equal tokens, and for no others that anybody could find.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; digest::SHA256_OUTPUT_LEN]);

impl Fingerprint {
    pub(super) fn of(token: &[u8]) -> Self {
        let mut bytes = [0; digest::SHA256_OUTPUT_LEN];
        let computed = digest::digest(&digest::SHA256, token);
        bytes.copy_from_slice(computed.as_ref());
        Self(bytes)
    }
}
