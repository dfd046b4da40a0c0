//! Tests of concurrency limits and queues, without a clock.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::Wake;
use std::thread;
use std::time::Duration;

use super::*;
use crate::throttling::rate::limiter::Limiter;

/// A waker that counts how often it was woken.
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

/// One limit with this number of slots and of places in the queue.
fn world(most: u32, places: u32) -> World {
    let (all, hasher) = (InFlight::new(&[bound(most, places)]), Limiter::with_capacity_bytes(0));
    World { all, key: hasher.key(0, "ada") }
}

fn bound(most: u32, places: u32) -> Bound {
    Bound { most: most.try_into().unwrap(), places, wait: Duration::from_millis(500) }
}

impl World {
    fn enter(&self) -> Entered {
        self.all.enter(self.key, 0, Waker::noop())
    }

    fn change(&self, most: u32, places: u32) {
        self.all.change(0, bound(most, places));
    }

    fn served(&self) -> Option<Permit> {
        match self.enter() {
            Entered::Served(permit) => Some(permit),
            _ => None,
        }
    }

    fn queued(&self) -> Waiter {
        match self.enter() {
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
    let all = InFlight::new(&[bound(2, 0), bound(1, 0)]);
    let hasher = Limiter::with_capacity_bytes(0);
    let (alice, bob) = (hasher.key(0, "alice"), hasher.key(1, "bob"));
    let enter = |key, limit| match all.enter(key, limit, Waker::noop()) {
        Entered::Served(permit) => Some(permit),
        _ => None,
    };
    let first = enter(alice, 0);
    let second = enter(alice, 0);
    assert!(first.is_some() && second.is_some() && enter(alice, 0).is_none());
    let other = enter(bob, 1);
    assert!(other.is_some() && enter(bob, 1).is_none());
    drop(first);
    let third = enter(alice, 0);
    assert!(third.is_some() && enter(alice, 0).is_none());
    assert_eq!(all.keys(), 2);
    drop((second, third, other));
    assert_eq!(all.keys(), 0);
}

#[test]
fn who_waits_is_served_in_the_order_of_arrival_and_nobody_overtakes() {
    let world = world(1, 3);
    let first = world.served();
    let mut waiting = [(); 3].map(|()| world.queued());
    assert!(matches!(world.enter(), Entered::Refused));
    assert!(waiting.iter_mut().all(|waiter| is_served(waiter).is_none()));
    drop(first);
    // The slot belongs to the oldest request, which was not polled since: one place of the queue is free, no
    // more.
    assert!(world.served().is_none());
    let mut late = world.queued();
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
    let expected = InFlightNow { queued: 5, refused: 1, left: 1, ..Default::default() };
    assert_eq!(world.now(), expected);
}

#[test]
fn who_leaves_makes_room_at_once_and_a_permit_on_its_way_is_the_next_ones() {
    let world = world(1, 2);
    let held = world.served();
    let (first, mut second) = (world.queued(), world.queued());
    drop(first);
    let third = world.queued();
    drop(held);
    // The second has the slot and was not polled since; the third gets it when the second is dropped.
    drop(world.queued());
    drop(third);
    let mut fourth = world.queued();
    assert!(is_served(&mut fourth).is_none());
    let permit = is_served(&mut second);
    assert!(permit.is_some());
    drop((second, permit));
    let mut given = world.queued();
    drop(fourth);
    drop(is_served(&mut given).unwrap());
    assert_eq!((world.all.keys(), world.now().left), (0, 4));
}

#[test]
fn who_waited_too_long_is_refused_unless_the_permit_came_meanwhile() {
    let world = world(1, 2);
    let held = world.served();
    let (mut first, mut second) = (world.queued(), world.queued());
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
    let world = world(1, 1);
    let observed = || world.all.enter_observed(world.key, 0);
    let ((first, is_first_beyond), (second, is_second_beyond)) = (observed(), observed());
    assert!(!is_first_beyond && is_second_beyond);
    // The limit is enforced from now on: two requests are in flight, one is allowed.
    let mut waiting = world.queued();
    drop(first);
    assert!(is_served(&mut waiting).is_none(), "one is still served");
    drop(second);
    drop(is_served(&mut waiting).unwrap());
    let found = world.now();
    assert_eq!((found.observed, found.served, found.refused, world.all.keys()), (1, 0, 0, 0));
}

#[test]
fn the_oldest_is_woken_and_the_last_waker_counts() {
    let world = world(1, 2);
    let [old, new, other] = [(); 3].map(|()| std::sync::Arc::<Bell>::default());
    let held = world.served();
    let mut first = match world.all.enter(world.key, 0, &old.clone().into()) {
        Entered::Queued(waiter) => waiter,
        other => panic!("{other:?}"),
    };
    let second = world.all.enter(world.key, 0, &other.clone().into());
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
    let world = world(3, 1);
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
                    match world.enter() {
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

#[test]
fn more_places_are_those_of_who_waits_at_once_and_the_oldest_first() {
    let world = world(1, 4);
    let held = world.served();
    let bells = [(); 3].map(|()| std::sync::Arc::<Bell>::default());
    let mut waiting =
        bells.each_ref().map(|bell| match world.all.enter(world.key, 0, &bell.clone().into()) {
            Entered::Queued(waiter) => waiter,
            other => panic!("{other:?}"),
        });
    world.change(3, 4);
    assert_eq!(bells.each_ref().map(|bell| bell.0.load(SeqCst)), [1, 1, 0]);
    let [first, second, third] = &mut waiting;
    let permits = (is_served(first).unwrap(), is_served(second).unwrap());
    assert!(is_served(third).is_none());
    assert_eq!((world.now().served, world.now().waiting), (3, 1));
    // One slot more, and a later request.
    world.change(4, 4);
    assert!(world.served().is_none());
    let last = is_served(third).unwrap();
    world.change(5, 4);
    assert!(world.served().is_some());
    drop((held, permits, last));
    assert_eq!((world.all.keys(), world.now().served), (0, 0));
}

#[test]
fn with_fewer_places_who_is_served_stays_and_nobody_comes_until_so_many_are_left() {
    let world = world(3, 1);
    let [first, second, third] = [(); 3].map(|()| world.served().unwrap());
    let mut waiting = world.queued();
    world.change(1, 1);
    assert_eq!((world.now().served, world.now().waiting), (3, 1));
    drop(first);
    assert!(is_served(&mut waiting).is_none() && matches!(world.enter(), Entered::Refused));
    drop(second);
    assert!(is_served(&mut waiting).is_none(), "as many are served as may be");
    drop(third);
    let permit = is_served(&mut waiting);
    assert!(permit.is_some() && world.now().served == 1);
    drop(permit);
    assert_eq!(world.all.keys(), 0);
}

#[test]
fn a_queue_becomes_longer_and_shorter_and_who_stands_in_it_stays() {
    let world = world(1, 0);
    let held = world.served();
    assert!(matches!(world.enter(), Entered::Refused));
    world.change(1, 2);
    let mut waiting = [world.queued(), world.queued()];
    world.change(1, 1);
    assert!(matches!(world.enter(), Entered::Refused));
    world.change(1, 0);
    drop(held);
    let [first, second] = &mut waiting;
    drop(is_served(first).unwrap());
    drop(is_served(second).unwrap());
    assert_eq!((world.all.keys(), world.now().left), (0, 0));
}

#[test]
fn a_change_is_about_one_limit() {
    let all = InFlight::new(&[bound(1, 1), bound(1, 1)]);
    let hasher = Limiter::with_capacity_bytes(0);
    let enter = |limit| all.enter(hasher.key(limit, "ada"), limit as u32, Waker::noop());
    let held = [enter(0), enter(1)];
    let (Entered::Queued(mut first), Entered::Queued(mut second)) = (enter(0), enter(1)) else {
        panic!("both wait")
    };
    all.change(1, bound(2, 1));
    assert!(is_served(&mut first).is_none() && is_served(&mut second).is_some());
    assert_eq!((all.bound(0), all.bound(1)), (bound(1, 1), bound(2, 1)));
    // The limit does not exist.
    all.change(7, bound(2, 1));
    assert!(matches!(enter(7), Entered::Refused));
    drop(held);
}

#[test]
fn whatever_changes_nobody_is_left_waiting_and_never_more_are_served_than_might_be() {
    let world = world(2, 8);
    let served = AtomicU32::new(0);
    let serve = |permit: Permit| {
        let now = served.fetch_add(1, SeqCst) + 1;
        assert!(now <= 4, "{now} at once");
        served.fetch_sub(1, SeqCst);
        drop(permit);
    };
    thread::scope(|scope| {
        for _ in 0..3 {
            let (world, serve) = (&world, &serve);
            scope.spawn(move || {
                for _ in 0..20_000 {
                    match world.enter() {
                        Entered::Served(permit) => serve(permit),
                        Entered::Refused => panic!("the queue has places for all"),
                        Entered::Queued(mut waiter) => {
                            let permit = std::iter::repeat_with(|| is_served(&mut waiter));
                            permit.flatten().take(1).for_each(serve);
                        }
                    }
                }
            });
        }
        (0..5_000).for_each(|round| world.change(1 + round % 4, 8));
    });
    assert_eq!((world.all.keys(), world.now().served, world.now().waiting), (0, 0, 0));
}
