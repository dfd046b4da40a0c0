//! loom models of the queue of requests in flight: requests that end, wait, give up and arrive.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use loom::sync::atomic::{AtomicU32, Ordering::SeqCst};
use loom::thread;

use crate::throttling::{Bound, Entered, InFlight, LimitKey, Limiter, Permit, Waiter};

/// A limit with this many requests in flight and this many in the queue.
fn bound(most: u32, places: u32) -> Bound {
    Bound { most: NonZeroU32::new(most).unwrap(), places, wait: Duration::ZERO }
}

/// A waker that counts how often it was woken.
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
    /// One request is in flight, one is allowed, and this many may wait.
    fn new(places: u32) -> (Self, Permit) {
        let key = Limiter::with_capacity_bytes(0).key(0, "ada");
        let world = Self { all: InFlight::new(&[bound(1, places)]), key };
        let Entered::Served(held) = world.enter() else { panic!("nobody is served yet") };
        (world, held)
    }

    fn enter(&self) -> Entered {
        self.all.enter(self.key, 0, Waker::noop())
    }

    fn queued(&self) -> (Waiter, Arc<Bell>) {
        let bell = Arc::new(Bell(AtomicU32::new(0)));
        let waker = Arc::clone(&bell).into();
        match self.all.enter(self.key, 0, &waker) {
            Entered::Queued(waiter) => (waiter, bell),
            other => panic!("expected a place in the queue, found {other:?}"),
        }
    }
}

fn permit(waiter: &mut Waiter) -> Option<Permit> {
    waiter.poll(Waker::noop())
}

/// A request arrives while another thread frees a slot.
fn is_served_or_woken(world: &World, frees: thread::JoinHandle<()>) {
    let bell = Arc::new(Bell(AtomicU32::new(0)));
    let waker = Arc::clone(&bell).into();
    let entered = world.all.enter(world.key, 0, &waker);
    frees.join().unwrap();
    match entered {
        Entered::Served(permit) => drop(permit),
        Entered::Queued(mut waiter) => {
            assert_eq!(bell.0.load(SeqCst), 1, "woken");
            drop(permit(&mut waiter).expect("its turn"));
        }
        Entered::Refused => panic!("there is a place in the queue"),
    }
}

#[test]
fn a_request_that_comes_while_the_last_one_ends_is_served_or_woken() {
    loom::model(|| {
        let (world, held) = World::new(1);
        is_served_or_woken(&world, thread::spawn(move || drop(held)));
        assert_eq!(world.all.keys(), 0, "nothing is left behind");
    });
}

#[test]
fn a_waker_that_changes_while_the_turn_comes_is_not_lost() {
    loom::model(|| {
        let (world, held) = World::new(1);
        let (mut waiter, old) = world.queued();
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
        let (world, held) = World::new(2);
        let ((first, _), (mut second, bell)) = (world.queued(), world.queued());
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
        let (world, held) = World::new(1);
        let (mut waiter, _) = world.queued();
        let ends = thread::spawn(move || drop(held));
        let at_last = waiter.expire();
        ends.join().unwrap();
        drop(waiter);
        if at_last.is_some() {
            assert!(!matches!(world.enter(), Entered::Served(_)), "it is being served");
        }
        drop(at_last);
        let Entered::Served(next) = world.enter() else { panic!("nobody is served") };
        drop(next);
        assert_eq!(world.all.keys(), 0);
    });
}

#[test]
fn nobody_overtakes_who_waits() {
    loom::model(|| {
        let (world, held) = World::new(1);
        let (mut waiter, _) = world.queued();
        let other = world.clone();
        let comes = thread::spawn(move || matches!(other.enter(), Entered::Served(_)));
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
        let world = World { all: InFlight::new(&[bound(2, 2)]), key };
        let enter = || world.enter();
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
        world.all.change(0, bound(2, 0));
        assert!(matches!(world.enter(), Entered::Refused));
        drop(permits);
        assert_eq!(world.all.keys(), 0);
    });
}

#[test]
fn who_comes_while_more_may_be_served_is_served_or_woken() {
    loom::model(|| {
        let (world, held) = World::new(1);
        let other = world.clone();
        is_served_or_woken(&world, thread::spawn(move || other.all.change(0, bound(2, 1))));
        drop(held);
        assert_eq!(world.all.keys(), 0);
    });
}

#[test]
fn a_place_more_is_the_oldest_ones_whoever_comes_and_ends_meanwhile() {
    loom::model(|| {
        let (world, held) = World::new(2);
        let (mut waiter, bell) = world.queued();
        let other = world.clone();
        let raises = thread::spawn(move || other.all.change(0, bound(2, 2)));
        // The order is kept: either the second request waits behind the first, or both are served.
        let late = world.enter();
        let is_first = waiter.poll(&Arc::clone(&bell).into());
        assert!(is_first.is_some() || matches!(late, Entered::Queued(_)));
        drop(held);
        raises.join().unwrap();
        assert_eq!(bell.0.load(SeqCst), 1, "woken once");
        let first = is_first.or_else(|| permit(&mut waiter)).expect("its turn");
        match late {
            Entered::Served(permit) => drop(permit),
            Entered::Queued(mut late) => drop(permit(&mut late).expect("the place that was left")),
            Entered::Refused => panic!("there is a place in the queue"),
        }
        drop(first);
        assert_eq!(world.all.keys(), 0);
    });
}

#[test]
fn with_fewer_places_nobody_is_lost_and_no_more_are_served_than_were() {
    loom::model(|| {
        let key = Limiter::with_capacity_bytes(0).key(0, "ada");
        let world = World { all: InFlight::new(&[bound(2, 1)]), key };
        let (Entered::Served(first), Entered::Served(second)) = (world.enter(), world.enter())
        else {
            panic!("two are served")
        };
        let (mut waiter, _) = world.queued();
        let other = world.clone();
        let lowers = thread::spawn(move || other.all.change(0, bound(1, 1)));
        drop(first);
        lowers.join().unwrap();
        // The request got the slot before the change, or waits until both others have ended.
        let early = permit(&mut waiter);
        drop(second);
        let served = early.or_else(|| permit(&mut waiter)).expect("its turn");
        assert!(!matches!(world.enter(), Entered::Served(_)), "one at once");
        drop(served);
        assert_eq!(world.all.keys(), 0);
    });
}
