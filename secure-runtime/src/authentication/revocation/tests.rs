//! Tests of revocation lists: targets, times, capacity.

use std::time::Duration;

use super::list::{Issued, Kept, List, Target, Terms};
use super::*;
use crate::authentication::RefusalCode;
use crate::support::time::{Clock, Moment};
use crate::support::unix_time::system_time;
use crate::testing::FakeClock;

const HOUR: u64 = 3600;

/// A caller whose token was issued then, and lives for an hour.
fn caller(subject: &str, issued: u64) -> Principal {
    let builder = Principal::builder(subject).issuer("shop").token_id("t").session("s");
    builder.issued_at_unix(issued).expires_at_unix(issued + HOUR).build()
}

fn outcome(revocations: &Revocations, caller: &Principal) -> Result<(), RefusalCode> {
    revocations.check(caller).map_err(|refusal| refusal.code())
}

fn revocations() -> (Revocations, FakeClock, u64) {
    let clock = FakeClock::new();
    let now = clock.now().unix_seconds();
    let builder = Revocations::builder().clock(clock.clone());
    (builder.longest_token_life(Duration::from_secs(HOUR)).in_memory(), clock, now)
}

/// The outcome of a revocation without a store.
fn done(mut revoked: Revoked) -> Result<(), RevocationError> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::Pin::new(&mut revoked).poll(&mut context) {
        std::task::Poll::Ready(outcome) => outcome,
        std::task::Poll::Pending => panic!("there is nothing to wait for"),
    }
}

const REVOKED: Result<(), RefusalCode> = Err(RefusalCode::InvalidToken);

#[test]
fn a_revocation_reaches_what_it_names_and_nothing_else() {
    let check = |revoke: &dyn Fn(&Revocations, u64) -> Revoked, revoked: [bool; 5]| {
        let (revocations, _, now) = revocations();
        let other = |builder: crate::PrincipalBuilder| {
            builder.issued_at_unix(now).expires_at_unix(now + HOUR).build()
        };
        let callers = [
            caller("alice", now),
            caller("alice", now + 1),
            other(Principal::builder("bob").issuer("shop").token_id("u").session("v")),
            other(Principal::builder("alice").issuer("bank").token_id("t").session("s")),
            // Names of one kind are not those of another.
            other(Principal::builder("t").issuer("shop").token_id("s").session("alice")),
        ];
        for caller in &callers {
            assert_eq!(outcome(&revocations, caller), Ok(()));
        }
        assert_eq!(done(revoke(&revocations, now)), Ok(()));
        for round in ["at once", "again"] {
            for (index, (caller, revoked)) in callers.iter().zip(revoked).enumerate() {
                let expected = if revoked { REVOKED } else { Ok(()) };
                assert_eq!(outcome(&revocations, caller), expected, "{index} {round}");
            }
        }
    };
    check(&|it, _| it.revoke_token("shop", "t"), [true, true, false, false, false]);
    check(&|it, _| it.revoke_session("shop", "s"), [true, true, false, false, false]);
    check(&|it, _| it.revoke_subject("shop", "alice"), [true, false, false, false, false]);
    check(
        &|it, now| it.revoke_subject_until("shop", "alice", system_time(now - 1)),
        [false, false, false, false, false],
    );
    check(
        &|it, now| it.revoke_subject_until("shop", "alice", system_time(now + 1)),
        [true, true, false, false, false],
    );
    check(&|it, _| it.revoke_issuer("shop"), [true, false, true, false, true]);
    check(
        &|it, now| it.revoke_issuer_until("shop", system_time(now - 1)),
        [false, false, false, false, false],
    );
    check(&|it, _| it.revoke_everything(), [true, false, true, true, true]);
    check(
        &|it, now| it.revoke_everything_until(system_time(now - 1)),
        [false, false, false, false, false],
    );
    check(&|it, _| it.revoke_token("shop", "unknown"), [false, false, false, false, false]);
    check(&|it, _| it.revoke_token("", "t"), [false, false, false, false, false]);
}

#[test]
fn a_caller_logs_out_by_the_narrowest_name() {
    let (revocations, _, now) = revocations();
    let full = caller("alice", now);
    let builder =
        || Principal::builder("alice").issuer("shop").issued_at_unix(now).expires_at_unix(now + 9);
    let other_token = builder().token_id("u").session("s").build();
    let only_session = builder().session("s").build();
    let anonymous = builder().build();
    let check = |expected: [Result<(), RefusalCode>; 3]| {
        let found = [&other_token, &only_session, &anonymous];
        assert_eq!(found.map(|caller| outcome(&revocations, caller)), expected);
    };
    assert_eq!(done(revocations.revoke_caller(&full)), Ok(()));
    assert_eq!(outcome(&revocations, &full), REVOKED);
    check([Ok(()), Ok(()), Ok(())]);
    assert_eq!(done(revocations.revoke_caller(&only_session)), Ok(()));
    check([REVOKED, REVOKED, Ok(())]);
    assert_eq!(done(revocations.revoke_caller(&anonymous)), Ok(()));
    check([REVOKED, REVOKED, REVOKED]);
    // An API key's caller: nothing that is written here would end it.
    let (before, undated) = (revocations.statistics().entries, Principal::builder("alice"));
    for caller in
        [undated.clone(), undated.clone().expires_at_unix(now + 9), undated.issued_at_unix(now)]
    {
        let caller = caller.build();
        assert_eq!(done(revocations.revoke_caller(&caller)), Err(RevocationError::OutOfReach));
    }
    assert_eq!(revocations.statistics().entries, before);
}

