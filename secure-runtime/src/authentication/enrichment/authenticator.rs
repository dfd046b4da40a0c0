//! The authenticator that enriches the principals of another one.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::cache::CachedEnrichment;
use super::{Enriching, How, Outcome, Prepare};
use crate::authentication::{
    Attempt, Authenticator, Capabilities, Challenge, Presented, Refusal, TokenCacheStatistics,
    Verdict,
};
use crate::principal::Principal;
use crate::request::RequestHead;
use crate::support::time::Moment;

/// Asks the inner authenticator, and completes what it accepts.
pub(super) struct EnrichingAuthenticator {
    inner: Arc<dyn Authenticator>,
    source: Source,
    timeout: Duration,
}

enum Source {
    Each(Prepare),
    Cached(CachedEnrichment),
}

impl EnrichingAuthenticator {
    pub(super) fn new(inner: Arc<dyn Authenticator>, how: How, timeout: Duration) -> Self {
        let source = match how {
            How::Each(look) => Source::Each(look),
            How::Cached(cache, load) => Source::Cached(cache.enrichment(load, timeout)),
        };
        Self { inner, source, timeout }
    }
}

impl Authenticator for EnrichingAuthenticator {
    fn authenticate(&self, request: &RequestHead<'_>, now: Moment) -> Attempt {
        match (&self.source, self.inner.authenticate(request, now)) {
            (Source::Cached(enrichment), Attempt::Accepted(principal)) => {
                match enrichment.find(&principal, now) {
                    Some(enriched) => Attempt::Accepted(enriched),
                    None => {
                        let enrichment = enrichment.clone();
                        Attempt::Pending(Box::pin(async move {
                            verdict(enrichment.enrich(principal, now).await)
                        }))
                    }
                }
            }
            (Source::Cached(enrichment), Attempt::Pending(waiting)) => {
                let enrichment = enrichment.clone();
                Attempt::Pending(Box::pin(async move {
                    match waiting.await {
                        Verdict::Accepted(principal) => {
                            verdict(enrichment.enrich(principal, now).await)
                        }
                        refused @ Verdict::Refused(_) => refused,
                    }
                }))
            }
            (Source::Each(look), Attempt::Accepted(principal)) => {
                let (enrich, timeout) = (look(request), self.timeout);
                Attempt::Pending(Box::pin(async move {
                    verdict(bounded(timeout, principal, enrich).await)
                }))
            }
            (Source::Each(look), Attempt::Pending(waiting)) => {
                let (enrich, timeout) = (look(request), self.timeout);
                Attempt::Pending(Box::pin(async move {
                    match waiting.await {
                        Verdict::Accepted(principal) => {
                            verdict(bounded(timeout, principal, enrich).await)
                        }
                        refused @ Verdict::Refused(_) => refused,
                    }
                }))
            }
            (_, other @ (Attempt::Absent | Attempt::Refused(_))) => other,
        }
    }

    fn challenge(&self) -> Challenge {
        self.inner.challenge()
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        self.inner.presented(request)
    }

    fn remembers(&self, request: &RequestHead<'_>, now: Moment) -> bool {
        self.inner.remembers(request, now)
    }

    fn remembers_refusals(&self) -> bool {
        self.inner.remembers_refusals()
    }

    fn claimed_id<'a>(&self, request: &RequestHead<'a>) -> Option<&'a str> {
        self.inner.claimed_id(request)
    }

    fn start(&self, now: Moment) {
        self.inner.start(now);
    }

    fn ready(&self, now: Moment) -> Result<(), Arc<str>> {
        self.inner.ready(now)
    }

    fn token_cache_statistics(&self) -> Option<TokenCacheStatistics> {
        self.inner.token_cache_statistics()
    }

    /// The enrichment may add a tenant and a tier.
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities().names_tenants().names_tiers()
    }

    fn recheck(&self, caller: &Principal, now: Moment) -> Result<(), Refusal> {
        let accepted = caller.get::<Credentials>().map_or(caller, |it| &it.0);
        self.inner.recheck(accepted, now)
    }

    fn checks_origins(&self) -> bool {
        self.inner.checks_origins()
    }
}

/// The credentials were for this authenticator: it has accepted them.
fn verdict(outcome: Outcome) -> Verdict {
    match outcome {
        Ok(principal) => Verdict::Accepted(principal),
        Err(refusal) => Verdict::Refused(refusal.decided()),
    }
}

/// Runs an enrichment: a panic, and one that takes too long, is a refusal.
pub(super) async fn bounded(
    timeout: Duration,
    accepted: Principal,
    begin: impl FnOnce(Principal) -> Enriching,
) -> Outcome {
    let enriched = run(timeout, || begin(accepted.clone())).await?;
    Ok(with_credentials(enriched, accepted))
}

/// The principal that the inner authenticator accepted, where the enrichment made another caller of it.
struct Credentials(Principal);

/// Revocations know callers as their credentials name them, whatever the enrichment calls them.
fn with_credentials(enriched: Principal, accepted: Principal) -> Principal {
    let is_known_alike = enriched.subject() == accepted.subject()
        && enriched.issuer() == accepted.issuer()
        && enriched.token_id() == accepted.token_id()
        && enriched.session() == accepted.session()
        && enriched.api_key() == accepted.api_key()
        && enriched.issued_at_unix() == accepted.issued_at_unix();
    if is_known_alike {
        return enriched;
    }
    enriched.to_builder().extension(Credentials(accepted)).build()
}

async fn run(timeout: Duration, begin: impl FnOnce() -> Enriching) -> Outcome {
    let mut enriching = catch_unwind(AssertUnwindSafe(begin)).map_err(|_| panicked())?;
    let guarded = poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| enriching.as_mut().poll(context)));
        polled.unwrap_or_else(|_| Poll::Ready(Err(panicked())))
    });
    // Outside of a runtime, as in a test of one authenticator, there are no timers.
    if tokio::runtime::Handle::try_current().is_err() {
        return guarded.await;
    }
    let late = |_| Refusal::unavailable("the enrichment of the caller took too long");
    tokio::time::timeout(timeout, guarded).await.map_err(late)?
}

fn panicked() -> Refusal {
    Refusal::unavailable("the enrichment of the caller panicked")
}

/// Whether two principals are one caller with the same credentials, as far as an enrichment can see.
pub(super) fn is_same(one: &Principal, other: &Principal) -> bool {
    one.is(other) || one.is_equal_to(other)
}
