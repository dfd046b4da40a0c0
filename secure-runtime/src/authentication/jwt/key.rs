//! Verification keys, each pinned to one algorithm.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, DecodingKeyKind};

use super::algorithm::{Algorithm, Family};
use super::header::MAX_KEY_ID_BYTES;
use super::jwk::Jwk;
use super::prepared::PreparedKey;
use super::test_keys::is_test_key;
use super::verify::claimed_issuer;
use super::{jwk, public_key};

/// A key that verifies tokens, pinned to exactly one algorithm (RFC 8725 section 3.1).
///
/// What is wrong with it is reported when the service starts, with everything else that is wrong:
/// see [`Jwt`](super::Jwt).
///
/// ```
/// use secure_runtime::authentication::{Jwt, Key};
///
/// let jwk = r#"{"kty":"EC","crv":"P-256","kid":"2026-11","use":"sig",
///     "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
///     "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// let jwt = Jwt::with_key(Key::jwk(jwk))
///     .key(Key::hs256(b"a secret of 32 bytes or still more").kid("old"))
///     .issuer("https://issuer.example")
///     .audience("shop");
/// ```
#[derive(Clone)]
pub struct Key {
    id: Option<String>,
    outcome: Result<Material, Vec<String>>,
}

#[derive(Clone)]
struct Material {
    algorithm: Algorithm,
    key: DecodingKey,
}

macro_rules! constructors {
    ($($name:ident, $algorithm:ident, $argument:ident, $doc:literal;)*) => {
        $(
            #[doc = $doc]
            #[must_use]
            pub fn $name($argument: impl AsRef<[u8]>) -> Self {
                Self::read(Algorithm::$algorithm, $argument.as_ref())
            }
        )*
    };
}

impl Key {
    constructors! {
        hs256, Hs256, secret, "HMAC with SHA-256; the secret has at least 32 bytes (RFC 7518 section 3.2).";
        hs384, Hs384, secret, "HMAC with SHA-384; the secret has at least 48 bytes (RFC 7518 section 3.2).";
        hs512, Hs512, secret, "HMAC with SHA-512; the secret has at least 64 bytes (RFC 7518 section 3.2).";
        rs256, Rs256, public_key, "RSASSA-PKCS1-v1_5 with SHA-256; the public key in PEM or DER, 2048 to 8192 bits.";
        rs384, Rs384, public_key, "RSASSA-PKCS1-v1_5 with SHA-384; the public key in PEM or DER, 2048 to 8192 bits.";
        rs512, Rs512, public_key, "RSASSA-PKCS1-v1_5 with SHA-512; the public key in PEM or DER, 2048 to 8192 bits.";
        ps256, Ps256, public_key, "RSASSA-PSS with SHA-256; the public key in PEM or DER, 2048 to 8192 bits.";
        ps384, Ps384, public_key, "RSASSA-PSS with SHA-384; the public key in PEM or DER, 2048 to 8192 bits.";
        ps512, Ps512, public_key, "RSASSA-PSS with SHA-512; the public key in PEM or DER, 2048 to 8192 bits.";
        es256, Es256, public_key, "ECDSA on P-256 with SHA-256; the public key in PEM or DER.";
        es384, Es384, public_key, "ECDSA on P-384 with SHA-384; the public key in PEM or DER.";
        eddsa, EdDsa, public_key, "EdDSA with Ed25519 (RFC 8037); the public key in PEM or DER.";
    }

    /// A key in JWK form (RFC 7517). Its `alg` says which algorithm it is for; without one, its
    /// type must (`EC` and `OKP` do). Its `kid` becomes the key's name.
    ///
    /// A JWK whose `use`, `key_ops` or `alg` does not allow verifying is refused at launch, and so
    /// is one with private parameters.
    #[must_use]
    pub fn jwk(json: impl AsRef<str>) -> Self {
        Self::read_jwk(json.as_ref(), None)
    }

    /// A key in JWK form that is pinned to this algorithm: for one without `alg`.
    #[must_use]
    pub fn jwk_for(algorithm: Algorithm, json: impl AsRef<str>) -> Self {
        Self::read_jwk(json.as_ref(), Some(algorithm))
    }