#[test]
fn what_could_not_be_revoked_does_not_count() {
    let (revocations, _, now) = revocations();
    let builder = || Principal::builder("alice").issuer("shop");
    let refused = |caller: crate::PrincipalBuilder| {
        revocations.check(&caller.build()).map_err(|refusal| refusal.cause().to_owned())
    };
    let undated = refused(builder().expires_at_unix(now)).unwrap_err();
    assert!(undated.contains("does not say when it was issued"), "{undated}");
    assert_eq!(refused(builder().issued_at_unix(now)).unwrap_err(), undated);
    let long = refused(builder().issued_at_unix(now).expires_at_unix(now + HOUR + 1)).unwrap_err();
    assert!(long.contains("lives longer than revocations are kept"), "{long}");
    assert_eq!(refused(builder().issued_at_unix(now).expires_at_unix(now + HOUR)), Ok(()));
}

#[test]
fn the_future_is_not_revoked() {
    let (revocations, _, now) = revocations();
    let issued = caller("alice", now);
    let ahead = Err(RevocationError::InTheFuture);
    assert_eq!(
        done(revocations.revoke_subject_until("shop", "alice", system_time(now + 301))),
        ahead
    );
    assert_eq!(done(revocations.revoke_everything_until(system_time(u64::MAX))), ahead);
    assert_eq!(done(revocations.revoke_issuer_until("shop", system_time(u64::MAX - 1))), ahead);
    assert_eq!(outcome(&revocations, &issued), Ok(()));
    assert_eq!(
        done(revocations.revoke_subject_until("shop", "alice", system_time(now + 300))),
        Ok(())
    );
    assert_eq!(outcome(&revocations, &issued), REVOKED);
}

#[test]
fn what_one_list_cleared_means_nothing_to_another() {
    let (first, _, now) = revocations();
    let (second, _, _) = revocations();
    let caller = caller("alice", now);
    assert_eq!(outcome(&first, &caller), Ok(()));
    drop(second.revoke_token("shop", "t"));
    for _ in 0..2 {
        assert_eq!(outcome(&second, &caller), REVOKED);
        assert_eq!(outcome(&first, &caller), Ok(()));
    }
}

const LIFE: u64 = 1_000_000_000 * (HOUR + 600);

fn terms(capacity: usize) -> Terms {
    Terms { capacity, life_nanos: LIFE }
}

fn moment(monotonic: u64, wall: u64) -> Moment {
    Moment::new(Duration::from_nanos(monotonic), Duration::from_nanos(wall))
}

#[test]
fn an_entry_ends_when_both_clocks_say_so_and_never_later_than_twice_its_life() {
    let wall = 5 * LIFE;
    let check = |monotonic: u64, at_wall: u64, kept: bool| {
        let list = List::new(terms(10), true);
        list.add(Target::Token("shop", "t"), Issued::Whenever, moment(0, wall));
        // Something else is revoked, which tidies up.
        list.add(Target::Token("shop", "u"), Issued::Whenever, moment(monotonic, at_wall));
        assert_eq!(list.holds(7, [Target::Token("shop", "t")]), kept, "{monotonic} {at_wall}");
        assert_eq!(list.count().0, 1 + usize::from(kept));
        assert!(list.holds(7, [Target::Token("shop", "u")]));
    };
    check(LIFE - 1, wall + LIFE - 1, true);
    check(LIFE, wall + LIFE, false);
    // The wall clock was set forward, then back.
    check(1, wall + 100 * LIFE, true);
    check(LIFE, wall + LIFE - 1, true);
    check(2 * LIFE - 1, 0, true);
    check(2 * LIFE, 0, false);
}

#[test]
fn what_is_revoked_again_is_kept_from_then_on() {
    let list = List::new(terms(2), true);
    let add = |id, at| list.add(Target::Token("shop", id), Issued::Whenever, moment(at, at));
    add("t", 0);
    for _ in 0..1000 {
        assert_eq!(add("t", LIFE / 2), Kept::Exactly);
    }
    assert_eq!(list.count().0, 1);
    add("u", LIFE);
    assert!(list.holds(7, [Target::Token("shop", "t")]));
    add("v", LIFE + LIFE / 2);
    assert!(!list.holds(7, [Target::Token("shop", "t")]));
    assert_eq!(list.count(), (2, 0));
}

