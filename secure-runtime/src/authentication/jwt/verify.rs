//! The authenticator that a checked [`Jwt`](super::Jwt) becomes.

use super::Rules;
use super::claims::Verified;
use super::keys::Keys;
use crate::authentication::bearer::{Bearer, bearer, is_b64token};
use crate::authentication::token_cache::{Cached, TokenCache};
use crate::authentication::{Attempt, Authenticator, Challenge, Refusal};
use crate::request::RequestHead;
use crate::time::Moment;

/// Verifies bearer tokens.
#[derive(Debug)]
pub(crate) struct JwtAuthenticator {
    pub(super) keys: Keys,
    pub(super) rules: Rules,
    pub(super) challenge: Challenge,
    pub(super) cache: TokenCache,
}

impl Authenticator for JwtAuthenticator {
    fn challenge(&self) -> Challenge {
        self.challenge.clone()
    }

    fn authenticate(&self, request: &RequestHead<'_>, now: Moment) -> Attempt {
        match bearer(request) {
            Bearer::Absent => Attempt::Absent,
            Bearer::Malformed(cause) => Attempt::Refused(Refusal::invalid_request(cause)),
            Bearer::Token(token) => match self.cache.get(token, now) {
                Cached::Valid(principal) => Attempt::Accepted(principal),
                Cached::Unknown => self.authenticate_first_seen(token, now),
                Cached::Expired => refused("`exp` has passed"),
                Cached::NotYet => refused("the token is not valid yet"),
            },
        }
    }
}

impl JwtAuthenticator {
    /// Forgets every verified token: what a key rotation or a revocation does.
    #[expect(dead_code, reason = "key rotation calls it, and comes with key sets")]
    pub(crate) fn forget_verified_tokens(&self) {
        self.cache.clear();
    }

    /// Out of line: a hit should not pay for its stack frame.
    #[inline(never)]
    fn authenticate_first_seen(&self, token: &[u8], now: Moment) -> Attempt {
        let generation = self.cache.generation();
        match self.verify(token, now) {
            Ok(Verified { principal, validity }) => {
                self.cache.insert(token, principal.clone(), validity, generation);
                Attempt::Accepted(principal)
            }
            Err(_) if !is_b64token(token) => Attempt::Refused(Refusal::invalid_request(
                "the token has characters that no token has (RFC 6750 section 2.1)",
            )),
            Err(cause) => refused(cause),
        }
    }

    fn verify(&self, token: &[u8], now: Moment) -> Result<Verified, &'static str> {
        if token.len() > self.rules.max_token_bytes {
            return Err("the token is too long");
        }
        let claims = self.keys.open(token, |header| self.rules.check_type(header))?;
        let claims = String::from_utf8(claims).map_err(|_| "the claims are not UTF-8")?;
        self.rules.check_claims(claims.into_boxed_str(), now)
    }
}

fn refused(cause: &'static str) -> Attempt {
    Attempt::Refused(Refusal::invalid_token(cause))
}
