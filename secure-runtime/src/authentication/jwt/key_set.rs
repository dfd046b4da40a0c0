//! Key sets as identity providers publish them (RFC 7517 section 5), read strictly.
//!
//! 1. A key that cannot be used here is left out, and the log says why; the others count (RFC 7517
//!    section 5). A set without one usable key is refused as a whole.
//! 2. A key verifies with the one algorithm that its `alg` names. An RSA key without `alg` is for the
//!    first RSA algorithm that is accepted; `RS256`, unless said otherwise.
//! 3. Two keys of one name are both left out: which one is meant cannot be known.
//! 4. A secret has no business in a published document.

use super::algorithm::{Algorithm, Family};
use super::json::{Json, JsonFault, Object};
use super::jwk;
use super::key::CheckedKey;
use super::launch::conflict;
use super::test_keys::TEST_KEY;

/// Which keys may be used.
#[derive(Debug)]
pub(crate) struct AcceptedKeys {
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) test_keys: bool,
}

/// What a document holds.
#[derive(Debug)]
pub(crate) struct KeySet {
    pub(crate) keys: Vec<CheckedKey>,
    /// Why other keys were left out, one sentence each.
    pub(crate) left_out: Vec<String>,
}

impl KeySet {
    /// Reads a document.
    pub(crate) fn read(text: &str, accepted: &AcceptedKeys) -> Result<Self, String> {
        let document = Object::parse(text).map_err(|fault| match fault {
            JsonFault::NotAnObject => "the key set is not a JSON object".to_owned(),
            JsonFault::DuplicateMember => "the key set has a member twice".to_owned(),
        })?;
        let Some(Json::List(items)) = document.get("keys") else {
            return Err("the key set has no list `keys`".to_owned());
        };
        if items.len() > MOST_KEYS {
            return Err(format!("the key set has more than {MOST_KEYS} keys"));
        }
        let mut set = Self { keys: Vec::new(), left_out: Vec::new() };
        for (index, item) in items.iter().enumerate() {
            match read_key(item, accepted) {
                Ok(key) => set.keys.push(key),
                Err(fault) => set.left_out.push(format!("key {} {fault}", index + 1)),
            }
        }
        set.leave_out_doubles();
        if set.keys.is_empty() {
            return Err(format!("the key set has no usable key: {}", set.left_out.join("; ")));
        }
        Ok(set)
    }

    fn leave_out_doubles(&mut self) {
        let Self { keys, left_out } = self;
        let is_double = |one: usize| {
            let others = keys.iter().enumerate().filter(|(other, _)| *other != one);
            let mut faults = others.filter_map(|(_, other)| conflict(keys.get(one)?, other));
            faults.next()
        };
        let doubles: Vec<_> = (0..keys.len()).map(is_double).collect();
        let mut verdicts = doubles.iter();
        keys.retain(|key| {
            let fault = verdicts.next().copied().flatten();
            left_out.extend(fault.map(|fault| format!("key `{}` {fault}", key.name())));
            fault.is_none()
        });
    }
}

/// How many keys of a document can be used, and why others cannot.
pub(crate) fn read_key_set(document: &str) -> Result<(usize, Vec<String>), String> {
    let accepted = AcceptedKeys { algorithms: Algorithm::ASYMMETRIC.to_vec(), test_keys: false };
    KeySet::read(document, &accepted).map(|set| (set.keys.len(), set.left_out))
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
    let jwk = jwk::read(object, wanted).map_err(|faults| faults.join(" and "))?;
    if !accepted.algorithms.contains(&jwk.algorithm) {
        return Err(format!("is for {}, which is not accepted", jwk.algorithm));
    }
    let key = CheckedKey::of(jwk)?;
    if key.is_test_key() && !accepted.test_keys {
        return Err(TEST_KEY.to_owned());
    }
    Ok(key)
}

/// More than any provider publishes.
const MOST_KEYS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    const EC: &str = r#""kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#;

    fn read(text: &str) -> Result<(usize, Vec<String>), String> {
        let algorithms = vec![Algorithm::Rs256, Algorithm::Es256];
        let accepted = AcceptedKeys { algorithms, test_keys: false };
        KeySet::read(text, &accepted).map(|set| (set.keys.len(), set.left_out))
    }

    #[test]
    fn keys_that_cannot_be_used_are_left_out_and_named() {
        let set = format!(
            r#"{{"keys":[{{{EC},"kid":"good","use":"sig"}},{{{EC},"kid":"enc","use":"enc"}},
                {{"kty":"oct","k":"c2VjcmV0"}},7,{{"kty":"OKP","crv":"Ed25519","kid":"ed",
                "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}},
                {{{EC},"kid":"ops","key_ops":["sign"]}},{{{EC},"kid":"alg","alg":"ES384"}}]}}"#
        );
        let (usable, left_out) = read(&set).unwrap();
        assert_eq!(usable, 1);
        assert_eq!(
            left_out,
            [
                "key 2 has a `use` that is not `sig`",
                "key 3 is a secret, which a published document must not hold",
                "key 4 is not an object",
                "key 5 is for EdDSA, which is not accepted",
                "key 6 has a `key_ops` without `verify`",
                "key 7 has a `crv` that is not `P-384`",
            ]
        );
    }

    #[test]
    fn two_keys_of_one_name_are_both_left_out() {
        let set =
            format!(r#"{{"keys":[{{{EC},"kid":"a"}},{{{EC},"kid":"a"}},{{{EC},"kid":"b"}}]}}"#);
        let (usable, left_out) = read(&set).unwrap();
        assert_eq!((usable, left_out.len()), (1, 2));
    }

    #[test]
    fn a_document_that_is_no_key_set_is_refused() {
        for (text, cause) in [
            ("", "the key set is not a JSON object"),
            ("[]", "the key set is not a JSON object"),
            ("{}", "the key set has no list `keys`"),
            (r#"{"keys":{}}"#, "the key set has no list `keys`"),
            (r#"{"keys":[],"keys":[]}"#, "the key set has a member twice"),
            (r#"{"keys":[]}"#, "the key set has no usable key: "),
            (r#"{"keys":[{}]}"#, "the key set has no usable key: key 1 has no `kty`"),
        ] {
            assert_eq!(read(text).unwrap_err(), cause, "{text}");
        }
        let many = format!(r#"{{"keys":[{}]}}"#, vec!["{}"; 101].join(","));
        assert_eq!(read(&many).unwrap_err(), "the key set has more than 100 keys");
    }
}
