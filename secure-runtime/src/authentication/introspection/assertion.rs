//! A private key in place of a secret: `private_key_jwt` (RFC 7523 section 2.2, OpenID Connect Core
//! 1.0 section 9). What is sent is good for a minute, once, at one issuer, and the key stays here.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::authentication::jwt::{Algorithm, contains_test_key, is_test_material, pem};
use crate::support::time::Moment;

/// A private key with which this service proves to an identity provider who it is, pinned to one
/// algorithm.
///
/// What is wrong with it is reported when the service starts: see
/// [`Introspection::private_key_jwt`](super::Introspection::private_key_jwt).
#[derive(Clone)]
pub struct ClientKey {
    id: Option<String>,
    algorithm: Algorithm,
    signer: Option<Arc<Signer>>,
}

enum Signer {
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

macro_rules! constructors {
    ($($name:ident, $algorithm:ident, $doc:literal;)*) => {
        $(
            #[doc = $doc]
            #[must_use]
            pub fn $name(private_key: impl AsRef<[u8]>) -> Self {
                Self::read(Algorithm::$algorithm, private_key.as_ref())
            }
        )*
    };
}

impl ClientKey {
    constructors! {
        rs256, Rs256, "RSASSA-PKCS1-v1_5 with SHA-256; the private key in PEM or DER (PKCS #8 or #1), 2048 to 8192 bits.";
        ps256, Ps256, "RSASSA-PSS with SHA-256; the private key in PEM or DER (PKCS #8 or #1), 2048 to 8192 bits.";
        es256, Es256, "ECDSA on P-256 with SHA-256; the private key in PEM or DER (PKCS #8).";
        eddsa, EdDsa, "EdDSA with Ed25519 (RFC 8037); the private key in PEM or DER (PKCS #8).";
    }

    /// Names the key: the `kid` by which the provider finds its public half.
    #[must_use]
    pub fn kid(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    fn read(algorithm: Algorithm, encoded: &[u8]) -> Self {
        let text = encoded.trim_ascii_start();
        let signer = if text.starts_with(b"-----BEGIN ") {
            match pem(text) {
                Ok(("PRIVATE KEY" | "RSA PRIVATE KEY", der)) => signer(algorithm, &der),
                _ => None,
            }
        } else {
            signer(algorithm, encoded)
        };
        Self { id: None, algorithm, signer: signer.map(Arc::new) }
    }

    /// Whether the private key is published with this crate.
    pub(super) fn is_test_key(&self) -> bool {
        match self.signer.as_deref() {
            None => false,
            Some(Signer::Rsa(key, _)) => contains_test_key(key.public_key().as_ref()),
            Some(Signer::Ec(key)) => is_test_material(key.public_key().as_ref()),
            Some(Signer::Ed(key)) => is_test_material(key.public_key().as_ref()),
        }
    }

    /// Prepares the proof that this client is who it says; the error is what is wrong with the key.
    pub(super) fn check(&self, client: &str, issuer: &str) -> Result<Assertions, String> {
        let algorithm = self.algorithm;
        let Some(signer) = &self.signer else {
            return Err(format!(
                "the client's key is no private key for {algorithm}, in PEM or DER (PKCS #8)"
            ));
        };
        if self.id.as_ref().is_some_and(String::is_empty) {
            return Err("the client's key has an empty `kid`".to_owned());
        }
        let mut header = serde_json::json!({ "alg": algorithm.name(), "typ": "JWT" });
        if let (Some(id), Some(header)) = (&self.id, header.as_object_mut()) {
            header.insert("kid".to_owned(), id.as_str().into());
        }
        Ok(Assertions {
            signer: Arc::clone(signer),
            header: URL_SAFE_NO_PAD.encode(header.to_string()),
            client: client.to_owned(),
            issuer: issuer.to_owned(),
            random: SystemRandom::new(),
        })
    }
}

/// Makes an assertion for each question.
pub(super) struct Assertions {
    signer: Arc<Signer>,
    header: String,
    client: String,
    issuer: String,
    random: SystemRandom,
}

impl Assertions {
    /// An assertion that was never sent before.
    pub(super) fn make(&self, now: Moment) -> Option<String> {
        let mut number = [0; 16];
        self.random.fill(&mut number).ok()?;
        let claims = serde_json::json!({
            "iss": self.client, "sub": self.client, "aud": self.issuer,
            "iat": now.unix_seconds(), "exp": now.unix_seconds().saturating_add(LIFE_SECONDS),
            "jti": URL_SAFE_NO_PAD.encode(number),
        });
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        let message = format!("{}.{claims}", self.header);
        let signature = self.signer.sign(message.as_bytes(), &self.random)?;
        Some(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn signer(algorithm: Algorithm, der: &[u8]) -> Option<Signer> {
    let rsa = |encoding| {
        let key = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der));
        key.ok().map(|key| Signer::Rsa(key, encoding))
    };
    match algorithm {
        Algorithm::Rs256 => rsa(&signature::RSA_PKCS1_SHA256),
        Algorithm::Ps256 => rsa(&signature::RSA_PSS_SHA256),
        Algorithm::Es256 => {
            let method = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
            EcdsaKeyPair::from_pkcs8(method, der).ok().map(Signer::Ec)
        }
        Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(der).ok().map(Signer::Ed),
        _ => None,
    }
}

impl Signer {
    fn sign(&self, message: &[u8], random: &SystemRandom) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(key, encoding) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(*encoding, random, message, &mut signature).ok()?;
                Some(signature)
            }
            Self::Ec(key) => key.sign(random, message).ok().map(|it| it.as_ref().to_vec()),
            Self::Ed(key) => Some(key.sign(message).as_ref().to_vec()),
        }
    }
}

