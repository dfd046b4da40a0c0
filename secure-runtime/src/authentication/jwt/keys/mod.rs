//! Verifies a compact JWS: form, header, key, signature, in this order. Returns the payload.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::algorithm::{Algorithm, Family};
use super::header::Header;
use super::key::{CheckedKey, Key};
use crate::authentication::token_cache::Refused;

/// The keys of one authenticator.
#[derive(Debug)]
pub(crate) struct Keys {
    keys: Vec<CheckedKey>,
    /// Whether a newer set may hold other keys.
    are_published: bool,
}

/// Why a token was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unverified {
    /// It is not good, whatever the keys.
    Bad(&'static str),
    /// Its issuer signed it, and the configuration accepts other tokens: `typ`, `iss`, `aud`, claims.
    Unexpected(&'static str),
    /// It is not good yet.
    Early(&'static str),
    /// Its header means a key that is not there.
    UnknownKey(&'static str),
    /// It was refused, and that is remembered.
    Remembered(Refused),
}

impl From<&'static str> for Unverified {
    fn from(cause: &'static str) -> Self {
        Self::Bad(cause)
    }
}

impl Unverified {
    pub(crate) fn cause(self) -> &'static str {
        match self {
            Self::Bad(cause)
            | Self::Unexpected(cause)
            | Self::Early(cause)
            | Self::UnknownKey(cause)
            | Self::Remembered(Refused { cause, .. }) => cause,
        }
    }
}

impl Keys {
    /// Keys that are given by hand, with distinct names; see [`Jwt::check`](super::Jwt).
    pub(crate) fn new(keys: Vec<CheckedKey>) -> Self {
        Self { keys, are_published: false }
    }

    /// Keys of a published set: no two of one name and algorithm.
    pub(crate) fn published(keys: Vec<CheckedKey>) -> Self {
        Self { keys, are_published: true }
    }

    /// Verifies a token in compact serialization (RFC 7515 section 3.1) and answers its payload.
    ///
    /// `check_header` has its say before the signature is verified, which is the expensive part.
    pub(crate) fn open(
        &self,
        token: &[u8],
        check_header: impl FnOnce(&Header<'_>) -> Result<(), Unverified>,
    ) -> Result<Vec<u8>, Unverified> {
        let compact = Compact::split(token)?;
        if compact.header.len() > MAX_HEADER_BYTES {
            return Err("the header is too long".into());
        }
        let header = decode(compact.header).ok_or("the header is not canonical base64url")?;
        let header = std::str::from_utf8(&header).map_err(|_| "the header is not UTF-8")?;
        let header = Header::parse(header)?;
        check_header(&header)?;
        let meant = self.meant_by(&header)?;
        let signature = decode(compact.signature).ok_or(if compact.signature.contains(&b'.') {
            "the token has more than three segments"
        } else {
            "the signature is not canonical base64url"
        })?;
        let verifying = self.fitting(meant).filter(|key| key.verifies(compact.signed, &signature));
        let mut verifying = verifying.peekable();
        if verifying.peek().is_none() {
            let cause = "the signature is not that of the key";
            // Without a `kid` nothing says that the key is one of these: it may be newer than they.
            return Err(match meant.key {
                MeantKey::Named(_) => Unverified::Bad(cause),
                MeantKey::Nameless | MeantKey::Any if self.are_published => {
                    Unverified::UnknownKey(cause)
                }
                MeantKey::Nameless | MeantKey::Any => Unverified::Bad(cause),
            });
        }
        let claims = decode(compact.payload).ok_or("the claims are not canonical base64url")?;
        if verifying.any(|key| key.signs_for(&claims)) {
            Ok(claims)
        } else {
            Err("the key is that of another tenant".into())
        }
    }

    /// Whether every key of `earlier` is here, and the same: what it verified is still good.
    pub(crate) fn have_all_of(&self, earlier: &Self) -> bool {
        earlier.keys.iter().all(|key| self.keys.iter().any(|it| it.is_identical(key)))
    }

    /// The names and algorithms of keys that an earlier set had, and this one has not.
    pub(crate) fn lost_since(&self, earlier: &Self) -> Vec<(String, Algorithm)> {
        let name = |key: &CheckedKey| Some((key.id.as_ref()?.to_string(), key.algorithm));
        let names: Vec<_> = self.keys.iter().filter_map(name).collect();
        earlier.keys.iter().filter_map(name).filter(|lost| !names.contains(lost)).collect()
    }

    /// What the header of a token that nobody has verified names: its `kid` and its algorithm.
    pub(crate) fn unverified_name(token: &[u8]) -> Option<(String, Algorithm)> {
        let header = decode(Compact::split(token).ok()?.header)?;
        let header = Header::parse(std::str::from_utf8(&header).ok()?).ok()?;
        Some((header.key_id?.into_owned(), Algorithm::named(&header.algorithm)?))
    }

    /// The header of a token that nobody has verified.
    pub(crate) fn unverified_header(token: &[u8]) -> Option<String> {
        let header = Compact::split(token).ok()?.header;
        let header = Some(header).filter(|header| header.len() <= MAX_HEADER_BYTES)?;
        String::from_utf8(decode(header)?).ok()
    }

    /// The claims of a token that nobody has verified: good for nothing but to see whose it claims
    /// to be.
    pub(crate) fn unverified_claims(token: &[u8]) -> Option<Vec<u8>> {
        decode(Compact::split(token).ok()?.payload)
    }

    /// Which keys this header can mean: one at least, and no more than may be tried.
    fn meant_by<'h>(&self, header: &'h Header<'_>) -> Result<Meant<'h>, Unverified> {
        let key = match header.key_id.as_deref() {
            None => MeantKey::Any,
            Some(id) if self.keys.iter().any(|key| key.id.as_deref() == Some(id)) => {
                MeantKey::Named(id)
            }
            Some(_) => MeantKey::Nameless,
        };
        let cause = match key {
            MeantKey::Any => "no key has this `alg`",
            MeantKey::Nameless => "no key has this `kid` and `alg`",
            MeantKey::Named(_) => "`alg` is not that of the key",
        };
        let Some(algorithm) = Algorithm::named(&header.algorithm) else { return Err(cause.into()) };
        let meant = Meant { key, algorithm };
        match self.fitting(meant).count() {
            0 if self.may_come(meant) => Err(Unverified::UnknownKey(cause)),
            0 => Err(cause.into()),
            1..=MOST_TRIED => Ok(meant),
            _ => Err("too many keys have this `alg`, and there is no `kid`".into()),
        }
    }

    fn fitting<'k, 'm: 'k>(&'k self, meant: Meant<'m>) -> impl Iterator<Item = &'k CheckedKey> {
        self.keys.iter().filter(move |key| {
            key.algorithm == meant.algorithm
                && match meant.key {
                    MeantKey::Any => true,
                    MeantKey::Nameless => key.id.is_none(),
                    MeantKey::Named(id) => key.id.as_deref() == Some(id),
                }
        })
    }

    /// Whether a newer set could hold such a key. A key that is there may be published for another
    /// algorithm of its kind; none becomes a key of another kind, and a secret is never published.
    fn may_come(&self, meant: Meant<'_>) -> bool {
        let family = meant.algorithm.family();
        self.are_published
            && !matches!(family, Family::Hmac { .. })
            && match meant.key {
                MeantKey::Any | MeantKey::Nameless => true,
                MeantKey::Named(id) => self
                    .keys
                    .iter()
                    .filter(|key| key.id.as_deref() == Some(id))
                    .any(|key| key.algorithm.family() == family),
            }
    }
}

/// The keys that a header can mean.
#[derive(Clone, Copy)]
struct Meant<'h> {
    key: MeantKey<'h>,
    algorithm: Algorithm,
}

#[derive(Clone, Copy)]
enum MeantKey<'h> {
    /// The header names none.
    Any,
    /// The header names one that no key has: those without a name.
    Nameless,
    /// The one of this name.
    Named(&'h str),
}

/// The names and algorithms.
impl fmt::Display for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.keys.iter().take(MOST_SHOWN).map(|key| match &key.id {
            Some(id) => format!("`{}` ({})", id.escape_debug(), key.algorithm),
            None => format!("({})", key.algorithm),
        });
        formatter.write_str(&shown.collect::<Vec<_>>().join(", "))?;
        if self.keys.len() > MOST_SHOWN { formatter.write_str(", …") } else { Ok(()) }
    }
}

