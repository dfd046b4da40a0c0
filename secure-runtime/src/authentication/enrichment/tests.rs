//! Tests of the cache of enriched principals.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::*;
use crate::authentication::{Attempt, Challenge, Presented};
use crate::support::time::Moment;

const KEEP: u64 = 10;

fn at(seconds: u64) -> Moment {
    Moment::new(Duration::from_secs(seconds), Duration::from_secs(1000 + seconds))
}

/// Enrichments here are ready at once.
fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("it waits"),
    }
}

/// A caller: a subject, and what the credentials say beside it.
fn given(subject: u8, role: u8) -> Principal {
    Principal::builder(subject.to_string()).role(role.to_string()).build()
}

#[derive(Clone, Debug)]
enum Step {
    /// A request by the authenticator of this number; whether with the principal of the last one.
    Ask {
        owner: usize,
        subject: u8,
        role: u8,
        anew: bool,
    },
    Pass(u64),
    Forget(u8),
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    let ask = (0..2_usize, 0..3_u8, 0..2_u8, any::<bool>())
        .prop_map(|(owner, subject, role, anew)| Step::Ask { owner, subject, role, anew });
    prop_oneof![
        6 => ask,
        2 => (1..KEEP).prop_map(Step::Pass),
        1 => (0..3_u8).prop_map(Step::Forget),
        1 => Just(Step::Clear),
    ]
}

proptest! {
    #[test]
    fn an_answer_is_of_the_caller_and_not_too_old(
        steps in proptest::collection::vec(step(), 1..60),
        capacity in prop_oneof![Just(1_usize), Just(2), Just(100)],
    ) {
        let cache = EnrichmentCache::with_capacity(Duration::from_secs(KEEP), capacity);
        let time = Arc::new(AtomicU64::new(0));
        // What is loaded says for whom, by which authenticator, and when.
        let enrichments: Vec<_> = (0..2)
            .map(|owner: u64| {
                let time = Arc::clone(&time);
                let load: Load = Arc::new(move |principal: Principal| {
                    let loaded_at = time.load(Ordering::SeqCst);
                    Box::pin(async move {
                        Ok(principal.to_builder().extension((owner, loaded_at)).build())
                    })
                });
                cache.clone().enrichment(load, TIMEOUT)
            })
            .collect();
        let mut principals = std::collections::HashMap::new();
        let mut forgotten = [0_u64; 3];
        for step in steps {
            // Each step takes a second, so that what came before is told from what came after.
            let now = time.fetch_add(1, Ordering::SeqCst) + 1;
            match step {
                Step::Ask { owner, subject, role, anew } => {
                    let kept = principals.entry((subject, role)).or_insert_with(|| given(subject, role));
                    if anew {
                        *kept = given(subject, role);
                    }
                    let found = enrichments[owner].find(kept, at(now));
                    let enriched = match found {
                        Some(enriched) => enriched,
                        None => now_or_never(enrichments[owner].enrich(kept.clone(), at(now))).unwrap(),
                    };
                    prop_assert_eq!(enriched.subject(), subject.to_string());
                    prop_assert!(enriched.roles().eq([role.to_string().as_str()]));
                    let (by, loaded_at) = *enriched.get::<(u64, u64)>().unwrap();
                    prop_assert_eq!(by, owner as u64);
                    prop_assert!(now - loaded_at < KEEP, "{} seconds old", now - loaded_at);
                    prop_assert!(loaded_at > forgotten[usize::from(subject)]);
                }
                Step::Pass(seconds) => {
                    time.fetch_add(seconds, Ordering::SeqCst);
                }
                Step::Forget(subject) => {
                    cache.forget_subject(&subject.to_string());
                    forgotten[usize::from(subject)] = now;
                }
                Step::Clear => {
                    cache.clear();
                    forgotten = [now; 3];
                }
            }
            prop_assert!(cache.len() <= capacity);
        }
    }
}

fn cached_enrichment(load: Load) -> (EnrichmentCache, super::cache::CachedEnrichment) {
    let cache = EnrichmentCache::new(Duration::from_secs(KEEP));
    (cache.clone(), cache.enrichment(load, TIMEOUT))
}