    /// Names the key: it verifies tokens with this `kid` (RFC 7515 section 4.1.4), and tokens
    /// without one. For a token without a `kid`, every key of its algorithm is tried, if there are
    /// at most eight.
    ///
    /// A key without a name verifies every token of its algorithm that names no other key.
    #[must_use]
    pub fn kid(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Checks the key: everything that is wrong with it, or a key that can verify.
    pub(crate) fn check(self) -> Result<CheckedKey, Vec<String>> {
        let id_fault =
            self.id.as_ref().filter(|id| id.is_empty() || id.len() > MAX_KEY_ID_BYTES).map(|_| {
                format!("has a `kid` that is not a string of 1 to {MAX_KEY_ID_BYTES} bytes")
            });
        match (self.outcome, id_fault) {
            (Ok(Material { algorithm, key }), None) => {
                let prepared = PreparedKey::new(algorithm, &key);
                let prepared = prepared.map_err(|fault| vec![format!("({algorithm}) {fault}")])?;
                let id = self.id.map(String::into_boxed_str);
                Ok(CheckedKey { id, issuer: None, algorithm, prepared, key })
            }
            (Ok(_), Some(fault)) => Err(vec![fault]),
            (Err(faults), fault) => Err(faults.into_iter().chain(fault).collect()),
        }
    }

    /// The public key in JWK form (RFC 7517), as a provider publishes it; `None` for a secret.
    pub(crate) fn published(&self) -> Option<serde_json::Value> {
        let Material { algorithm, key } = self.outcome.as_ref().ok()?;
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match (algorithm.family(), key.kind()) {
            (Family::Rsa, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                serde_json::json!({ "kty": "RSA", "n": text(n), "e": text(e) })
            }
            (Family::Ec(curve), DecodingKeyKind::SecretOrDer(point)) => {
                let (x, y) = point.get(1..)?.split_at_checked(curve.coordinate_bytes())?;
                serde_json::json!({ "kty": "EC", "crv": curve.name(), "x": text(x), "y": text(y) })
            }
            (Family::Ed, DecodingKeyKind::SecretOrDer(key)) => {
                serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "x": text(key) })
            }
            _ => return None,
        };
        let object = jwk.as_object_mut()?;
        object.insert("use".to_owned(), "sig".into());
        object.insert("alg".to_owned(), algorithm.name().into());
        object.extend(self.id.as_ref().map(|id| ("kid".to_owned(), id.as_str().into())));
        Some(jwk)
    }

    /// How launch errors call this key.
    pub(crate) fn label(&self) -> String {
        self.id.as_ref().map_or_else(String::new, |id| format!(" `{}`", id.escape_debug()))
    }

    fn read(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let outcome = match algorithm.family() {
            Family::Hmac { .. } => secret(algorithm, bytes),
            Family::Rsa | Family::Ec(_) | Family::Ed => public_key::public_key(algorithm, bytes),
        };
        let outcome = outcome
            .map(|key| Material { algorithm, key })
            .map_err(|fault| vec![format!("({algorithm}) {fault}")]);
        Self { id: None, outcome }
    }

    fn read_jwk(json: &str, algorithm: Option<Algorithm>) -> Self {
        match jwk::jwk(json, algorithm) {
            Ok(jwk) => Self {
                id: jwk.id,
                outcome: Ok(Material { algorithm: jwk.algorithm, key: jwk.material }),
            },
            Err(faults) => {
                let faults = faults.iter().map(|fault| format!("(JWK) {fault}")).collect();
                Self { id: None, outcome: Err(faults) }
            }
        }
    }
}

/// Shows the name and the algorithm, never the key.
impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut output = formatter.debug_struct("Key");
        output.field("kid", &self.id);
        match &self.outcome {
            Ok(material) => output.field("algorithm", &material.algorithm),
            Err(faults) => output.field("faults", faults),
        };
        output.finish_non_exhaustive()
    }
}

/// Reads an HMAC secret.
pub(crate) fn secret(algorithm: Algorithm, secret: &[u8]) -> Result<DecodingKey, String> {
    let Family::Hmac { least_bytes } = algorithm.family() else {
        return Err("takes a public key, not a secret".to_owned());
    };
    if secret.trim_ascii_start().starts_with(public_key::BEGIN) {
        // The classic confusion: a public key used as a secret lets everybody sign.
        return Err("has PEM for a secret, which is not secret".to_owned());
    }
    if secret.len() < least_bytes {
        return Err(format!(
            "has a secret of {} bytes, expected at least {least_bytes} (RFC 7518 section 3.2)",
            secret.len()
        ));
    }
    Ok(DecodingKey::from_secret(secret))
}

/// A key that can verify.
pub(crate) struct CheckedKey {
    pub(crate) id: Option<Box<str>>,
    /// The one issuer whose tokens it may sign, if the keys of a set belong to several issuers.
    pub(crate) issuer: Option<Box<str>>,
    pub(crate) algorithm: Algorithm,
    prepared: PreparedKey,
    key: DecodingKey,
}

impl CheckedKey {
    /// A key that a provider published.
    pub(crate) fn of(jwk: Jwk) -> Result<Self, String> {
        Ok(Self {
            prepared: PreparedKey::new(jwk.algorithm, &jwk.material)?,
            id: jwk.id.map(String::into_boxed_str),
            issuer: jwk.issuer.map(String::into_boxed_str),
            algorithm: jwk.algorithm,
            key: jwk.material,
        })
    }

    /// What logs call it.
    pub(crate) fn name(&self) -> String {
        self.id
            .as_ref()
            .map_or_else(|| self.algorithm.to_string(), |id| id.escape_debug().to_string())
    }

    /// Whether `signature` is this key's signature of `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.prepared.verifies(message, signature)
    }

    /// Whether it may sign these claims.
    pub(crate) fn signs_for(&self, claims: &[u8]) -> bool {
        self.issuer
            .as_deref()
            .is_none_or(|issuer| claimed_issuer(claims).is_some_and(|claimed| claimed == *issuer))
    }

    /// Whether its private half is published with this crate.
    pub(crate) fn is_test_key(&self) -> bool {
        is_test_key(&self.key)
    }

    /// Whether this is the very same key: of one name, for one algorithm, of one value.
    pub(crate) fn is_identical(&self, other: &Self) -> bool {
        let exponent = |key: &DecodingKey| match key.kind() {
            DecodingKeyKind::RsaModulusExponent { e, .. } => Some(e.clone()),
            DecodingKeyKind::SecretOrDer(_) => None,
        };
        self.id == other.id
            && self.issuer == other.issuer
            && self.algorithm == other.algorithm
            && self.is_same_key(other)
            && exponent(&self.key) == exponent(&other.key)
    }

    /// Whether this is the same secret, modulus or point, whatever it is pinned to.
    pub(crate) fn is_same_key(&self, other: &Self) -> bool {
        match (self.key.kind(), other.key.kind()) {
            (DecodingKeyKind::SecretOrDer(one), DecodingKeyKind::SecretOrDer(two)) => one == two,
            (
                DecodingKeyKind::RsaModulusExponent { n: one, .. },
                DecodingKeyKind::RsaModulusExponent { n: two, .. },
            ) => one == two,
            _ => false,
        }
    }
}

/// Shows the name and the algorithm, never the key.
impl fmt::Debug for CheckedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CheckedKey")
            .field("kid", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
