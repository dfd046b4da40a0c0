//! Keys in JWK form (RFC 7517, RFC 7518 section 6, RFC 8037 section 2), read strictly.

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;

use super::algorithm::{Algorithm, Curve, Family};
use super::header::MAX_KEY_ID_BYTES;
use super::json::{Json, JsonFault, Object};
use super::{key, public_key};

/// What a JWK says.
pub(crate) struct Jwk {
    pub(crate) id: Option<String>,
    /// Whose tokens it signs, where its set is that of several issuers and says so.
    pub(crate) issuer: Option<String>,
    pub(crate) algorithm: Algorithm,
    pub(crate) material: DecodingKey,
}

/// How exactly numbers and coordinates must be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// As RFC 7518 has it: for a key that is given by hand, where the mistake can be corrected.
    Exact,
    /// As some providers publish it: with the `=` of padded base64url, with leading zero octets in
    /// the numbers of an RSA key (RFC 7518 section 6.3.1.1 warns of them), with coordinates that
    /// have too many leading zero octets, or lost them. The numbers are the same.
    Published,
}

/// Reads a JWK; `wanted` is the algorithm the configuration pins it to, if it does.
pub(crate) fn jwk(text: &str, wanted: Option<Algorithm>) -> Result<Jwk, Vec<String>> {
    let object = Object::parse(text).map_err(|fault| {
        vec![match fault {
            JsonFault::NotAnObject => "is not a JSON object".to_owned(),
            JsonFault::DuplicateMember => "has a member twice".to_owned(),
        }]
    })?;
    read(&object, wanted, Encoding::Exact)
}

/// The same, parsed.
pub(crate) fn read(
    object: &Object<'_>,
    wanted: Option<Algorithm>,
    encoding: Encoding,
) -> Result<Jwk, Vec<String>> {
    let mut faults = Vec::new();
    faults.extend(check_use(object));
    faults.extend(check_operations(object));
    faults.extend(check_public(object));
    let id = collect(read_id(object), &mut faults).flatten();
    let algorithm = collect(read_algorithm(object, wanted), &mut faults);
    let material = algorithm
        .and_then(|algorithm| collect(read_material(object, algorithm, encoding), &mut faults));
    match (algorithm, material) {
        (Some(algorithm), Some(material)) if faults.is_empty() => {
            Ok(Jwk { id, issuer: issuer(object), algorithm, material })
        }
        _ => Err(faults),
    }
}

/// `use`, where it is there, is `sig` (RFC 7517 section 4.2).
fn check_use(object: &Object<'_>) -> Option<String> {
    match object.get("use") {
        None => None,
        Some(Json::Text(name)) if name == "sig" => None,
        Some(_) => Some("has a `use` that is not `sig`".to_owned()),
    }
}

/// `key_ops`, where it is there, lists `verify`, and nothing twice (RFC 7517 section 4.3).
fn check_operations(object: &Object<'_>) -> Option<String> {
    let operations = object.get("key_ops")?;
    let names = match operations {
        Json::List(items) => items
            .iter()
            .map(|item| match item {
                Json::Text(name) => Some(name.as_ref()),
                _ => None,
            })
            .collect::<Option<Vec<&str>>>(),
        _ => None,
    };
    let Some(mut names) = names else {
        return Some("has a `key_ops` that is not a list".to_owned());
    };
    let verifies = names.contains(&"verify");
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    if names.len() != count {
        Some("has an operation twice in `key_ops`".to_owned())
    } else if !verifies {
        Some("has a `key_ops` without `verify`".to_owned())
    } else {
        None
    }
}

/// A private key has no business where only verifying happens.
fn check_public(object: &Object<'_>) -> Option<String> {
    PRIVATE_PARAMETERS
        .iter()
        .any(|name| object.get(name).is_some())
        .then(|| "is a private key, and verifying needs only the public one".to_owned())
}

fn read_id(object: &Object<'_>) -> Result<Option<String>, String> {
    match object.get("kid") {
        None => Ok(None),
        Some(Json::Text(id)) if !id.is_empty() && id.len() <= MAX_KEY_ID_BYTES => {
            Ok(Some(id.as_ref().to_owned()))
        }
        Some(_) => {
            Err(format!("has a `kid` that is not a string of 1 to {MAX_KEY_ID_BYTES} bytes"))
        }
    }
}

/// Microsoft Entra has this member in sets that its tenants share; a name with a tenant's place in
/// braces is that of every tenant.
fn issuer(object: &Object<'_>) -> Option<String> {
    match object.given("issuer") {
        Some(Json::Text(issuer)) if !issuer.contains('{') => Some(issuer.as_ref().to_owned()),
        _ => None,
    }
}

