//! Keys as the cryptographic library wants them, made once: it parses and checks them then, not at
//! each verification.

use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    self, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm,
};
use jsonwebtoken::{DecodingKey, DecodingKeyKind};

use super::algorithm::Algorithm;

/// A key that verifies with one algorithm.
pub(crate) enum PreparedKey {
    Secret(Box<hmac::Key>),
    Public(ParsedPublicKey),
}

/// What the library calls an algorithm.
enum Method {
    Hmac(hmac::Algorithm),
    Rsa(&'static RsaParameters),
    Other(&'static dyn VerificationAlgorithm),
}

impl PreparedKey {
    /// Prepares a key; the error is what the library does not like about it.
    pub(crate) fn new(algorithm: Algorithm, key: &DecodingKey) -> Result<Self, String> {
        let unfit = |_| "is not a key that can verify".to_owned();
        match (method(algorithm), key.kind()) {
            (Method::Hmac(algorithm), DecodingKeyKind::SecretOrDer(secret)) => {
                Ok(Self::Secret(Box::new(hmac::Key::new(algorithm, secret))))
            }
            (Method::Rsa(parameters), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                let components = RsaPublicKeyComponents { n, e };
                components.to_parsed_public_key(parameters).map(Self::Public).map_err(unfit)
            }
            // An elliptic curve point has to be on the curve.
            (Method::Other(algorithm), DecodingKeyKind::SecretOrDer(key)) => {
                ParsedPublicKey::new(algorithm, key).map(Self::Public).map_err(unfit)
            }
            _ => Err("is not of its algorithm's kind".to_owned()),
        }
    }

    /// Whether `signature` is this key's signature of `message`; codes are compared in constant time.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Secret(key) => hmac::verify(key, message, signature).is_ok(),
            Self::Public(key) => key.verify_sig(message, signature).is_ok(),
        }
    }
}

fn method(algorithm: Algorithm) -> Method {
    match algorithm {
        Algorithm::Hs256 => Method::Hmac(hmac::HMAC_SHA256),
        Algorithm::Hs384 => Method::Hmac(hmac::HMAC_SHA384),
        Algorithm::Hs512 => Method::Hmac(hmac::HMAC_SHA512),
        Algorithm::Rs256 => Method::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => Method::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => Method::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::Ps256 => Method::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => Method::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => Method::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
        Algorithm::Es256 => Method::Other(&signature::ECDSA_P256_SHA256_FIXED),
        Algorithm::Es384 => Method::Other(&signature::ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDsa => Method::Other(&signature::ED25519),
    }
}

/// Never the key.
impl fmt::Debug for PreparedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PreparedKey(..)")
    }
}
