//! The JWT authenticator, built from a checked [`Jwt`](super::Jwt).

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;

use super::Rules;
use super::claims::Verified;
use super::issuers::OTHER_ISSUER;
use super::keys::{Keys, Unverified};
use super::profile::HeaderType;
use super::unexpected::{RefusedToken, Unexpected};
use super::unknown_keys::UnknownKeys;
use crate::authentication::bearer::{Bearer, is_b64token};
use crate::authentication::provider::{Look, Provider};
use crate::authentication::token_cache::{
    Cached, Generation, Mark, Refused, RefusedTokens, TokenCache,
};
use crate::authentication::token_location::TokenPlace;
use crate::authentication::{
    Attempt, Authenticator, Capabilities, Challenge, Presented, Refusal, RefusalCode, Revocations,
    TokenCacheStatistics, Verdict,
};
use crate::principal::Principal;
use crate::request::RequestHead;
use crate::support::time::Moment;

/// Verifies bearer tokens.
#[derive(Debug)]
pub(crate) struct JwtAuthenticator(pub(super) Arc<Verifier>);

/// What requests share with the thread that fetches keys, and with those that wait for it.
#[derive(Debug)]
pub(crate) struct Verifier {
    pub(super) keys: KeySource,
    pub(super) rules: Rules,
    pub(super) challenge: Challenge,
    pub(super) place: TokenPlace,
    pub(super) cache: TokenCache,
    pub(super) refused: RefusedTokens,
    pub(super) unexpected: Unexpected,
    pub(super) unknown: UnknownKeys,
    pub(super) revocations: Option<Revocations>,
}

/// Where the keys are.
#[derive(Debug)]
pub(crate) enum KeySource {
    Configured(Keys),
    Published(Provider<Keys>),
}

impl Authenticator for JwtAuthenticator {
    fn challenge(&self) -> Challenge {
        self.0.challenge.clone()
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        self.0.place.presented(request)
    }

    fn remembers_refusals(&self) -> bool {
        true
    }

    fn remembers(&self, request: &RequestHead<'_>, now: Moment) -> bool {
        let Bearer::Token(token) = self.0.place.find(request) else { return false };
        matches!(self.0.cache.peek(token, now), Cached::Valid(_))
    }

    fn start(&self, now: Moment) {
        if let KeySource::Published(provider) = &self.0.keys {
            // Nobody waits yet: the first requests will.
            drop(provider.fetch(now));
        }
    }

    fn ready(&self, now: Moment) -> Result<(), Arc<str>> {
        match &self.0.keys {
            KeySource::Configured(_) => Ok(()),
            KeySource::Published(provider) => provider.ready(now),
        }
    }

    fn token_cache_statistics(&self) -> Option<TokenCacheStatistics> {
        let refused_again = self.0.refused.again();
        Some(TokenCacheStatistics { refused_again, ..self.0.cache.statistics() })
    }

    fn capabilities(&self) -> Capabilities {
        self.0.rules.capabilities(self.0.revocations.is_some())
    }

    fn recheck(&self, caller: &Principal, _: Moment) -> Result<(), Refusal> {
        self.0.check_revoked(caller)
    }

    fn checks_origins(&self) -> bool {
        matches!(self.0.place, TokenPlace::Cookie { .. })
    }

    fn authenticate(&self, request: &RequestHead<'_>, now: Moment) -> Attempt {
        match self.0.place.find(request) {
            Bearer::Absent => self.0.place.absent(request),
            Bearer::Malformed(cause) => Attempt::Refused(Refusal::invalid_request(cause)),
            Bearer::Token(token) => match self.0.cache.get(token, now) {
                Cached::Valid(principal) => match self.0.check_revoked(&principal) {
                    Ok(()) => Attempt::Accepted(principal),
                    Err(refusal) => self.0.refuse_cached(token, refusal),
                },
                Cached::Unknown => self.0.authenticate_first_seen(token, now),
                Cached::Expired => refused("`exp` has passed", true).into(),
                Cached::NotYet => refused("the token is not valid yet", true).into(),
            },
        }
    }
}

impl Verifier {
    /// Out of line: a hit should not pay for its stack frame.
    #[inline(never)]
    fn authenticate_first_seen(self: &Arc<Self>, token: &[u8], now: Moment) -> Attempt {
        // Before the keys are looked at: what they verify does not outlive their withdrawal, nor do
        // their successors refuse what they did.
        let generation = self.cache.generation();
        let mark = self.refused.mark(token, now);
        match &self.keys {
            KeySource::Configured(keys) => {
                let verified = self.verify_unless_refused(keys, token, now, mark);
                self.conclude(token, verified, u64::MAX, (generation, mark)).into()
            }
            KeySource::Published(provider) => match provider.look(now) {
                // Where several issuers are trusted, one that is down does not decide about the others'
                // tokens.
                Look::Nothing if !self.is_claimed_by(token) => refused(OTHER_ISSUER, false).into(),
                Look::Nothing => no_keys().into(),
                Look::Wait(wait) => self.wait(wait, token, now),
                Look::Use(held) => {
                    self.authenticate_with(&held.keys, provider, token, now, (generation, mark))
                }
            },
        }
    }

