//! Generates API keys.

use std::fmt;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use super::key::{ALPHABET, HANDLE, LONGEST_PREFIX, SECRET, base62, is_prefix};
use super::{KeyHash, KeyRecord};
use crate::principal::Principal;

/// A new key: the record, which is kept, and the key itself, which is shown once.
///
/// It has no `Display` and no `Clone`, and its `Debug` does not show the key, so that the key gets nowhere by
/// accident.
#[must_use = "nobody can find out the key later"]
pub struct GeneratedKey {
    key: String,
    record: KeyRecord,
}

/// Why a key could not be made, or a record not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The prefix is not one to 24 lower-case letters, digits and inner `_`, a letter first.
    InvalidPrefix,
    /// The id is not that of a key.
    InvalidId,
    /// The principal has no subject: a key has an owner.
    NoOwner,
    /// The operating system has no random numbers.
    NoRandomness,
    /// A record of this id is there already.
    Duplicate,
    /// There is no record of this id.
    Unknown,
    /// The key is an example of this crate's documentation, so everybody knows it.
    Published,
}

impl GeneratedKey {
    pub(super) fn new(prefix: &str, principal: Principal) -> Result<Self, KeyError> {
        if !is_prefix(prefix) {
            return Err(KeyError::InvalidPrefix);
        }
        let [handle, secret] = random()?;
        let id = format!("{prefix}_{handle}");
        let signed = format!("{id}_{secret}");
        let checksum = base62(crc32fast::hash(signed.as_bytes()));
        let key = signed + &String::from_utf8_lossy(&checksum);
        let record = KeyRecord::of(id, KeyHash::of(&key), principal)?;
        Ok(Self { key, record })
    }

    /// The key: to be shown to its owner now, and never again.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.key
    }

    /// What a store keeps of it.
    #[must_use]
    pub fn record(&self) -> KeyRecord {
        self.record.clone()
    }
}

/// Random characters for the id and for the secret.
fn random() -> Result<[String; 2], KeyError> {
    let random = SystemRandom::new();
    let mut characters = String::with_capacity(HANDLE + SECRET);
    while characters.len() < HANDLE + SECRET {
        let mut bytes = [0; 64];
        random.fill(&mut bytes).map_err(|_| KeyError::NoRandomness)?;
        let missing = HANDLE + SECRET - characters.len();
        characters.extend(bytes.into_iter().filter_map(character).take(missing));
    }
    let secret = characters.split_off(HANDLE);
    Ok([characters, secret])
}

/// Each character is as likely as each other one: bytes beyond four alphabets are left out.
fn character(byte: u8) -> Option<char> {
    let alphabets = ALPHABET.iter().cycle().take(4 * ALPHABET.len());
    alphabets.copied().nth(usize::from(byte)).map(char::from)
}

impl fmt::Display for KeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidPrefix => write!(
                formatter,
                "the prefix of an API key has 1 to {LONGEST_PREFIX} lower-case letters, digits and \
                 inner `_`, a letter first"
            ),
            Self::InvalidId => formatter.write_str("this is not the id of an API key"),
            Self::NoOwner => {
                formatter.write_str("an API key has an owner: the principal's subject")
            }
            Self::NoRandomness => formatter.write_str("the system has no random numbers"),
            Self::Duplicate => formatter.write_str("an API key of this id is there already"),
            Self::Unknown => formatter.write_str("there is no API key of this id"),
            Self::Published => formatter.write_str(
                "the API key is an example of the documentation, which everybody knows: generate one",
            ),
        }
    }
}

impl std::error::Error for KeyError {}

crate::support::opaque_debug!(GeneratedKey);

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::authentication::api_key::ApiKey;

    #[test]
    fn every_byte_is_a_character_with_the_same_chance() {
        let mut counts = std::collections::HashMap::new();
        for byte in 0..=u8::MAX {
            *counts.entry(character(byte)).or_insert(0) += 1;
        }
        assert_eq!(counts.remove(&None), Some(8));
        assert_eq!(counts.len(), 62);
        assert!(counts.values().all(|count| *count == 4));
    }

    #[test]
    fn generated_keys_are_keys_and_differ_in_every_part() {
        let mut seen = HashSet::new();
        let mut characters = HashSet::new();
        for _ in 0..500 {
            let generated = ApiKey::generate("shop_test", Principal::builder("ada")).unwrap();
            let key = ApiKey::parse(generated.expose()).ok().unwrap();
            assert_eq!(key.id(), generated.record().id());
            assert!(generated.record().hash().is_of(&key));
            let (id, secret) = generated.expose().rsplit_once('_').unwrap();
            assert!(seen.insert(id.to_owned()) && seen.insert(secret.to_owned()));
            characters.extend(secret.chars());
        }
        assert_eq!(characters.len(), 62);
    }

    #[test]
    fn a_key_has_a_prefix_and_an_owner() {
        let fault = |prefix, owner: &str| ApiKey::generate(prefix, Principal::builder(owner)).err();
        assert_eq!(fault("shop", "ada"), None);
        assert_eq!(fault("Shop", "ada"), Some(KeyError::InvalidPrefix));
        assert_eq!(fault("", "ada"), Some(KeyError::InvalidPrefix));
        assert_eq!(fault("shop", ""), Some(KeyError::NoOwner));
        assert_eq!(fault("shop", "a\nb"), Some(KeyError::NoOwner));
    }
}
