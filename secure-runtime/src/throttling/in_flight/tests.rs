//! Requests at once, and queues, without a clock.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::Wake;
use std::thread;

use super::super::limiter::Limiter;
use super::*;

/// Counts how often it was woken.
#[derive(Default)]
struct Bell(AtomicU32);

impl Wake for Bell {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

struct World {
    all: Arc<InFlight>,
    key: LimitKey,
}

fn world() -> World {
    let (all, hasher) = (InFlight::new(1), Limiter::with_capacity_bytes(0));
    World { all, key: hasher.key(0, "ada") }
}

fn bound(most: u32, places: u32) -> Bound {
    Bound { limit: 0, most: NonZeroU32::new(most).unwrap(), places }
}

impl World {
    fn enter(&self, most: u32, places: u32) -> Entered {
        self.all.enter(self.key, bound(most, places), Waker::noop())
    }

    fn served(&self, most: u32) -> Option<Permit> {
        match self.enter(most, 0) {
            Entered::Served(permit) => Some(permit),
            _ => None,
        }
    }

    fn queued(&self, most: u32, places: u32) -> Waiter {
        match self.enter(most, places) {
            Entered::Queued(waiter) => waiter,
            other => panic!("expected a place in the queue, found {other:?}"),
        }
    }

    fn now(&self) -> InFlightNow {
        self.all.now()[0]
    }
}

fn is_served(waiter: &mut Waiter) -> Option<Permit> {
    waiter.poll(Waker::noop())
}

#[test]
fn a_key_is_served_as_often_as_it_may_be_and_forgotten_afterwards() {
    let (all, hasher) = (InFlight::new(0), Limiter::with_capacity_bytes(0));
    let (alice, bob) = (hasher.key(0, "alice"), hasher.key(0, "bob"));
    let enter = |key, most| match all.enter(key, bound(most, 0), Waker::noop()) {
        Entered::Served(permit) => Some(permit),
        _ => None,
    };
    let first = enter(alice, 2);
    let second = enter(alice, 2);
    assert!(first.is_some() && second.is_some() && enter(alice, 2).is_none());
    let other = enter(bob, 1);
    assert!(other.is_some() && enter(bob, 1).is_none());
    drop(first);
    let third = enter(alice, 2);
    assert!(third.is_some() && enter(alice, 2).is_none());
    assert_eq!(all.keys(), 2);
    drop((second, third, other));
    assert_eq!(all.keys(), 0);
}

#[test]
fn who_waits_is_served_in_the_order_of_arrival_and_nobody_overtakes() {
    let world = world();
    let first = world.served(1);
    let mut waiting = [(); 3].map(|()| world.queued(1, 3));
    assert!(matches!(world.enter(1, 3), Entered::Refused));
    assert!(waiting.iter_mut().all(|waiter| is_served(waiter).is_none()));
    drop(first);
    // The place is the oldest one's, which has not noticed: one place of the queue is free, no more.
    assert!(world.served(1).is_none());
    let mut late = world.queued(1, 3);
    let [first, second, third] = &mut waiting;
    assert!(is_served(second).is_none() && is_served(third).is_none());
    let permit = is_served(first).unwrap();
    assert!(is_served(first).is_none(), "one permit a place");
    drop(permit);
    let permit = is_served(second).unwrap();
    assert!(is_served(third).is_none() && is_served(&mut late).is_none());
    assert_eq!((world.now().served, world.now().waiting), (1, 2));
    drop(permit);
    drop(is_served(third).unwrap());
    drop(is_served(&mut late).unwrap());
    assert_eq!(world.all.keys(), 0);
    let expected = InFlightNow { queued: 4, refused: 2, ..Default::default() };
    assert_eq!(world.now(), expected);
}

#[test]
fn who_leaves_makes_room_at_once_and_a_permit_on_its_way_is_the_next_ones() {
    let world = world();
    let held = world.served(1);
    let (first, mut second) = (world.queued(1, 2), world.queued(1, 2));
    drop(first);
    let third = world.queued(1, 2);
    drop(held);
    // The second has it and does not know; the third gets it when the second is gone.
    drop(world.queued(1, 2));
    drop(third);
    let mut fourth = world.queued(1, 2);
    assert!(is_served(&mut fourth).is_none());
    let permit = is_served(&mut second);
    assert!(permit.is_some());
    drop((second, permit));
    let mut given = world.queued(1, 2);
    drop(fourth);
    drop(is_served(&mut given).unwrap());
    assert_eq!((world.all.keys(), world.now().left), (0, 4));
}

#[test]
fn who_waited_too_long_is_refused_unless_the_permit_came_meanwhile() {
    let world = world();
    let held = world.served(1);
    let (mut first, mut second) = (world.queued(1, 2), world.queued(1, 2));
    assert!(first.expire().is_none());
    assert!(is_served(&mut first).is_none(), "it is over");
    drop(held);
    let permit = second.expire();
    assert!(permit.is_some());
    drop((first, permit));
    let found = world.now();
    assert_eq!((found.expired, found.refused, found.left, world.all.keys()), (1, 1, 0, 0));
}

#[test]
fn beyond_an_observed_limit_everybody_is_served_and_nobody_waits_for_it_later() {
    let world = world();
    let observed = || world.all.enter_observed(world.key, bound(1, 1));
    let ((first, is_first_beyond), (second, is_second_beyond)) = (observed(), observed());
    assert!(!is_first_beyond && is_second_beyond);
    // The limit is enforced from now on: two are served, one may be.
    let mut waiting = world.queued(1, 1);
    drop(first);
    assert!(is_served(&mut waiting).is_none(), "one is still served");
    drop(second);
    drop(is_served(&mut waiting).unwrap());
    let found = world.now();
    assert_eq!((found.observed, found.served, found.refused, world.all.keys()), (1, 0, 0, 0));
}

#[test]
fn the_oldest_is_woken_and_the_last_waker_counts() {
    let world = world();
    let [old, new, other] = [(); 3].map(|()| std::sync::Arc::<Bell>::default());
    let held = world.served(1);
    let mut first = match world.all.enter(world.key, bound(1, 2), &old.clone().into()) {
        Entered::Queued(waiter) => waiter,
        other => panic!("{other:?}"),
    };
    let second = world.all.enter(world.key, bound(1, 2), &other.clone().into());
    assert!(first.poll(&new.clone().into()).is_none());
    let rung = || [&old, &new, &other].map(|bell| bell.0.load(SeqCst));
    drop(held);
    assert_eq!(rung(), [0, 1, 0]);
    drop(first);
    assert_eq!(rung(), [0, 1, 1]);
    drop(second);
    assert_eq!((rung(), world.all.keys()), ([0, 1, 1], 0));
}

#[test]
fn of_parallel_requests_never_more_than_may_be_are_served_and_no_place_is_lost() {
    let world = world();
    let served = AtomicU32::new(0);
    let serve = |permit: Permit| {
        let now = served.fetch_add(1, SeqCst) + 1;
        assert!(now <= 3, "{now} at once");
        served.fetch_sub(1, SeqCst);
        drop(permit);
    };
    thread::scope(|scope| {
        for thread in 0..4 {
            let (world, serve) = (&world, &serve);
            scope.spawn(move || {
                for round in 0..20_000 {
                    match world.enter(3, 1) {
                        Entered::Served(permit) => serve(permit),
                        Entered::Refused => {}
                        Entered::Queued(waiter) if (round + thread) % 3 == 0 => drop(waiter),
                        Entered::Queued(mut waiter) if (round + thread) % 3 == 1 => {
                            waiter.expire().into_iter().for_each(serve);
                        }
                        Entered::Queued(mut waiter) => {
                            let permit = std::iter::repeat_with(|| is_served(&mut waiter));
                            permit.flatten().take(1).for_each(serve);
                        }
                    }
                }
            });
        }
    });
    assert_eq!((world.all.keys(), world.now().served, world.now().waiting), (0, 0, 0));
}
