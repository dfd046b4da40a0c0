//! Loom models of revocation, concurrent with verifications and cache hits.

use std::time::Duration;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use loom::thread;

use crate::list::{Issued, List, Target, Terms};
use crate::support::time::Moment;

const TOKEN: Target<'_> = Target::Token("issuer", "1");

fn list() -> List {
    List::new(Terms { capacity: 1, life_nanos: 1000 }, true)
}

fn now() -> Moment {
    Moment::new(Duration::ZERO, Duration::ZERO)
}

/// A use of a token, as in `Revocations::check`; returns whether the token is accepted.
fn counts(list: &List, cleared_at: &AtomicU64) -> bool {
    let version = list.version();
    if cleared_at.load(Ordering::Relaxed) == version {
        return true;
    }
    if list.holds(7, [TOKEN]) {
        return false;
    }
    cleared_at.store(version, Ordering::Relaxed);
    true
}

/// One thread uses a token, another one revokes it and sets a flag: a use that begins after that is not
/// accepted, independent of earlier uses.
#[test]
fn no_use_after_a_revocation_counts() {
    loom::model(|| {
        let shared = Arc::new((list(), AtomicU64::new(0), AtomicBool::new(false)));
        let other = Arc::clone(&shared);
        let user = thread::spawn(move || {
            let (list, cleared_at, revoked) = &*other;
            counts(list, cleared_at);
            let after = revoked.load(Ordering::Acquire);
            assert!(!(counts(list, cleared_at) && after));
        });
        let (list, cleared_at, revoked) = &*shared;
        list.add(TOKEN, Issued::Whenever, now());
        revoked.store(true, Ordering::Release);
        user.join().unwrap();
        assert!(!counts(list, cleared_at));
    });
}

/// Two concurrent revocations with a full list: both take effect.
#[test]
fn revocations_that_meet_all_hold() {
    loom::model(|| {
        let shared = Arc::new((list(), AtomicU64::new(0)));
        assert!(counts(&shared.0, &shared.1));
        let other = Arc::clone(&shared);
        let first = thread::spawn(move || {
            other.0.add(Target::Session("issuer", "2"), Issued::Whenever, now());
        });
        shared.0.add(TOKEN, Issued::Whenever, now());
        first.join().unwrap();
        // The second revocation found no room, so it revoked all tokens issued until now, second 0.
        assert!(shared.0.holds(0, [TOKEN, Target::Issuer("issuer")]));
        let session = [Target::Session("issuer", "2"), Target::Issuer("issuer")];
        assert!(shared.0.holds(0, session));
        assert_eq!(shared.0.count(), (2, 1));
    });
}
