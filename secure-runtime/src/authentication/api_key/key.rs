//! The format of an API key: a public id, a secret, and a checksum over both.
//!
//! ```text
//! shop_live_4kPzX0aVbQ2e_0123456789ABCDEFGHIJabcdefghij3D6jg2
//! └───────── id ───────┘ └─────────── secret ─────────┘└sum─┘
//! ```
//!
//! 1. The id is public: a prefix that says whose key this is, and 12 random characters to look it up
//!    by. It may stand in logs and lists.
//! 2. The secret is 30 random characters of 62: 178 bits.
//! 3. The checksum is the CRC-32 of everything before it, in 6 characters of the same 62, as in the
//!    tokens of GitHub and npm. It is no protection against forgery: it lets a scanner, and this
//!    service, tell a key from what only looks like one, without asking anybody.
//! 4. All of it are letters, digits and `_`: a double click selects the whole key, and it needs no
//!    encoding in a header, a shell or an environment variable.

use super::generate::{GeneratedKey, KeyError};
use super::hash::KeyHash;
use crate::principal::PrincipalBuilder;

/// An API key that is well-formed. Whether it is good is for a
/// [`KeyStore`](super::KeyStore) to say.
///
/// Its `Debug` does not show the key: it is a secret.
///
/// ```
/// use secure_runtime::Principal;
/// use secure_runtime::authentication::api_key::ApiKey;
///
/// let generated = ApiKey::generate("shop", Principal::builder("billing").scope("orders:read"))?;
/// let key = ApiKey::parse(generated.expose()).expect("the checksum is right");
/// assert_eq!(key.id(), generated.record().id());
/// assert!(key.id().starts_with("shop_"));
/// # Ok::<(), secure_runtime::authentication::api_key::KeyError>(())
/// ```
#[derive(Clone, Copy)]
pub struct ApiKey<'a> {
    text: &'a str,
    id: &'a str,
}

/// Why a text is not an API key. Says nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyFault {
    /// It is shorter or longer than any key.
    Length,
    /// It has not the parts of a key, or characters that a key does not have.
    Form,
    /// The checksum is not that of the rest: a typing error, or no key at all.
    Checksum,
}

impl<'a> ApiKey<'a> {
    /// A regular expression for secret scanners; put the prefix of your keys in front of its first
    /// `_`, and word boundaries around it. [`parse`](Self::parse) then tells which finds are keys.
    pub const PATTERN: &'static str =
        "[a-z][a-z0-9]*(?:_[a-z0-9]+)*_[0-9A-Za-z]{12}_[0-9A-Za-z]{36}";

    /// Reads a key and verifies its checksum. Needs no store: for scanners, and for forms that want
    /// to tell a typing error from a wrong key.
    ///
    /// # Errors
    ///
    /// Why this is no key.
    pub fn parse(text: &'a str) -> Result<Self, KeyFault> {
        if !(SHORTEST..=LONGEST).contains(&text.len()) {
            return Err(KeyFault::Length);
        }
        let (id, secret) = split_end(text, SECRET + CHECKSUM).ok_or(KeyFault::Form)?;
        if !is_id(id) || !is_base62(secret) {
            return Err(KeyFault::Form);
        }
        let (signed, checksum) = text.as_bytes().split_last_chunk().ok_or(KeyFault::Form)?;
        if *checksum != base62(crc32fast::hash(signed)) {
            return Err(KeyFault::Checksum);
        }
        Ok(Self { text, id })
    }

    /// Makes a key for this caller, from the operating system's random numbers.
    ///
    /// `prefix` says whose key it is, and of which kind: at most 24 lower-case letters, digits and
    /// inner `_`, such as `shop`, `shop_live` or `shop_test`. What is granted, and until when,
    /// stands in the principal.
    ///
    /// # Errors
    ///
    /// When the prefix has another form, the principal no subject, or there are no random numbers.
    pub fn generate(prefix: &str, principal: PrincipalBuilder) -> Result<GeneratedKey, KeyError> {
        GeneratedKey::new(prefix, principal.build())
    }

    /// The public part, by which the key is looked up.
    #[must_use]
    pub fn id(&self) -> &'a str {
        self.id
    }

    /// What a store keeps of the key.
    #[must_use]
    pub fn hash(&self) -> KeyHash {
        KeyHash::of(self.text)
    }
}

impl KeyFault {
    /// The fault as a sentence.
    pub(crate) const fn cause(self) -> &'static str {
        match self {
            Self::Length => "the API key is shorter or longer than any key",
            Self::Form => "the API key has not the form of a key",
            Self::Checksum => "the checksum of the API key is wrong",
        }
    }
}

impl std::fmt::Display for KeyFault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.cause())
    }
}

impl std::error::Error for KeyFault {}

