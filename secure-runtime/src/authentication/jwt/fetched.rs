//! Tokens whose keys are published: which requests wait for a fetch, and what follows from it.

use std::sync::Arc;

use super::issuers::OTHER_ISSUER;
use super::keys::{Keys, Unverified};
use super::verify::{KeySource, TOO_LONG, Verifier, no_keys, refused};
use crate::authentication::provider::{Change, Fetched, Provider, Wait};
use crate::authentication::token_cache::{Generation, Mark};
use crate::authentication::{Attempt, Refusal, Verdict};
use crate::time::Moment;

impl Verifier {
    /// Verifies with keys that are published, and may have been replaced since they were found.
    pub(super) fn authenticate_with(
        self: &Arc<Self>,
        keys: &Keys,
        provider: &Provider<Keys>,
        token: &[u8],
        now: Moment,
        (generation, mark): (Generation, Mark),
    ) -> Attempt {
        match self.verify_unless_refused(keys, token, now, mark) {
            Err(Unverified::UnknownKey(_)) if self.is_claimed_by(token) => {
                match provider.fetch_for_unknown(now) {
                    Some(wait) => self.wait(wait, token, now),
                    // Perhaps because one has just ended, which brought the key.
                    None => self.authenticate_after_fetch(token, now).into(),
                }
            }
            verified => {
                let until = provider.good_until(now);
                self.conclude(token, verified, until, (generation, mark)).into()
            }
        }
    }

    /// Verifies once the fetch has ended.
    pub(super) fn wait(self: &Arc<Self>, wait: Wait, token: &[u8], now: Moment) -> Attempt {
        if token.len() > self.rules.max_token_bytes {
            return refused(TOO_LONG, false).into();
        }
        // Where several issuers are trusted, one that is down does not keep the others' callers.
        if !self.is_claimed_by(token) {
            return refused(OTHER_ISSUER, false).into();
        }
        let (verifier, token) = (Arc::clone(self), Box::<[u8]>::from(token));
        let fetched = wait.over();
        Attempt::Pending(Box::pin(async move {
            fetched.await;
            match verifier.verify_fetched(&token, now) {
                Ok(verdict) => verdict,
                // That fetch may have begun before its key was published.
                Err(_) => {
                    if let Some(again) = verifier.fetch_again(now) {
                        again.over().await;
                    }
                    verifier.authenticate_after_fetch(&token, now)
                }
            }
        }))
    }

    fn fetch_again(&self, now: Moment) -> Option<Wait> {
        match &self.keys {
            KeySource::Configured(_) => None,
            // Where it was out of reach just now, nobody waits for it again.
            KeySource::Published(provider) if provider.is_failing() => None,
            KeySource::Published(provider) => provider.fetch_for_unknown(now),
        }
    }

    fn authenticate_after_fetch(&self, token: &[u8], now: Moment) -> Verdict {
        self.verify_fetched(token, now).unwrap_or_else(|unknown| unknown)
    }

    /// Verifies with the keys that there are; the error is the verdict where the key is unknown.
    fn verify_fetched(&self, token: &[u8], now: Moment) -> Result<Verdict, Verdict> {
        let kept = (self.cache.generation(), self.refused.mark(token, now));
        let KeySource::Published(provider) = &self.keys else { return Ok(no_keys()) };
        let Some(held) = provider.usable(now) else { return Ok(no_keys()) };
        match self.verify(&held.keys, token, now) {
            Err(Unverified::UnknownKey(cause)) => Err(unknown_key(provider, cause)),
            verified => Ok(self.conclude(token, verified, provider.good_until(now), kept)),
        }
    }

    /// Takes in what was fetched for a request of that time.
    pub(super) fn absorb(&self, since: u64, fetched: Option<Keys>) {
        let KeySource::Published(provider) = &self.keys else { return };
        let change = provider.absorb(since, fetched);
        if change == Change::Withdrawn {
            self.cache.clear();
        }
        if change != Change::Nothing {
            self.refused.forget();
        }
        provider.announce();
    }
}

impl Fetched for Keys {
    fn succeed(&self, earlier: &Self) -> Change {
        match (self.have_all_of(earlier), earlier.have_all_of(self)) {
            (false, _) => Change::Withdrawn,
            (true, false) => Change::Added,
            (true, true) => Change::Nothing,
        }
    }
}

/// A key that the set lacks may be a new one, if nobody could ask for the newest set.
fn unknown_key(provider: &Provider<Keys>, cause: &'static str) -> Verdict {
    if provider.is_failing() {
        return Verdict::Refused(Refusal::unavailable(
            "the key is unknown, and the newest key set could not be fetched",
        ));
    }
    refused(cause, true)
}