    /// What stays bad while the keys are the same is not verified again at once.
    pub(super) fn verify_unless_refused(
        &self,
        keys: &Keys,
        token: &[u8],
        now: Moment,
        mark: Mark,
    ) -> Result<Verified, Unverified> {
        if let Some(refused) = self.refused.find(mark) {
            return Err(Unverified::Remembered(refused));
        }
        let verified = self.verify(keys, token, now);
        // Characters that no token has are another error, and no work.
        if let Err(Unverified::Bad(cause) | Unverified::Unexpected(cause)) = verified
            && is_b64token(token)
        {
            let refused = Refused { cause, is_claimed: self.is_claimed_by(token) };
            self.refused.keep(mark, refused);
            return Err(Unverified::Remembered(refused));
        }
        verified
    }

    pub(super) fn verify(
        &self,
        keys: &Keys,
        token: &[u8],
        now: Moment,
    ) -> Result<Verified, Unverified> {
        let verified = self.check(keys, token, now);
        match verified {
            // A newer set may have the key.
            Err(Unverified::UnknownKey(_)) if self.has_published_keys() => {}
            Err(fault) => self.tell(keys, token, fault, now),
            Ok(_) => {}
        }
        verified
    }

    fn has_published_keys(&self) -> bool {
        matches!(self.keys, KeySource::Published(_))
    }

    /// Tells the operator, if a line is due.
    #[cold]
    pub(super) fn tell(&self, keys: &Keys, token: &[u8], fault: Unverified, now: Moment) {
        let refused = RefusedToken { token, fault, rules: &self.rules, keys };
        self.unexpected.tell(&refused, now, || self.is_claimed_by(token));
    }

    fn check(&self, keys: &Keys, token: &[u8], now: Moment) -> Result<Verified, Unverified> {
        if token.len() > self.rules.max_token_bytes {
            return Err(TOO_LONG.into());
        }
        let mut said = HeaderType::Unsaid;
        let claims = keys.open(token, |header| {
            said =
                self.rules.check_type(header).map_err(|cause| match self.is_claimed_by(token) {
                    true => Unverified::Unexpected(cause),
                    // Another authenticator's, perhaps.
                    false => Unverified::Bad(cause),
                })?;
            Ok(())
        })?;
        let claims = String::from_utf8(claims).map_err(|_| "the claims are not UTF-8")?;
        self.rules.check_claims(claims.into_boxed_str(), said, now)
    }

    pub(super) fn conclude(
        &self,
        token: &[u8],
        verified: Result<Verified, Unverified>,
        good_until: u64,
        (generation, mark): (Generation, Mark),
    ) -> Verdict {
        match verified {
            Ok(Verified { principal, validity }) => {
                if let Err(refusal) = self.check_revoked(&principal) {
                    // It stays so; while nobody knows, it may be wanted again.
                    if refusal.code() == RefusalCode::InvalidToken {
                        self.refused.keep(mark, Refused { cause: REVOKED, is_claimed: true });
                    }
                    return Verdict::Refused(refusal);
                }
                let kept = (principal.clone(), validity, good_until);
                self.cache.insert(token, kept, generation);
                Verdict::Accepted(principal)
            }
            Err(_) if !is_b64token(token) => Verdict::Refused(Refusal::invalid_request(
                "the token has characters that no token has (RFC 6750 section 2.1)",
            )),
            Err(Unverified::Remembered(Refused { cause, is_claimed })) => {
                refused(cause, is_claimed)
            }
            Err(fault) => refused(fault.cause(), self.is_claimed_by(token)),
        }
    }

    /// Asked at each use: whether a token was revoked does not depend on when it was verified.
    #[inline]
    fn check_revoked(&self, principal: &Principal) -> Result<(), Refusal> {
        let check = |revocations: &Revocations| revocations.check(principal);
        // Only a token of ours comes here.
        self.revocations.as_ref().map_or(Ok(()), check).map_err(Refusal::decided)
    }

    /// A token that is revoked stays so; while nobody knows, it may be wanted again.
    #[cold]
    fn refuse_cached(&self, token: &[u8], refusal: Refusal) -> Attempt {
        if refusal.code() == RefusalCode::InvalidToken {
            self.cache.forget(token);
        }
        Attempt::Refused(refusal)
    }

    /// Whether a token says that it is of this issuer: others do not make anybody fetch its keys.
    pub(super) fn is_claimed_by(&self, token: &[u8]) -> bool {
        let claims = Keys::unverified_claims(token).unwrap_or_default();
        claimed_issuer(&claims).is_some_and(|issuer| self.rules.issuers.may_be(&issuer))
    }
}

/// The issuer that claims name, without a look at the rest of them.
pub(super) fn claimed_issuer(claims: &[u8]) -> Option<Cow<'_, str>> {
    serde_json::from_slice(claims).ok().map(|ClaimedIssuer { iss }| iss)
}

/// All that is read of claims that nobody has verified: the rest takes no memory.
#[derive(Deserialize)]
struct ClaimedIssuer<'a> {
    #[serde(borrow)]
    iss: Cow<'a, str>,
}

/// A refusal, which is that of the token's own issuer if the token claims to be of it.
pub(super) fn refused(cause: &'static str, is_claimed: bool) -> Verdict {
    let refusal = Refusal::invalid_token(cause);
    Verdict::Refused(if is_claimed { refusal.decided() } else { refusal })
}

pub(super) fn no_keys() -> Verdict {
    // Only for tokens that name the issuer.
    Verdict::Refused(
        Refusal::unavailable("no key set could be fetched, or the last one is too old").decided(),
    )
}

const REVOKED: &str = "the token was revoked";

pub(super) const TOO_LONG: &str = "the token is too long";

#[cfg(test)]
mod tests;
