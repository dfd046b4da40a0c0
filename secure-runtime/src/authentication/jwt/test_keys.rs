//! Recognises the test keys whose private halves are published with this crate, wherever a key is read,
//! and refuses them unless the configuration accepts them.

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
    /// assert!(jwt().dangerously_accept_test_keys().into_authenticator().is_ok());
    /// ```
    pub fn dangerously_accept_test_keys(mut self) -> Self {
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
    is_test_material(match key.kind() {
        DecodingKeyKind::SecretOrDer(bytes) => bytes,
        DecodingKeyKind::RsaModulusExponent { n, .. } => n,
    })
}

/// Whether this is the secret, RSA modulus, point or Ed25519 key of a test key.
pub(crate) fn is_test_material(material: &[u8]) -> bool {
    let is_known = |material: &[u8]| {
        let fingerprint = digest(&SHA256, material);
        FINGERPRINTS.iter().any(|known| known == fingerprint.as_ref())
    };
    // An HMAC pads its secret with zeros (RFC 2104 section 2): a secret with zeros behind it is the same.
    let length = material.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let (unpadded, zeros) = material.split_at(length);
    is_known(material) || (!zeros.is_empty() && is_known(unpadded))
}

/// Whether this DER structure, a certificate for example, contains the public half of a test key.
#[cfg(feature = "discovery")]
pub(crate) fn contains_test_key(der: &[u8]) -> bool {
    // A bit string begins with a zero octet (no unused bits), and so does a modulus (it is positive).
    let starts = der.iter().enumerate().filter(|(_, byte)| **byte == 0).map(|(index, _)| index + 1);
    let mut candidates = starts.flat_map(|start| {
        let from = der.get(start..).unwrap_or_default();
        PUBLIC_BYTES.into_iter().filter_map(move |length| from.get(..length))
    });
    candidates.any(is_test_material)
}

/// Why a test key is refused.
pub(crate) const TEST_KEY: &str = "is a test key of this crate, with which everybody can sign: \
                                   tests accept it by `.dangerously_accept_test_keys()`";

/// The lengths of the RSA modulus, the points and the Ed25519 key.
#[cfg(feature = "discovery")]
const PUBLIC_BYTES: [usize; 3] = [256, 65, 32];

/// SHA-256 of the secret, the RSA modulus, the point and the Ed25519 key; and of the point of the server in
/// the tests of TLS.
const FINGERPRINTS: [[u8; 32]; 5] = [
    *b"\x2f\x47\x02\x7d\x3e\x43\x62\xbc\xdd\x60\xe1\x9d\xd7\xab\xca\x2c\x65\x49\x78\x0e\x10\xbf\x44\xe7\xef\x5b\x14\x09\x11\x1c\x5d\x40",
    *b"\xbb\xb0\x9a\xf3\x92\x0e\xe9\x15\x02\x1c\xdb\xdb\x96\xb5\x2b\xf8\xa7\x7b\xa8\xd3\xdb\x0e\xe1\x3b\x3d\x75\x6e\x9c\x0d\x68\xfa\xb8",
    *b"\x67\xac\x28\x0a\x03\xf8\xcf\x9a\xdf\x6c\x03\x29\xe6\x00\x68\x5a\xab\xe3\x51\x9f\xa9\x8a\x15\xf9\x2d\x62\xca\x6b\xfd\x02\x31\x79",
    *b"\xd4\x0e\xe9\xb4\x03\xad\x74\xf2\x8e\x1b\xab\xa5\x2d\xa1\xb7\x60\x6e\xcd\x0d\xb5\xb8\x64\x9d\xd1\x16\x60\xbb\x3f\x14\x65\x3e\x85",
    *b"\xf0\x8d\x4f\xa1\xd6\xa3\xf4\xd4\xd6\xb7\xc5\x89\x18\xc4\xee\x3b\xfe\x0f\x64\xb7\xad\xf1\x36\xf0\x13\x5b\x5d\x86\x72\x5c\x03\x33",
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

    #[test]
    fn a_secret_with_zeros_behind_it_is_the_same_secret() {
        const SECRET: &[u8] = b"test only: this secret of secure-runtime is known to everybody";
        let padded = |zeros: usize| [SECRET, &vec![0; zeros]].concat();
        for zeros in [0, 1, 2] {
            for key in [Key::hs256(padded(zeros)), Key::hs384(padded(zeros))] {
                assert!(key.check().is_ok_and(|key| key.is_test_key()), "{zeros}");
            }
        }
        let other = [SECRET, b"x"].concat();
        assert!(Key::hs256(other).check().is_ok_and(|key| !key.is_test_key()));
    }

    #[cfg(feature = "discovery")]
    #[test]
    fn a_test_key_is_found_inside_a_structure() {
        for der in [
            &include_bytes!("../../testing/keys/test-only-rs256.public.der")[..],
            include_bytes!("../../testing/keys/test-only-es256.public.der"),
            include_bytes!("../../testing/keys/test-only-eddsa.public.der"),
            include_bytes!("../http/certificates/good.der"),
        ] {
            assert!(super::contains_test_key(der));
            let (last, others) = der.split_last().unwrap();
            assert!(!super::contains_test_key(others), "{last}");
        }
    }
}