/// Verifies a token's signature with one key and answers its payload, whatever that is.
pub(crate) fn open_with(key: Key, token: &[u8]) -> Result<Vec<u8>, Vec<String>> {
    let keys = Keys::new(vec![key.check()?]);
    keys.open(token, |_| Ok(())).map_err(|fault| vec![fault.cause().to_owned()])
}

/// The three segments, and what the signature covers.
struct Compact<'a> {
    header: &'a [u8],
    payload: &'a [u8],
    signature: &'a [u8],
    signed: &'a [u8],
}

impl<'a> Compact<'a> {
    fn split(token: &'a [u8]) -> Result<Self, &'static str> {
        let form = "the token does not have three segments";
        let dot = |bytes: &[u8]| bytes.iter().position(|&byte| byte == b'.');
        let header_end = dot(token).ok_or(form)?;
        let (header, rest) = token.split_at_checked(header_end).ok_or(form)?;
        let rest = rest.strip_prefix(b".").ok_or(form)?;
        let payload_end = dot(rest).ok_or(form)?;
        let (payload, signature) = rest.split_at_checked(payload_end).ok_or(form)?;
        let signature = signature.strip_prefix(b".").ok_or(form)?;
        if header.is_empty() || payload.is_empty() {
            return Err("the token has an empty segment");
        }
        if signature.is_empty() {
            return Err("the token is not signed");
        }
        let signed = token.get(..header_end + 1 + payload_end).ok_or(form)?;
        Ok(Self { header, payload, signature, signed })
    }
}

/// Canonical base64url only: no padding, no other alphabet, no white space, no bits left over
/// (RFC 7515 section 2, RFC 4648 sections 3.2 to 3.5).
fn decode(segment: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(segment).ok()
}

const MOST_SHOWN: usize = 10;

/// Work that anybody can cause without a signature is bounded.
const MAX_HEADER_BYTES: usize = 4096;

/// How many keys are tried for a token that names none.
const MOST_TRIED: usize = 8;

#[cfg(test)]
mod tests;
