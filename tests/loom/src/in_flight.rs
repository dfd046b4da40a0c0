//! Every interleaving of requests that end, wait, give up and come.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::task::{Wake, Waker};

use loom::sync::atomic::{AtomicU32, Ordering::SeqCst};
use loom::thread;

use crate::throttling::{Bound, Entered, InFlight, LimitKey, Limiter, Permit, Waiter};

/// One at once, and so many in the queue.
fn bound(places: u32) -> Bound {
    Bound { limit: 0, most: NonZeroU32::MIN, places }
}

/// Counts how often it was woken, as the models see it.
struct Bell(AtomicU32);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

struct World {
    all: Arc<InFlight>,
    key: LimitKey,
}

impl Clone for World {
    fn clone(&self) -> Self {
        Self { all: Arc::clone(&self.all), key: self.key }
    }
}

impl World {
    /// A request is being served.
    fn new() -> (Self, Permit) {
        let key = Limiter::with_capacity_bytes(0).key(0, "ada");
        let world = Self { all: InFlight::new(1), key };
        let Entered::Served(held) = world.enter(0) else { panic!("nobody is served yet") };
        (world, held)
    }

    fn enter(&self, places: u32) -> Entered {
        self.all.enter(self.key, bound(places), Waker::noop())
    }

    fn queued(&self, places: u32) -> (Waiter, Arc<Bell>) {
        let bell = Arc::new(Bell(AtomicU32::new(0)));
        let waker = Arc::clone(&bell).into();
        match self.all.enter(self.key, bound(places), &waker) {
            Entered::Queued(waiter) => (waiter, bell),
            other => panic!("expected a place in the queue, found {other:?}"),
        }
    }
}

fn permit(waiter: &mut Waiter) -> Option<Permit> {
    waiter.poll(Waker::noop())
}

#[test]
fn a_request_that_comes_while_the_last_one_ends_is_served_or_woken() {
    loom::model(|| {
        let (world, held) = World::new();
        let thread = thread::spawn(move || drop(held));
        let bell = Arc::new(Bell(AtomicU32::new(0)));
        let waker = Arc::clone(&bell).into();
        let entered = world.all.enter(world.key, bound(1), &waker);
        thread.join().unwrap();
        match entered {
            Entered::Served(permit) => drop(permit),
            Entered::Queued(mut waiter) => {
                assert_eq!(bell.0.load(SeqCst), 1, "woken");
                drop(permit(&mut waiter).expect("its turn"));
            }
            Entered::Refused => panic!("there is a place in the queue"),
        }
        assert_eq!(world.all.keys(), 0, "nothing is left behind");
    });
}

#[test]
fn a_waker_that_changes_while_the_turn_comes_is_not_lost() {
    loom::model(|| {
        let (world, held) = World::new();
        let (mut waiter, old) = world.queued(1);
        let thread = thread::spawn(move || drop(held));
        let new = Arc::new(Bell(AtomicU32::new(0)));
        let found = waiter.poll(&Arc::clone(&new).into());
        thread.join().unwrap();
        match found {
            Some(permit) => drop(permit),
            None => {
                assert_eq!((old.0.load(SeqCst), new.0.load(SeqCst)), (0, 1));
                drop(permit(&mut waiter).expect("its turn"));
            }
        }
        assert_eq!(world.all.keys(), 0);
    });
}

#[test]
fn a_permit_for_who_gives_up_goes_to_the_next_whenever_they_do() {
    loom::model(|| {
        let (world, held) = World::new();
        let ((first, _), (mut second, bell)) = (world.queued(2), world.queued(2));
        let leaves = thread::spawn(move || drop(first));
        drop(held);
        leaves.join().unwrap();
        assert_eq!(bell.0.load(SeqCst), 1, "woken once");
        drop(permit(&mut second).expect("its turn"));
        assert_eq!(world.all.keys(), 0);
    });
}

#[test]
fn who_waited_too_long_has_the_permit_or_leaves_it_to_others() {
    loom::model(|| {
        let (world, held) = World::new();
        let (mut waiter, _) = world.queued(1);
        let ends = thread::spawn(move || drop(held));
        let at_last = waiter.expire();
        ends.join().unwrap();
        drop(waiter);
        if at_last.is_some() {
            assert!(matches!(world.enter(0), Entered::Refused), "it is being served");
        }
        drop(at_last);
        let Entered::Served(next) = world.enter(0) else { panic!("nobody is served") };
        drop(next);
        assert_eq!(world.all.keys(), 0);
    });
}

#[test]
fn nobody_overtakes_who_waits() {
    loom::model(|| {
        let (world, held) = World::new();
        let (mut waiter, _) = world.queued(1);
        let other = world.clone();
        let comes = thread::spawn(move || !matches!(other.enter(0), Entered::Refused));
        drop(held);
        assert!(!comes.join().unwrap(), "the place is the waiting one's");
        drop(permit(&mut waiter).expect("its turn"));
        assert_eq!(world.all.keys(), 0);
    });
}

#[test]
fn two_places_that_become_free_are_two_peoples() {
    loom::model(|| {
        let key = Limiter::with_capacity_bytes(0).key(0, "ada");
        let world = World { all: InFlight::new(1), key };
        let two = Bound { limit: 0, most: NonZeroU32::MIN.saturating_add(1), places: 2 };
        let enter = || world.all.enter(world.key, two, Waker::noop());
        let (Entered::Served(first), Entered::Served(second)) = (enter(), enter()) else {
            panic!("two are served")
        };
        let (Entered::Queued(mut third), Entered::Queued(mut fourth)) = (enter(), enter()) else {
            panic!("two wait")
        };
        let ends = thread::spawn(move || drop(first));
        drop(second);
        ends.join().unwrap();
        let permits = (permit(&mut third), permit(&mut fourth));
        assert!(permits.0.is_some() && permits.1.is_some());
        assert!(matches!(world.all.enter(world.key, bound(0), Waker::noop()), Entered::Refused));
        drop(permits);
        assert_eq!(world.all.keys(), 0);
    });
}
