//! From the bytes of a token to its verified payload: form, header, key, signature, in this order.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::algorithm::Algorithm;
use super::header::Header;
use super::key::{CheckedKey, Key};
use crate::authentication::token_cache::Refused;

/// The keys of one authenticator.
#[derive(Debug)]
pub(crate) struct Keys(Vec<CheckedKey>);

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
    /// Keys with distinct names; see [`Jwt::check`](super::Jwt).
    pub(crate) fn new(keys: Vec<CheckedKey>) -> Self {
        Self(keys)
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
        let key = self.select(&header)?;
        let signature = decode(compact.signature).ok_or(if compact.signature.contains(&b'.') {
            "the token has more than three segments"
        } else {
            "the signature is not canonical base64url"
        })?;
        if !key.verifies(compact.signed, &signature) {
            return Err("the signature is not that of the key".into());
        }
        decode(compact.payload).ok_or("the claims are not canonical base64url".into())
    }

    /// Whether every key of `earlier` is here, and the same: what it verified is still good.
    pub(crate) fn have_all_of(&self, earlier: &Self) -> bool {
        earlier.0.iter().all(|key| {
            let same = |it: &&CheckedKey| it.id == key.id && it.algorithm == key.algorithm;
            self.0.iter().filter(same).any(|it| it.is_same_key(key))
        })
    }

    /// The claims of a token that nobody has verified: good for nothing but to see whose it claims
    /// to be.
    pub(crate) fn unverified_claims(token: &[u8]) -> Option<Vec<u8>> {
        decode(Compact::split(token).ok()?.payload)
    }

    /// The one key that this header can mean.
    fn select(&self, header: &Header<'_>) -> Result<&CheckedKey, Unverified> {
        let Self(keys) = self;
        let algorithm = Algorithm::named(&header.algorithm);
        let fits = |key: &&CheckedKey| Some(key.algorithm) == algorithm;
        let Some(id) = header.key_id.as_deref() else {
            let mut fitting = keys.iter().filter(fits);
            return match (fitting.next(), fitting.next()) {
                (Some(key), None) => Ok(key),
                (Some(_), Some(_)) => {
                    Err("several keys have this `alg`, and there is no `kid`".into())
                }
                (None, _) => Err(Unverified::UnknownKey("no key has this `alg`")),
            };
        };
        match keys.iter().find(|key| key.id.as_deref() == Some(id)) {
            Some(key) if fits(&key) => Ok(key),
            Some(_) => Err("`alg` is not that of the key".into()),
            None => keys
                .iter()
                .filter(|key| key.id.is_none())
                .find(fits)
                .ok_or(Unverified::UnknownKey("no key has this `kid` and `alg`")),
        }
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

/// Work that anybody can cause without a signature is bounded.
const MAX_HEADER_BYTES: usize = 4096;