#[test]
fn what_does_not_fit_revokes_more_and_nothing_is_forgotten() {
    let clock = FakeClock::new();
    let now = clock.now().unix_seconds();
    let revocations = Revocations::builder().capacity(2).clock(clock.clone()).in_memory();
    let others =
        Principal::builder("bob").issuer("shop").issued_at_unix(now).expires_at_unix(now + 400);
    let (others, later) = (others.clone().build(), others.issued_at_unix(now + 301).build());
    drop(revocations.revoke_token("shop", "t"));
    drop(revocations.revoke_subject("shop", "carol"));
    assert_eq!(outcome(&revocations, &others), Ok(()));
    // What is there already needs no room.
    drop(revocations.revoke_token("shop", "t"));
    assert_eq!(outcome(&revocations, &others), Ok(()));
    drop(revocations.revoke_token("shop", "u"));
    let statistics = revocations.statistics();
    assert_eq!((statistics.entries, statistics.capacity, statistics.coarse), (3, 2, 1));
    assert_eq!(outcome(&revocations, &others), REVOKED);
    assert_eq!(outcome(&revocations, &later), Ok(()));
    assert_eq!(outcome(&revocations, &caller("alice", now)), REVOKED);

    // Issuers have room of their own, and it ends too.
    for number in 0..1023 {
        drop(revocations.revoke_issuer(&format!("issuer {number}")));
    }
    let elsewhere =
        Principal::builder("dan").issuer("bank").issued_at_unix(now).expires_at_unix(now + 9);
    let elsewhere = elsewhere.build();
    assert_eq!(outcome(&revocations, &elsewhere), Ok(()));
    drop(revocations.revoke_issuer("one more"));
    assert_eq!(outcome(&revocations, &elsewhere), REVOKED);
    assert_eq!(revocations.statistics().entries, 2 + 1024);
}

#[test]
fn a_list_that_cannot_be_read_lets_nobody_through() {
    let list = List::new(terms(10), false);
    let principal = caller("alice", 7);
    assert_eq!(list.version(), super::list::UNREADABLE);
    assert!(!principal.is_cleared_at(list.version()));
    list.add(Target::Token("shop", "t"), Issued::Whenever, moment(0, 0));
    assert_eq!(list.version(), super::list::UNREADABLE);
    list.set_readable(true);
    let version = list.version();
    assert_ne!(version, super::list::UNREADABLE);
    list.set_readable(false);
    assert_eq!(list.version(), super::list::UNREADABLE);
    list.set_readable(true);
    assert_eq!(list.version(), version, "nothing has changed meanwhile");
}

/// What is kept instead revokes more, never less: a token from a clock that is ahead is covered.
#[test]
fn a_full_list_covers_the_tokens_of_clocks_that_are_ahead() {
    for revoke in [(|list| list.revoke_token("shop", "t")) as fn(&Revocations) -> Revoked, |list| {
        list.revoke_session("shop", "s")
    }] {
        let clock = FakeClock::new();
        let now = clock.now().unix_seconds();
        let list = Revocations::builder().capacity(1).clock(clock.clone()).in_memory();
        assert_eq!(done(list.revoke_token("bank", "other")), Ok(()));
        assert_eq!(done(revoke(&list)), Ok(()));
        assert_eq!(list.statistics().coarse, 1);
        for ahead in [0, 1, 60, 300] {
            assert_eq!(outcome(&list, &caller("alice", now + ahead)), REVOKED, "{ahead}");
        }
        assert_eq!(outcome(&list, &caller("alice", now + 301)), Ok(()), "issued afterwards");
    }
}

/// A token that was accepted before a revocation is not accepted after it, however the two meet.
#[test]
fn no_verification_under_way_outlives_a_revocation() {
    for _ in 0..200 {
        let (revocations, _, now) = revocations();
        let shared = caller("alice", now);
        let revoked = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                let (revocations, shared, revoked) = (revocations.clone(), &shared, &revoked);
                scope.spawn(move || {
                    loop {
                        // Read before the question: what is answered then is answered after it.
                        let after = revoked.load(std::sync::atomic::Ordering::Acquire);
                        let answer = outcome(&revocations, shared);
                        if after {
                            assert_eq!(answer, REVOKED);
                            break;
                        }
                    }
                });
            }
            for number in 0..20 {
                drop(revocations.revoke_token("shop", &format!("other {number}")));
            }
            drop(revocations.revoke_session("shop", "s"));
            revoked.store(true, std::sync::atomic::Ordering::Release);
        });
    }
}

#[test]
fn debug_output_shows_no_name() {
    let (revocations, _, _) = revocations();
    drop(revocations.revoke_subject("s3cr3t", "s3cr3t"));
    let output = format!("{revocations:?}");
    assert!(output.contains("entries: 1") && !output.contains("s3cr3t"), "{output}");
}