/// Shows the name and the algorithm, never the key.
impl fmt::Debug for ClientKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientKey")
            .field("kid", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

const LIFE_SECONDS: u64 = 60;

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use serde_json::Value;

    use super::*;
    use crate::authentication::{Key, open_with};
    use crate::support::time::Clock;
    use crate::testing::{FakeClock, Issuer};

    const RSA: &[u8] = include_bytes!("../../testing/keys/test-only-rs256.private.der");
    const EC: &[u8] = include_bytes!("../../testing/keys/test-only-es256.private.der");
    const ED: &[u8] = include_bytes!("../../testing/keys/test-only-eddsa.private.der");
    const RSA_PUBLIC: &[u8] = include_bytes!("../../testing/keys/test-only-rs256.public.der");

    #[test]
    fn an_assertion_is_signed_for_the_issuer_and_never_the_same() {
        let now = FakeClock::new().now();
        for (key, public) in [
            (ClientKey::rs256(RSA), Issuer::rs256().key()),
            (ClientKey::ps256(RSA), Key::ps256(RSA_PUBLIC)),
            (ClientKey::es256(EC), Issuer::es256().key()),
            (ClientKey::eddsa(ED), Issuer::eddsa().key()),
        ] {
            let assertions = key.kid("one").check("shop", "https://issuer.test").unwrap();
            let made = [(); 3].map(|()| assertions.make(now).unwrap());
            for assertion in &made {
                let (header, _) = assertion.split_once('.').unwrap();
                let header: Value =
                    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
                assert_eq!(header["kid"], "one");
                let public = public.clone().kid("one");
                let claims = open_with(public, assertion.as_bytes()).unwrap();
                let claims: Value = serde_json::from_slice(&claims).unwrap();
                assert_eq!((&claims["iss"], &claims["sub"]), (&"shop".into(), &"shop".into()));
                assert_eq!(claims["aud"], "https://issuer.test");
                assert_eq!(claims["iat"], now.unix_seconds());
                assert_eq!(claims["exp"], now.unix_seconds() + 60);
            }
            let [one, two, three] = made;
            assert!(one != two && two != three && three != one);
        }
    }

    #[test]
    fn a_key_is_read_from_pem_and_for_its_own_algorithm_only() {
        let pem = |label: &str, der: &[u8]| {
            format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
        };
        let check = |key: ClientKey| key.check("shop", "https://issuer.test").map(drop);
        check(ClientKey::es256(pem("PRIVATE KEY", EC))).unwrap();
        check(ClientKey::rs256(pem("RSA PRIVATE KEY", RSA))).unwrap();
        check(ClientKey::eddsa(pem("PRIVATE KEY", ED))).unwrap();
        for bad in [
            ClientKey::es256(RSA),
            ClientKey::rs256(EC),
            ClientKey::eddsa(EC),
            ClientKey::rs256(RSA_PUBLIC),
            ClientKey::es256(pem("EC PRIVATE KEY", EC)),
            ClientKey::es256(pem("PRIVATE KEY", b"x")),
            ClientKey::es256(""),
            ClientKey::es256(EC).kid(""),
        ] {
            check(bad).unwrap_err();
        }
    }
}
