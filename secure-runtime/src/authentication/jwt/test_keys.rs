//! The keys of [`testing::Issuer`](crate::testing::Issuer): their private halves are published with
//! this crate, so they are recognised by their bytes wherever a key is read, and refused unless the
//! description accepts them.

use aws_lc_rs::digest::{SHA256, digest};
use jsonwebtoken::{DecodingKey, DecodingKeyKind};

use super::{Jwt, Key};

impl Jwt {
    /// Accepts the keys of [`testing::Issuer`](crate::testing::Issuer), which are refused otherwise:
    /// a startup error where one is configured, and left out of a published set.
    ///
    /// Their private halves are published with this crate, so everybody can sign tokens that this
    /// service then accepts. For tests only; [`Issuer::jwt`](crate::testing::Issuer::jwt) calls it
    /// in builds with debug assertions.
    ///
    /// ```
    /// use secure_runtime::authentication::{IntoAuthenticator, Jwt};
    /// use secure_runtime::testing::Issuer;
    ///
    /// let jwt = || Jwt::with_key(Issuer::es256().key()).issuer("https://issuer.test").audience("test");
    /// assert!(jwt().into_authenticator().is_err());
    /// assert!(jwt().accept_test_keys().into_authenticator().is_ok());
    /// ```
    pub fn accept_test_keys(mut self) -> Self {
        self.test_keys = true;
        self
    }

    /// Verifies with this key alone and fetches nothing. As with the test issuer's own description, it
    /// may be a test key where there are debug assertions.
    pub(crate) fn verified_by(self, key: Key) -> Self {
        let fetches_nothing = Self::with_key(key);
        let Self { keys, source, fetching, .. } = fetches_nothing;
        let test_keys = self.test_keys || cfg!(debug_assertions);
        Self { keys, source, fetching, test_keys, accepted: None, ..self }
    }
}

/// Whether everybody can sign with this key.
pub(crate) fn is_test_key(key: &DecodingKey) -> bool {
    let material = match key.kind() {
        DecodingKeyKind::SecretOrDer(bytes) => bytes,
        DecodingKeyKind::RsaModulusExponent { n, .. } => n,
    };
    let fingerprint = digest(&SHA256, material);
    FINGERPRINTS.iter().any(|known| known == fingerprint.as_ref())
}

/// Why a test key is refused.
pub(crate) const TEST_KEY: &str = "is a test key of this crate, with which everybody can sign: \
                                   tests accept it by `.accept_test_keys()`";

/// SHA-256 of the secret, the RSA modulus, the point and the Ed25519 key.
const FINGERPRINTS: [[u8; 32]; 4] = [
    *b"\x2f\x47\x02\x7d\x3e\x43\x62\xbc\xdd\x60\xe1\x9d\xd7\xab\xca\x2c\x65\x49\x78\x0e\x10\xbf\x44\xe7\xef\x5b\x14\x09\x11\x1c\x5d\x40",
    *b"\xbb\xb0\x9a\xf3\x92\x0e\xe9\x15\x02\x1c\xdb\xdb\x96\xb5\x2b\xf8\xa7\x7b\xa8\xd3\xdb\x0e\xe1\x3b\x3d\x75\x6e\x9c\x0d\x68\xfa\xb8",
    *b"\x67\xac\x28\x0a\x03\xf8\xcf\x9a\xdf\x6c\x03\x29\xe6\x00\x68\x5a\xab\xe3\x51\x9f\xa9\x8a\x15\xf9\x2d\x62\xca\x6b\xfd\x02\x31\x79",
    *b"\xd4\x0e\xe9\xb4\x03\xad\x74\xf2\x8e\x1b\xab\xa5\x2d\xa1\xb7\x60\x6e\xcd\x0d\xb5\xb8\x64\x9d\xd1\x16\x60\xbb\x3f\x14\x65\x3e\x85",
];

#[cfg(test)]
mod tests {
    use crate::authentication::Key;
    use crate::testing::Issuer;

    #[test]
    fn every_key_of_the_test_issuer_is_known_and_no_other() {
        let is_known = |key: Key| key.check().is_ok_and(|key| key.is_test_key());
        for issuer in [Issuer::hs256(), Issuer::rs256(), Issuer::es256(), Issuer::eddsa()] {
            assert!(is_known(issuer.key()), "{issuer:?}");
        }
        assert!(!is_known(Issuer::hs256_with([7; 32]).key()));
    }
}