#[test]
fn equal_principals_share_an_entry_and_a_hit_is_the_same_principal() {
    let (cache, enrichment) =
        cached_enrichment(Arc::new(|principal| Box::pin(async move { Ok(principal) })));
    let enriched = now_or_never(enrichment.enrich(given(1, 1), at(0))).unwrap();
    assert!(enrichment.find(&given(1, 1), at(1)).is_some_and(|found| found.is(&enriched)));
    assert!(enrichment.find(&given(1, 2), at(1)).is_none());
    assert!(enrichment.find(&given(1, 1), at(KEEP)).is_none());
    assert_eq!(cache.len(), 1);
    // What the application put in is not equal to another value of the same form.
    let with_value = given(1, 1).to_builder().extension(7_u32).build();
    assert!(enrichment.find(&with_value, at(1)).is_none());
}

#[test]
fn a_panic_is_a_refusal_and_leaves_nothing_behind() {
    let is_first = std::sync::atomic::AtomicBool::new(true);
    let (cache, enrichment) = cached_enrichment(Arc::new(move |principal| {
        assert!(!is_first.swap(false, Ordering::SeqCst), "on purpose");
        Box::pin(async move { Ok(principal) })
    }));
    let refusal = now_or_never(enrichment.enrich(given(1, 1), at(0))).unwrap_err();
    assert!(refusal.cause().contains("panicked"), "{refusal:?}");
    assert!(cache.is_empty());
    assert!(now_or_never(enrichment.enrich(given(1, 1), at(0))).is_ok());
}

#[test]
fn a_load_that_is_dropped_leaves_nothing_behind() {
    let is_first = std::sync::atomic::AtomicBool::new(true);
    let (_, enrichment) = cached_enrichment(Arc::new(move |principal| {
        match is_first.swap(false, Ordering::SeqCst) {
            true => Box::pin(std::future::pending()),
            false => Box::pin(async move { Ok(principal) }),
        }
    }));
    {
        let waits = pin!(enrichment.enrich(given(1, 1), at(0)));
        assert!(waits.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert!(now_or_never(enrichment.enrich(given(1, 1), at(0))).is_ok());
}

#[actix_web::test]
async fn a_load_whose_runtime_has_ended_is_not_joined() {
    let (cache, enrichment) = cached_enrichment(Arc::new(|_| Box::pin(std::future::pending())));
    let enrichment = {
        let _ = &cache;
        enrichment
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let other = enrichment.clone();
    // The runtime of the load ends before it.
    let first = std::thread::spawn(move || {
        runtime.block_on(async {
            let waits = pin!(other.enrich(given(1, 1), at(0)));
            assert!(waits.poll(&mut Context::from_waker(Waker::noop())).is_pending());
            tokio::task::yield_now().await;
        });
    });
    first.join().unwrap();
    assert!(enrichment.find(&given(1, 1), at(0)).is_none());
    let mut again = pin!(enrichment.enrich(given(1, 1), at(0)));
    let polled = again.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending(), "a load of its own");
}

/// The enrichment of an authenticator that is enriched itself.
#[test]
fn enrichments_may_be_chained() {
    struct Fixed;

    impl Authenticator for Fixed {
        fn challenge(&self) -> Challenge {
            Challenge::new("Fixed")
        }

        fn presented(&self, _: &RequestHead<'_>) -> Presented<'_> {
            Presented::Connection
        }

        fn authenticate(&self, _: &RequestHead<'_>, _: Moment) -> Attempt {
            Attempt::Accepted(given(1, 1))
        }
    }

    let chained = Fixed
        .enrich(|principal| async move { Ok(principal.to_builder().scope("first").build()) })
        .enrich_cached(Duration::from_secs(KEEP), |principal| async move {
            Ok(principal.to_builder().scope("second").build())
        });
    let chained = chained.into_authenticator().unwrap();
    crate::testing::with_request(&[], |request| {
        let Attempt::Pending(waiting) = chained.authenticate(request, at(0)) else { panic!() };
        let crate::authentication::Verdict::Accepted(principal) = now_or_never(waiting) else {
            panic!("refused")
        };
        assert!(principal.scopes().eq(["first", "second"]));
    });
}
