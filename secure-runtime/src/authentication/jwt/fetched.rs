//! Verification with published keys: which requests wait for a fetch, and how they continue.
//!
//! A token whose key is unknown is refused only after a set lacked the key whose fetch began after the
//! token came, or a moment ago for the same token: see [`provider`](crate::authentication::provider)
//! and [`unknown`](super::unknown_keys).

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::issuers::OTHER_ISSUER;
use super::keys::{Keys, Unverified};
use super::verify::{KeySource, TOO_LONG, Verifier, no_keys, refused};
use crate::authentication::provider::{Change, Fetched, NotWaiting, Provider, Wait};
use crate::authentication::token_cache::{Generation, Mark};
use crate::authentication::{Attempt, Refusal, Verdict};
use crate::support::time::Moment;

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
            Err(Unverified::UnknownKey(cause)) if self.is_claimed_by(token) => {
                self.await_unknown(keys, provider, token, now, cause)
            }
            verified => {
                let until = provider.good_until(now);
                self.conclude(token, verified, until, (generation, mark)).into()
            }
        }
    }

    /// What a token comes to whose key these keys lack.
    fn await_unknown(
        self: &Arc<Self>,
        keys: &Keys,
        provider: &Provider<Keys>,
        token: &[u8],
        now: Moment,
        cause: &'static str,
    ) -> Attempt {
        let came = Instant::now();
        // A fetch may end meanwhile and bring the key. If that happens twice, another one is begun.
        for is_last in [false, true] {
            let seen = Some(provider.ended()).filter(|_| !is_last);
            let newest = provider.usable(now);
            if !newest.is_some_and(|held| std::ptr::eq(&held.keys, keys))
                && let Ok(verdict) = self.verify_fetched(token, now)
            {
                return verdict.into();
            }
            if self.unknown.is_missing(self.unknown.asked_by(token), now) {
                self.tell_unknown_key(token, cause, now);
                break;
            }
            match provider.fetch_for_unknown(now, came, seen) {
                Ok(wait) => return self.wait(wait, token, now),
                Err(NotWaiting::Changed) => {}
                Err(reason) => return unavailable(reason).into(),
            }
        }
        unknown_key(provider, cause).into()
    }

    /// Verifies once the fetch has ended, and after another one where that began before the token came
    /// and did not bring its key.
    pub(super) fn wait(self: &Arc<Self>, mut wait: Wait, token: &[u8], now: Moment) -> Attempt {
        if token.len() > self.rules.max_token_bytes {
            return refused(TOO_LONG, false).into();
        }
        // Where several issuers are trusted, one that is down does not keep the others' callers.
        if !self.is_claimed_by(token) {
            return refused(OTHER_ISSUER, false).into();
        }
        let (verifier, token) = (Arc::clone(self), Box::<[u8]>::from(token));
        let came = Instant::now();
        Attempt::Pending(Box::pin(async move {
            loop {
                let fetched = wait.over().await;
                let cause = match verifier.verify_fetched(&token, now) {
                    Ok(verdict) => return verdict,
                    Err(cause) => cause,
                };
                let KeySource::Published(provider) = &verifier.keys else { return no_keys() };
                if provider.is_failing() {
                    return unknown_key(provider, cause);
                }
                if fetched.is_newer {
                    let key = verifier.unknown.asked_by(&token);
                    verifier.unknown.keep_missing(key, fetched.begins_at);
                    verifier.tell_unknown_key(&token, cause, now);
                    return unknown_key(provider, cause);
                }
                match provider.fetch_for_unknown(later(now, came.elapsed()), came, None) {
                    Ok(again) => wait = again,
                    Err(reason) => return unavailable(reason),
                }
            }
        }))
    }

    /// Tells the operator of a token whose key the newest set lacks. It is not verified once more:
    /// without a `kid`, that is the work of eight signatures, and anybody can cause it.
    #[cold]
    fn tell_unknown_key(&self, token: &[u8], cause: &'static str, now: Moment) {
        let KeySource::Published(provider) = &self.keys else { return };
        let Some(held) = provider.usable(now) else { return };
        self.tell(&held.keys, token, Unverified::UnknownKey(cause), now);
    }

    /// Verifies with the keys that there are; the error is why the key is unknown.
    fn verify_fetched(&self, token: &[u8], now: Moment) -> Result<Verdict, &'static str> {
        let kept = (self.cache.generation(), self.refused.mark(token, now));
        let KeySource::Published(provider) = &self.keys else { return Ok(no_keys()) };
        let Some(held) = provider.usable(now) else { return Ok(no_keys()) };
        match self.verify(&held.keys, token, now) {
            Err(Unverified::UnknownKey(cause)) => Err(cause),
            verified => Ok(self.conclude(token, verified, provider.good_until(now), kept)),
        }
    }

    /// Takes in what was fetched for a request of that time; the error is why nothing was.
    pub(super) fn absorb(&self, since: u64, fetched: Result<Keys, String>) {
        let KeySource::Published(provider) = &self.keys else { return };
        if let (Ok(keys), Some(earlier)) = (&fetched, provider.last()) {
            self.unknown.withdraw(keys.lost_since(&earlier.keys));
        }
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

/// A key that the set lacks may be a new one, if the newest set could not be fetched.
fn unknown_key(provider: &Provider<Keys>, cause: &'static str) -> Verdict {
    if provider.is_failing() { unavailable(NotWaiting::Failing) } else { refused(cause, true) }
}

fn unavailable(reason: NotWaiting) -> Verdict {
    Verdict::Refused(Refusal::unavailable(reason.cause()).decided())
}

/// The time now: clocks are read by requests only.
pub(super) fn later(now: Moment, passed: Duration) -> Moment {
    Moment::new(
        Duration::from_nanos(now.monotonic_nanos()).saturating_add(passed),
        Duration::from_nanos(now.unix_nanos()).saturating_add(passed),
    )
}
