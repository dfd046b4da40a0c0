//! Public keys in PEM and DER form.
//!
//! The encodings themselves are read by the cryptographic library where it offers that (RSA); the
//! others are fixed bytes around the key (RFC 5480, RFC 8410), so they are compared, not parsed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;

use super::algorithm::{Algorithm, Curve, Family};
use super::roca::has_roca_fingerprint;

/// Reads a public key, PEM or DER, for this algorithm.
pub(crate) fn public_key(algorithm: Algorithm, encoded: &[u8]) -> Result<DecodingKey, String> {
    let text = encoded.trim_ascii_start();
    if text.starts_with(BEGIN) {
        let (label, der) = pem(text)?;
        return match label {
            "PUBLIC KEY" => from_der(algorithm, &der),
            "RSA PUBLIC KEY" if algorithm.family() == Family::Rsa => from_der(algorithm, &der),
            label if label.ends_with("PRIVATE KEY") => Err(PRIVATE.to_owned()),
            "CERTIFICATE" => Err(
                "is a certificate, expected the public key in it (`openssl x509 -pubkey -noout`)"
                    .to_owned(),
            ),
            _ => Err("is PEM of another kind, expected `PUBLIC KEY`".to_owned()),
        };
    }
    from_der(algorithm, encoded)
}

/// An RSA key of this modulus and exponent, big-endian.
pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<DecodingKey, String> {
    let leading_zeros = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = (modulus.len() * 8).saturating_sub(leading_zeros);
    if !RSA_BITS.contains(&bits) {
        let (least, most) = (RSA_BITS.start(), RSA_BITS.end());
        return Err(format!(
            "is an RSA key of {bits} bits, expected {least} to {most} (RFC 7518 section 3.3)"
        ));
    }
    let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
    if !is_odd(modulus) || !is_odd(exponent) || matches!(exponent, [1]) {
        return Err("is an RSA key whose modulus or exponent cannot be one".to_owned());
    }
    if has_roca_fingerprint(modulus) {
        return Err("is an RSA key with the ROCA weakness (CVE-2017-15361), expected one whose \
                    private half cannot be computed from it"
            .to_owned());
    }
    Ok(DecodingKey::from_rsa_raw_components(modulus, exponent))
}

/// An elliptic curve key: `x` and `y`, each as long as the curve's field.
pub(crate) fn ec(curve: Curve, x: &[u8], y: &[u8]) -> Result<DecodingKey, String> {
    let expected = curve.coordinate_bytes();
    if x.len() != expected || y.len() != expected {
        return Err(format!(
            "has coordinates of {} and {} bytes, expected {expected} for {} (RFC 7518 section 6.2.1.2)",
            x.len(),
            y.len(),
            curve.name()
        ));
    }
    let point = [&[UNCOMPRESSED], x, y].concat();
    Ok(DecodingKey::from_ec_der(&point))
}

/// An Ed25519 key.
pub(crate) fn ed25519(key: &[u8]) -> Result<DecodingKey, String> {
    if key.len() != ED25519_BYTES {
        return Err(format!("is {} bytes, expected {ED25519_BYTES} for Ed25519", key.len()));
    }
    Ok(DecodingKey::from_ed_der(key))
}

fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<DecodingKey, String> {
    if is_private(der) {
        return Err(PRIVATE.to_owned());
    }
    match algorithm.family() {
        Family::Hmac { .. } => Err("is public, and this algorithm takes a secret".to_owned()),
        Family::Rsa => {
            let (modulus, exponent) =
                (DEFAULT_PROVIDER.key_utils.rsa_pub_components_from_public_key)(der)
                    .map_err(|_| "is not an RSA public key in PEM or DER".to_owned())?;
            rsa(&modulus, &exponent)
        }
        Family::Ec(curve) => {
            let (x, y) = der
                .strip_prefix(ec_prefix(curve))
                .and_then(|point| point.split_at_checked(curve.coordinate_bytes()))
                .ok_or_else(|| {
                    format!("is not an uncompressed {} public key in PEM or DER", curve.name())
                })?;
            ec(curve, x, y)
        }
        Family::Ed => der
            .strip_prefix(ED25519_PREFIX)
            .ok_or_else(|| "is not an Ed25519 public key in PEM or DER".to_owned())
            .and_then(ed25519),
    }
}

/// Reads one PEM block (RFC 7468) and nothing after it.
pub(crate) fn pem(text: &[u8]) -> Result<(&str, Vec<u8>), String> {
    let broken = || "is broken PEM".to_owned();
    let text = std::str::from_utf8(text).map_err(|_| broken())?;
    let (label, rest) = text
        .strip_prefix("-----BEGIN ")
        .and_then(|rest| rest.split_once("-----"))
        .ok_or_else(broken)?;
    let (body, end) = rest.split_once("-----END ").ok_or_else(broken)?;
    if end.trim_end().strip_suffix("-----") != Some(label) {
        return Err("is broken PEM, or several PEM blocks".to_owned());
    }
    let body: String = body.split_ascii_whitespace().collect();
    Ok((label, STANDARD.decode(body).map_err(|_| broken())?))
}

/// Whether this is a PKCS#1, PKCS#8 or SEC 1 private key: they begin with a version number of one
/// byte, which nothing public does.
fn is_private(der: &[u8]) -> bool {
    let inside = match der {
        [0x30, 0x82, _, _, inside @ ..] | [0x30, 0x81, _, inside @ ..] | [0x30, _, inside @ ..] => {
            inside
        }
        _ => return false,
    };
    matches!(inside, [0x02, 0x01, 0 | 1, ..])
}

const fn ec_prefix(curve: Curve) -> &'static [u8] {
    match curve {
        Curve::P256 => P256_PREFIX,
        Curve::P384 => P384_PREFIX,
    }
}

/// How every PEM block begins.
pub(crate) const BEGIN: &[u8] = b"-----BEGIN";

const PRIVATE: &str = "is a private key, and verifying needs only the public one";

/// What aws-lc verifies.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

const UNCOMPRESSED: u8 = 4;
const ED25519_BYTES: usize = 32;

/// `SubjectPublicKeyInfo` of P-256 up to the point's `04` (RFC 5480 section 2).
const P256_PREFIX: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04";

/// `SubjectPublicKeyInfo` of P-384 up to the point's `04` (RFC 5480 section 2).
const P384_PREFIX: &[u8] =
    b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00\x04";

/// `SubjectPublicKeyInfo` of Ed25519 up to the key (RFC 8410 section 4).
const ED25519_PREFIX: &[u8] =
    &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
