//! The hash of an API key, which stores keep instead of the key.
//!
//! SHA-256 of the whole key, and neither salt nor work factor. Argon2 and bcrypt slow down the
//! guessing of what people choose; nobody guesses one of 2 to the 178th random secrets, at any
//! speed. A slow hash would only let anybody who sends wrong keys keep this service busy. The id is
//! part of what is hashed, so a hash does for one key alone, and equal keys do not occur.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};

/// The SHA-256 of an API key: what a store keeps instead of the key.
///
/// Written as `sha256:` and 64 hexadecimal digits, the same that
/// `printf %s "$KEY" | sha256sum` prints.
///
/// It cannot be compared with `==`: [`is_of`](Self::is_of) takes the same time wherever two hashes
/// differ.
///
/// ```
/// use secure_runtime::authentication::api_key::{ApiKey, KeyHash};
///
/// let key = ApiKey::parse("shop_4kPzX0aVbQ2e_0123456789ABCDEFGHIJabcdefghij3mViRz")?;
/// let kept = key.hash().to_string();
/// let read: KeyHash = kept.parse().expect("what was written can be read");
/// assert!(read.is_of(&key));
/// # Ok::<(), secure_runtime::authentication::api_key::KeyFault>(())
/// ```
#[derive(Clone, Copy)]
pub struct KeyHash([u8; BYTES]);

/// A text is not `sha256:` and 64 hexadecimal digits in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidHash;

impl KeyHash {
    /// The hash of no key that can be found: what a key is compared with whose id is unknown.
    pub(super) const OF_NOTHING: Self = Self([0; BYTES]);

    /// A hash from its bytes, as a database keeps it.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; BYTES] {
        &self.0
    }

    pub(super) fn of(key: &str) -> Self {
        let digest = digest(&SHA256, key.as_bytes());
        // The digest has 32 bytes; if it had not, this would be the hash of no record.
        Self(digest.as_ref().try_into().unwrap_or([!0; BYTES]))
    }

    /// Whether this is the hash of a key that the documentation shows.
    pub(super) fn is_published(&self) -> bool {
        PUBLISHED.contains(&self.0)
    }

    /// Whether it is the hash of this key.
    #[must_use]
    pub fn is_of(&self, key: &super::ApiKey<'_>) -> bool {
        self.is(&key.hash())
    }

    /// Takes the same time wherever they differ.
    pub(super) fn is(&self, other: &Self) -> bool {
        is_same(&self.0, &other.0)
    }
}

/// Compares bytes in a time that depends on their number alone.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    verify_slices_are_equal(one, other).is_ok()
}

impl fmt::Display for KeyHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(ALGORITHM)?;
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl FromStr for KeyHash {
    type Err = InvalidHash;

    fn from_str(text: &str) -> Result<Self, InvalidHash> {
        let digits = text.strip_prefix(ALGORITHM).ok_or(InvalidHash)?.as_bytes();
        let (pairs, rest) = digits.as_chunks::<2>();
        let mut bytes = [0; BYTES];
        if pairs.len() != BYTES || !rest.is_empty() {
            return Err(InvalidHash);
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = hexadecimal(*high)? << 4 | hexadecimal(*low)?;
        }
        Ok(Self(bytes))
    }
}

fn hexadecimal(digit: u8) -> Result<u8, InvalidHash> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(InvalidHash),
    }
}

impl fmt::Display for InvalidHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("expected `sha256:` and 64 hexadecimal digits in lower case")
    }
}

impl std::error::Error for InvalidHash {}

/// Which kind of hash it is; nobody needs to see more of it in a log.
impl fmt::Debug for KeyHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyHash(sha256)")
    }
}

const BYTES: usize = 32;
const ALGORITHM: &str = "sha256:";

/// The hashes of the keys in the documentation and in the seeds of the fuzzer.
const PUBLISHED: [[u8; BYTES]; 2] = [
    *b"\x56\xeb\x64\xd2\xe1\xbe\xe5\x1e\x9b\x2b\x21\x82\x45\x6a\x56\xab\x26\x0a\xa6\x09\x60\x7e\x31\xf2\x9a\xd3\x59\x99\x36\x36\x4d\x6b",
    *b"\x26\xd2\x24\x72\xef\x1a\xcd\x64\x67\x6a\xdf\x04\xfe\xd3\xdb\xd3\xea\x10\xd9\xf9\x92\x69\xd7\xc6\x5f\xf0\x29\xa0\x21\x18\x25\x03",
];

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_hash_is_written_and_read() {
        // `printf %s … | sha256sum`
        let hash = KeyHash::of("shop_4kPzX0aVbQ2e_0123456789ABCDEFGHIJabcdefghij3mViRz");
        let text = "sha256:56eb64d2e1bee51e9b2b2182456a56ab260aa609607e31f29ad3599936364d6b";
        assert_eq!(hash.to_string(), text);
        assert!(text.parse::<KeyHash>().unwrap().is(&hash));
        assert!(!KeyHash::of("").is(&hash));
        for bad in [
            "",
            "sha256:",
            &text[7..],
            &text[..70],
            &format!("{text}0"),
            &text.to_uppercase(),
            &text.replace("sha256:", "sha512:"),
            &text.replace('a', "A"),
            &format!("{}g", &text[..70]),
            &format!(" {text}"),
        ] {
            assert_eq!(bad.parse::<KeyHash>().err(), Some(InvalidHash), "{bad}");
        }
    }

    /// How much longer a comparison takes whose first difference is in the last byte, rather than in
    /// the first one. On 64 KiB, so that it would be seen; the least of many times is not disturbed
    /// by what else the machine does.
    fn ratio_of_times(is_same: impl Fn(&[u8], &[u8]) -> bool) -> f64 {
        let right = vec![7_u8; 64 * 1024];
        let (mut early, mut late) = (right.clone(), right.clone());
        *early.first_mut().unwrap() = 0;
        *late.last_mut().unwrap() = 0;
        let mut least = [Duration::MAX; 2];
        for _ in 0..200 {
            for (least, wrong) in least.iter_mut().zip([&early, &late]) {
                let begun = Instant::now();
                for _ in 0..10 {
                    assert!(!is_same(black_box(&right), black_box(wrong)));
                }
                *least = begun.elapsed().min(*least);
            }
        }
        least[1].as_secs_f64() / least[0].as_secs_f64()
    }

    #[test]
    fn comparing_takes_as_long_wherever_the_difference_is() {
        let ours = ratio_of_times(is_same);
        assert!((0.7..1.4).contains(&ours), "{ours}");
        // The measurement sees what it is to see: `==` stops at the first difference.
        let plain = ratio_of_times(|one, other| one == other);
        assert!(plain > 5.0, "{plain}");
    }
}