/// Whether this is the public part of a key.
pub(crate) fn is_id(text: &str) -> bool {
    split_end(text, HANDLE).is_some_and(|(prefix, handle)| is_prefix(prefix) && is_base62(handle))
}

/// What stands before the last `_`, and the so many characters behind it.
fn split_end(text: &str, length: usize) -> Option<(&str, &str)> {
    let place = text.len().checked_sub(length)?;
    let (start, end) = text.split_at_checked(place)?;
    Some((start.strip_suffix('_')?, end))
}

/// What a key may begin with.
pub(crate) fn is_prefix(text: &str) -> bool {
    text.len() <= LONGEST_PREFIX
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.split('_').all(|word| {
            !word.is_empty()
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

fn is_base62(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Six digits, the most significant first: 62 to the sixth is more than 2 to the 32nd.
pub(super) fn base62(mut number: u32) -> [u8; CHECKSUM] {
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET.get((number % 62) as usize).copied().unwrap_or_default();
        number /= 62;
    }
    digits
}

pub(super) const ALPHABET: &[u8; 62] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Random characters of the id: 71 bits, so that ids do not meet by chance.
pub(super) const HANDLE: usize = 12;
/// 178 bits.
pub(super) const SECRET: usize = 30;
pub(super) const CHECKSUM: usize = 6;
pub(crate) const LONGEST_PREFIX: usize = 24;
const LONGEST: usize = LONGEST_PREFIX + SHORTEST - 1;
const SHORTEST: usize = 1 + 1 + HANDLE + 1 + SECRET + CHECKSUM;

crate::support::opaque_debug!(ApiKey<'_>);

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by Python: `zlib.crc32`, and `divmod` by 62.
    const KEY: &str = "shop_4kPzX0aVbQ2e_0123456789ABCDEFGHIJabcdefghij3mViRz";
    const LIVE: &str = "shop_live_4kPzX0aVbQ2e_0123456789ABCDEFGHIJabcdefghij3D6jg2";

    fn check(text: &str, expected: Result<&str, KeyFault>) {
        assert_eq!(ApiKey::parse(text).map(|key| key.id()), expected, "{text}");
    }

    #[test]
    fn the_checksum_is_that_of_zlib() {
        assert_eq!(base62(0), *b"000000");
        assert_eq!(base62(61), *b"00000z");
        assert_eq!(base62(u32::MAX), *b"4gfFC3");
        check(KEY, Ok("shop_4kPzX0aVbQ2e"));
        check(LIVE, Ok("shop_live_4kPzX0aVbQ2e"));
    }

    #[test]
    fn one_changed_character_is_noticed() {
        for place in 0..KEY.len() {
            for other in ['x', 'Q', '7', '_', '-', ' ', 'é'] {
                let mut changed: Vec<char> = KEY.chars().collect();
                if changed[place] != other {
                    changed[place] = other;
                    let changed: String = changed.into_iter().collect();
                    assert!(ApiKey::parse(&changed).is_err(), "{changed}");
                }
            }
        }
        let swapped = KEY.replace("ABCD", "ABDC");
        check(&swapped, Err(KeyFault::Checksum));
        check(&KEY.replace("shop", "sh0p"), Err(KeyFault::Checksum));
        check(&LIVE.replace("live", "test"), Err(KeyFault::Checksum));
    }

    #[test]
    fn what_is_no_key_is_refused_before_the_checksum() {
        let (form, length) = (Err(KeyFault::Form), Err(KeyFault::Length));
        check("", length);
        check(&KEY[..KEY.len() - 4], length);
        check(&format!("{}{KEY}", "a".repeat(40)), length);
        check(&"a".repeat(1 << 20), length);
        check(&KEY[1..].replacen('h', "_", 1), form);
        check(&KEY.replacen("shop", "Shop", 1), form);
        check(&KEY.replacen("shop", "0hop", 1), form);
        check(&KEY.replacen("shop", "sh__op", 1), form);
        check(&KEY.replacen("shop_", "shop-", 1), form);
        check(&format!("{}0", &KEY[..KEY.len() - 1]), Err(KeyFault::Checksum));
        check(&format!(" {KEY}"), form);
        check(&format!("{KEY} "), form);
        check(&format!("{KEY}\n"), form);
        check(&format!("\"{KEY}\""), form);
        check(&KEY.replacen("ABC", "é", 1).replacen('é', "éC", 1), form);
    }

    #[test]
    fn a_prefix_is_short_and_lower_case() {
        for good in ["a", "shop", "shop_live", "a1_2b", &"a".repeat(24)] {
            assert!(is_prefix(good), "{good}");
        }
        for bad in ["", "_", "a_", "_a", "a__b", "A", "1a", "a-b", "a b", "é", &"a".repeat(25)] {
            assert!(!is_prefix(bad), "{bad}");
        }
    }
}
