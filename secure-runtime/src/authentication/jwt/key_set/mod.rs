//! Key sets as identity providers publish them (RFC 7517 section 5), read strictly.
//!
//! 1. A key that cannot be used here is left out, and the log says why; the others count (RFC 7517
//!    section 5). A set without one usable key is refused as a whole.
//! 2. A key verifies with the one algorithm that its `alg` names. An RSA key without `alg` is for the
//!    first RSA algorithm that is accepted; `RS256`, unless said otherwise.
//! 3. A key is told by its `kid` and its algorithm together: some providers publish one key once for
//!    each of several algorithms, under one `kid` or several. Equal entries are one key. Two
//!    different keys of one `kid` and one algorithm are both left out, because it cannot be known
//!    which one is meant. Keys without a `kid` may stand side by side: each is tried.
//! 4. Numbers may be written with padding and leading zero octets (see [`Encoding::Published`]).
//! 5. A secret has no business in a published document.

use super::algorithm::{Algorithm, Family};
use super::json::{Json, JsonFault, Object};
use super::jwk::{self, Encoding};
use super::key::CheckedKey;
use super::test_keys::TEST_KEY;

/// Which keys may be used.
#[derive(Debug)]
pub(crate) struct AcceptedKeys {
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) test_keys: bool,
    /// Whether the set is that of several issuers: then a key may be for one of them alone.
    pub(crate) of_tenants: bool,
}

/// What a document holds.
#[derive(Debug)]
pub(crate) struct KeySet {
    pub(crate) keys: Vec<CheckedKey>,
    /// The keys that cannot be used.
    pub(crate) left_out: Vec<LeftOut>,
}

/// A key that cannot be used here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Which one, and why, in one sentence.
    pub(crate) reason: String,
    /// Whether it is one for encryption (`use`: `enc`), as many sets have: nothing is wrong with it.
    pub(crate) is_for_encryption: bool,
}

impl KeySet {
    /// Reads a document.
    pub(crate) fn read(text: &str, accepted: &AcceptedKeys) -> Result<Self, String> {
        let document = Object::parse(text).map_err(|fault| match fault {
            JsonFault::NotAnObject => "the key set is not a JSON object".to_owned(),
            JsonFault::DuplicateMember => "the key set has a member twice".to_owned(),
        })?;
        let Some(Json::List(items)) = document.get("keys") else {
            return Err(if is_map_of_pem(&document) { PEM_MAP } else { NO_LIST }.to_owned());
        };
        if items.len() > MOST_KEYS {
            return Err(format!("the key set has more than {MOST_KEYS} keys"));
        }
        let mut set = Self { keys: Vec::new(), left_out: Vec::new() };
        for (index, item) in items.iter().enumerate() {
            match read_key(item, accepted) {
                Ok(key) => set.keys.push(key),
                Err(fault) => set.left_out.push(LeftOut {
                    reason: format!("key {} {fault}", index + 1),
                    is_for_encryption: is_for_encryption(item),
                }),
            }
        }
        set.drop_repetitions();
        set.leave_out_ambiguous();
        if set.keys.is_empty() {
            let reasons = reasons(set.left_out).join("; ");
            return Err(format!("the key set has no usable key: {reasons}"));
        }
        Ok(set)
    }

    /// Equal entries are one key.
    fn drop_repetitions(&mut self) {
        let mut kept: Vec<CheckedKey> = Vec::with_capacity(self.keys.len());
        for key in self.keys.drain(..) {
            if !kept.iter().any(|other| other.is_identical(&key)) {
                kept.push(key);
            }
        }
        self.keys = kept;
    }

    /// Different keys of one name and algorithm: none of them is used.
    fn leave_out_ambiguous(&mut self) {
        let Self { keys, left_out } = self;
        let is_ambiguous = |key: &CheckedKey| {
            let same = |other: &&CheckedKey| {
                other.id == key.id && other.algorithm == key.algorithm && other.issuer == key.issuer
            };
            key.id.is_some() && keys.iter().filter(same).count() > 1
        };
        let ambiguous: Vec<bool> = keys.iter().map(is_ambiguous).collect();
        let mut verdicts = ambiguous.into_iter();
        keys.retain(|key| {
            let is_left_out = verdicts.next().unwrap_or_default();
            if is_left_out {
                let reason =
                    format!("key `{}` has the same `kid` and `alg` as a different key", key.name());
                left_out.push(LeftOut { reason, is_for_encryption: false });
            }
            !is_left_out
        });
    }
}

fn reasons(left_out: Vec<LeftOut>) -> Vec<String> {
    left_out.into_iter().map(|it| it.reason).collect()
}

/// Whether a document is a map of `kid` to PEM, as Google publishes its keys beside the JWK set.
fn is_map_of_pem(document: &Object<'_>) -> bool {
    let is_pem = |name| matches!(document.get(name), Some(Json::Text(text)) if text.starts_with("-----BEGIN"));
    let mut names = document.names().peekable();
    names.peek().is_some() && names.all(is_pem)
}

fn is_for_encryption(item: &Json<'_>) -> bool {
    match item {
        Json::Object(key) => matches!(key.get("use"), Some(Json::Text(name)) if name == "enc"),
        _ => false,
    }
}

/// How many keys of a document can be used, and why others cannot.
pub(crate) fn read_key_set(document: &str) -> Result<(usize, Vec<String>), String> {
    let accepted = AcceptedKeys {
        algorithms: Algorithm::ASYMMETRIC.to_vec(),
        test_keys: false,
        of_tenants: false,
    };
    KeySet::read(document, &accepted).map(|set| (set.keys.len(), reasons(set.left_out)))
}

fn read_key(item: &Json<'_>, accepted: &AcceptedKeys) -> Result<CheckedKey, String> {
    let Json::Object(object) = item else { return Err("is not an object".to_owned()) };
    let is =
        |name, expected| matches!(object.get(name), Some(Json::Text(text)) if text == expected);
    if is("kty", "oct") {
        return Err("is a secret, which a published document must not hold".to_owned());
    }
    let wanted = match object.get("alg") {
        None if is("kty", "RSA") => {
            accepted.algorithms.iter().find(|algorithm| algorithm.family() == Family::Rsa).copied()
        }
        _ => None,
    };
    let mut jwk =
        jwk::read(object, wanted, Encoding::Published).map_err(|faults| faults.join(" and "))?;
    if !accepted.of_tenants {
        jwk.issuer = None;
    }
    if !accepted.algorithms.contains(&jwk.algorithm) {
        return Err(format!("is for {}, which is not accepted", jwk.algorithm));
    }
    let key = CheckedKey::of(jwk)?;
    if key.is_test_key() && !accepted.test_keys {
        return Err(TEST_KEY.to_owned());
    }
    Ok(key)
}

const NO_LIST: &str = "the key set has no list `keys`";

const PEM_MAP: &str = "the document is a map of PEM certificates, expected a JWK set (RFC 7517 \
                       section 5): use the address at which the provider publishes that form (for \
                       Google `https://www.googleapis.com/oauth2/v3/certs`, for Firebase \
                       `https://www.googleapis.com/service_accounts/v1/jwk/\
                       securetoken@system.gserviceaccount.com`)";

/// More than any provider publishes.
const MOST_KEYS: usize = 100;

#[cfg(test)]
mod tests;