/// The one algorithm this key is pinned to: `alg`, else what the configuration says, else the only
/// one its type has. They must agree.
fn read_algorithm(object: &Object<'_>, wanted: Option<Algorithm>) -> Result<Algorithm, String> {
    let named = match object.get("alg") {
        None => None,
        Some(Json::Text(name)) => Some(Algorithm::named(name).ok_or_else(|| {
            "has an `alg` that is not a signature algorithm offered here".to_owned()
        })?),
        Some(_) => return Err("has an `alg` that is not a string".to_owned()),
    };
    if let (Some(named), Some(wanted)) = (named, wanted)
        && named != wanted
    {
        return Err(format!("has `alg` {named}, and {wanted} was asked for"));
    }
    if let Some(algorithm) = named.or(wanted) {
        return Ok(algorithm);
    }
    match (text(object, "kty")?, object.get("crv")) {
        ("EC", Some(Json::Text(curve))) if curve == Curve::P256.name() => Ok(Algorithm::Es256),
        ("EC", Some(Json::Text(curve))) if curve == Curve::P384.name() => Ok(Algorithm::Es384),
        ("OKP", Some(Json::Text(curve))) if curve == ED25519 => Ok(Algorithm::EdDsa),
        ("EC" | "OKP", _) => Err("has a `crv` that is not offered here".to_owned()),
        _ => Err("has no `alg`, and its type does not tell: use `Key::jwk_for`".to_owned()),
    }
}

fn read_material(
    object: &Object<'_>,
    algorithm: Algorithm,
    encoding: Encoding,
) -> Result<DecodingKey, String> {
    let expected = match algorithm.family() {
        Family::Hmac { .. } => "oct",
        Family::Rsa => "RSA",
        Family::Ec(_) => "EC",
        Family::Ed => "OKP",
    };
    let found = text(object, "kty")?;
    if found != expected {
        return Err(format!("has a `kty` that is not `{expected}`, which {algorithm} needs"));
    }
    let bytes = |name| bytes(object, name, encoding);
    match algorithm.family() {
        Family::Hmac { .. } => key::secret(algorithm, &bytes("k")?),
        Family::Rsa => {
            let (modulus, exponent) = (number(bytes("n")?, encoding), bytes("e")?);
            let exponent = number(exponent, encoding);
            if modulus.first() == Some(&0) || exponent.first() == Some(&0) {
                return Err("has `n` or `e` with a leading zero (RFC 7518 section 2)".to_owned());
            }
            public_key::rsa(&modulus, &exponent)
        }
        Family::Ec(curve) => {
            check_curve(object, curve.name())?;
            let length = curve.coordinate_bytes();
            let x = coordinate(bytes("x")?, length, encoding);
            let y = coordinate(bytes("y")?, length, encoding);
            public_key::ec(curve, &x, &y)
        }
        Family::Ed => {
            check_curve(object, ED25519)?;
            public_key::ed25519(&bytes("x")?)
        }
    }
}

/// A number without the leading zero octets that some writers add (RFC 7518 section 6.3.1.1).
fn number(mut octets: Vec<u8>, encoding: Encoding) -> Vec<u8> {
    if encoding == Encoding::Published {
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        drop(octets.drain(..zeros));
    }
    octets
}

/// A coordinate of this length (RFC 7518 section 6.2.1.2), whatever its writer did to its leading
/// zero octets.
fn coordinate(octets: Vec<u8>, length: usize, encoding: Encoding) -> Vec<u8> {
    if encoding == Encoding::Exact || octets.is_empty() {
        return octets;
    }
    let digits = number(octets, encoding);
    let mut padded = vec![0; length.saturating_sub(digits.len())];
    padded.extend(digits);
    padded
}

fn check_curve(object: &Object<'_>, expected: &str) -> Result<(), String> {
    if text(object, "crv")? == expected {
        Ok(())
    } else {
        Err(format!("has a `crv` that is not `{expected}`"))
    }
}

fn text<'j>(object: &'j Object<'_>, name: &str) -> Result<&'j str, String> {
    match object.get(name) {
        Some(Json::Text(text)) => Ok(text),
        Some(_) => Err(format!("has a `{name}` that is not a string")),
        None => Err(format!("has no `{name}`")),
    }
}

/// Reads canonical base64url without padding (RFC 7518 section 2); a published key may have it.
fn bytes(object: &Object<'_>, name: &str, encoding: Encoding) -> Result<Vec<u8>, String> {
    let text = text(object, name)?;
    let decoded = match encoding {
        Encoding::Published if text.ends_with('=') => URL_SAFE.decode(text),
        Encoding::Published | Encoding::Exact => URL_SAFE_NO_PAD.decode(text),
    };
    decoded.map_err(|_| format!("has a `{name}` that is not base64url"))
}

fn collect<T>(result: Result<T, String>, faults: &mut Vec<String>) -> Option<T> {
    result.map_err(|fault| faults.push(fault)).ok()
}

const ED25519: &str = "Ed25519";

/// RFC 7518 sections 6.2.2 and 6.3.2, RFC 8037 section 2.
const PRIVATE_PARAMETERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];
