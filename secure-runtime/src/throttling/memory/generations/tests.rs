//! Tests of carry-over: examples, a reference model, and threads.

use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::throttling::calendar::{Calendar, Period};
use crate::throttling::rate::quota::Quota;

const ONE: NonZeroU32 = NonZeroU32::MIN;

fn quota(permits: u32, window: u32, burst: u32) -> &'static Quota {
    let number = |number| NonZeroU32::new(number).unwrap();
    let quota = Quota::new(number(permits), number(window)).with_burst(number(burst));
    Box::leak(Box::new(quota))
}

fn at(nanos: u64) -> Moment {
    Moment::new(Duration::from_nanos(nanos), Duration::from_nanos(nanos))
}

fn change(place: u32, before: &Quota, after: &Quota) -> Change {
    let whole = (before.burst_tolerance_ns(), after.burst_tolerance_ns());
    Change { place, whole, lasts_ns: whole.0.max(whole.1) * 2 }
}

fn allowed(
    counters: &Counters,
    generations: &Generations,
    quotas: &[&'static Quota],
    key: LimitKey,
    now: Moment,
) -> (bool, u32) {
    let terms = |place: u32| Allowance { quota: quotas[place as usize], calendar: None };
    let decided = counters.decide(generations, terms, key, ONE, now);
    (decided.answer.is_allowed(), decided.answer.remaining())
}

#[test]
fn what_was_taken_of_a_quota_of_the_calendar_is_given_back_as_its_share_of_the_new_one() {
    let [old, new] = [10, 20].map(|permits| {
        let calendar = Calendar::new(Period::Day, "UTC", permits).unwrap();
        &*Box::leak(Box::new(calendar))
    });
    let terms = |place: u32| {
        let calendar = Some(if place == 0 { old } else { new });
        Allowance { quota: quota(10, 86_400, 10), calendar }
    };
    let (counters, now) = (Counters::new(0, 1 << 12, 0, 0), at(0));
    let (generations, key) = (Generations::default(), counters.limiter.key(1, "ada"));
    let take = |cost: u32| counters.decide(&generations, terms, key, cost.try_into().unwrap(), now);
    let left = || {
        let (key, place) = counters.standing(&generations, terms, key, now);
        counters.peek(key, terms(place), ONE, now).remaining()
    };
    let (first, second, third) = (take(1), take(4), take(2));
    counters.give_back(&generations, terms, key, &third, now);
    assert_eq!(left(), 5, "under the same terms all of it");
    let change = Change { place: 1, whole: (10, 20), lasts_ns: u64::MAX };
    assert!(generations.begin(change, now));
    assert_eq!(left(), 10);
    counters.give_back(&generations, terms, key, &second, now);
    assert_eq!(left(), 18);
    counters.give_back(&generations, terms, key, &first, now);
    assert_eq!(left(), 20);
    assert!(take(20).answer.is_allowed() && !take(1).answer.is_allowed());
}

#[test]
fn sixty_percent_stay_sixty_percent_whenever_the_key_comes_again() {
    let second = 1_000_000_000;
    for (after, elapsed, remaining) in [
        // 4 of 10 are left: 40 of 100, less the one that is taken.
        (quota(100, 100, 100), 0, 39),
        (quota(100, 100, 100), 7, 46),
        (quota(5, 10, 5), 0, 1),
        (quota(10, 1000, 10), 100, 4),
    ] {
        let counters = Counters::new(1 << 16, 0, 0, 0);
        let (generations, before) = (Generations::default(), quota(10, 10, 10));
        let quotas = [before, after];
        let key = counters.limiter.key(1, "ada");
        let decide = |now| allowed(&counters, &generations, &quotas, key, at(now));
        for left in (4..10).rev() {
            assert_eq!(decide(second), (true, left));
        }
        assert!(generations.begin(change(1, before, after), at(second)));
        assert_eq!(decide((1 + elapsed) * second), (true, remaining), "{after} {elapsed}");
        let fresh = counters.limiter.key(1, "grace");
        let whole = allowed(&counters, &generations, &quotas, fresh, at(second));
        assert_eq!(whole, (true, after.burst().get() - 1));
    }
}

#[test]
fn a_quota_of_the_calendar_is_carried_over_as_well() {
    use crate::throttling::calendar::{Calendar, Period};
    let day = |permits| -> &'static Calendar {
        Box::leak(Box::new(Calendar::new(Period::Day, "UTC", permits).unwrap()))
    };
    let (counters, generations) = (Counters::new(0, 1 << 12, 0, 0), Generations::default());
    let calendars = [day(10), day(100), day(5)];
    let key = counters.limiter.key(1, "ada");
    let decide = |now| {
        let of = |place: u32| Allowance {
            quota: quota(1, 1, 1),
            calendar: Some(calendars[place as usize]),
        };
        let decided = counters.decide(&generations, of, key, ONE, at(now));
        (decided.answer.is_allowed(), decided.answer.remaining())
    };
    for left in (4..10).rev() {
        assert_eq!(decide(0), (true, left));
    }
    let lasts_ns = 2 * 86_400_000_000_000;
    let begin = |place, whole| generations.begin(Change { place, whole, lasts_ns }, at(0));
    assert!(begin(1, (10, 100)));
    assert_eq!(decide(0), (true, 39));
    assert!(begin(2, (100, 5)));
    // 61 of 100 are rounded up to 4 of 5.
    assert_eq!(decide(0), (true, 0));
    assert_eq!(decide(0), (false, 0));
    assert_eq!(decide(86_400_000_000_000), (true, 4), "the next day");
}

#[test]
fn what_was_used_two_changes_ago_is_remembered_as_long_as_the_last_one_says() {
    let counters = Counters::new(1 << 16, 0, 0, 0);
    let (generations, key) = (Generations::default(), counters.limiter.key(1, "ada"));
    let quotas = [quota(10, 1, 1), quota(1, 1, 1), quota(1, 3, 1)];
    let decide = |now| allowed(&counters, &generations, &quotas, key, at(now)).0;
    assert!(decide(0));
    for place in [1, 2] {
        let change = change(place, quotas[place as usize - 1], quotas[place as usize]);
        assert!(generations.begin(change, at(0)));
    }
    // All of a bucket that takes three seconds was used at the beginning.
    assert!(!decide(2_000_000_000));
    assert!(decide(3_000_000_000));
}

/// A step of a model: time passes, one of three keys makes a request, the limit changes.
#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Ask(usize),
    Change(u32, u32, u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1_u64..4_000_000_000).prop_map(Step::Wait),
        8 => (0_usize..3).prop_map(Step::Ask),
        2 => (1_u32..20, 1_u32..20, 1_u32..20).prop_map(|(a, b, c)| Step::Change(a, b, c)),
    ]
}

proptest! {
    #[test]
    fn what_is_carried_over_late_is_what_would_be_at_once(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let (counters, generations) = (Counters::new(1 << 16, 0, 0, 0), Generations::default());
        let mut quotas = vec![quota(10, 10, 10)];
        let mut now = 5_u64;
        let keys = [0_u32, 1, 2].map(|name| counters.limiter.key(1, &name));
        // The reference changes every key when the limit changes.
        let mut arrivals = [0_u128; 3];
        for step in steps {
            match step {
                Step::Wait(time) => now += time,
                Step::Change(permits, window, burst) => {
                    let (before, after) = (quotas[quotas.len() - 1], quota(permits, window, burst));
                    let place = u32::try_from(quotas.len()).unwrap();
                    quotas.push(after);
                    prop_assert!(generations.begin(change(place, before, after), at(now)));
                    let (old, new) = (before.burst_tolerance_ns(), after.burst_tolerance_ns());
                    for arrival in &mut arrivals {
                        let used = arrival.saturating_sub(u128::from(now));
                        *arrival = u128::from(now)
                            + (used * u128::from(new)).div_ceil(u128::from(old));
                    }
                }
                Step::Ask(who) => {
                    let quota = quotas[quotas.len() - 1];
                    let next = arrivals[who].max(u128::from(now))
                        + u128::from(quota.emission_interval_ns());
                    let fits = next - u128::from(now) <= u128::from(quota.burst_tolerance_ns());
                    if fits {
                        arrivals[who] = next;
                    }
                    let (allowed, _) =
                        allowed(&counters, &generations, &quotas, keys[who], at(now));
                    prop_assert_eq!(allowed, fits);
                }
            }
        }
    }
}

proptest! {
    /// Compares the key that returns permits with one that never took them and has the same requests
    /// otherwise.
    #[test]
    fn what_is_given_back_after_changes_was_taken_and_no_more(
        before in prop::collection::vec(step(), 0..20),
        after in prop::collection::vec(step(), 0..20),
    ) {
        let (counters, generations) = (Counters::new(1 << 16, 0, 0, 0), Generations::default());
        let mut quotas = vec![quota(10, 10, 10)];
        let mut now = 5_u64;
        let [with, without] = [0_u32, 1].map(|name| counters.limiter.key(1, &name));
        let act = |step: &Step, quotas: &mut Vec<&'static Quota>, now: &mut u64| match step {
            Step::Wait(time) => *now += time,
            Step::Change(permits, window, burst) => {
                let (before, after) = (quotas[quotas.len() - 1], quota(*permits, *window, *burst));
                let place = u32::try_from(quotas.len()).unwrap();
                quotas.push(after);
                assert!(generations.begin(change(place, before, after), at(*now)));
            }
            // A request that the first key is denied because of the permits it holds is not made for the
            // other key either.
            Step::Ask(_) => {
                if allowed(&counters, &generations, quotas, with, at(*now)).0 {
                    assert!(allowed(&counters, &generations, quotas, without, at(*now)).0);
                }
            }
        };
        before.iter().for_each(|step| act(step, &mut quotas, &mut now));
        let since = quotas.clone();
        let terms = |place: u32| Allowance { quota: since[place as usize], calendar: None };
        let taken = counters.decide(&generations, terms, with, ONE, at(now));
        after.iter().for_each(|step| act(step, &mut quotas, &mut now));
        let terms = |place: u32| Allowance { quota: quotas[place as usize], calendar: None };
        if taken.answer.is_allowed() {
            counters.give_back(&generations, terms, with, &taken, at(now));
        }
        let left = [with, without].map(|whom| {
            let (key, place) = counters.standing(&generations, terms, whom, at(now));
            assert_eq!(quotas.len() - 1, place as usize);
            counters.peek(key, terms(place), ONE, at(now)).remaining()
        });
        prop_assert!(left[0] <= left[1], "{:?}", left);
        if !after.iter().any(|step| matches!(step, Step::Wait(_))) {
            // At the same instant all of it comes back, but for what is rounded at each change.
            prop_assert!(left[0] + 1 >= left[1], "{:?}", left);
        }
    }
}

#[test]
fn what_was_taken_before_changes_is_given_back_as_the_share_that_it_was() {
    let counters = Counters::new(1 << 16, 0, 0, 0);
    let (generations, key) = (Generations::default(), counters.limiter.key(1, "ada"));
    let quotas = [quota(2, 60, 2), quota(20, 60, 20), quota(4, 60, 4)];
    let terms = |place: u32| Allowance { quota: quotas[place as usize], calendar: None };
    let decide = |now| counters.decide(&generations, terms, key, ONE, at(now));
    let left = |now| {
        let (key, place) = counters.standing(&generations, terms, key, at(now));
        counters.peek(key, terms(place), ONE, at(now)).remaining()
    };
    let (_, second) = (decide(0), decide(0));
    assert!(generations.begin(change(1, quotas[0], quotas[1]), at(0)));
    assert_eq!(left(0), 0);
    counters.give_back(&generations, terms, key, &second, at(0));
    assert_eq!(left(0), 10);
    // Time gave back half of it meanwhile: the rest is given.
    let third = decide(0);
    assert!(generations.begin(change(2, quotas[1], quotas[2]), at(1_500_000_000)));
    counters.give_back(&generations, terms, key, &third, at(1_500_000_000));
    assert_eq!((left(31_499_000_000), left(31_500_000_000)), (3, 4));
}

#[test]
fn while_requests_are_decided_no_change_gives_a_permit_twice() {
    for round in 0..60_u32 {
        let counters = Counters::new(1 << 16, 0, 0, 0);
        let generations = Generations::default();
        let quotas = [quota(600, 600, 600), quota(6000, 600, 6000), quota(300, 600, 300)];
        let key = counters.limiter.key(u64::from(round), "hot");
        let is_over = AtomicBool::new(false);
        let terms = |place: u32| Allowance { quota: quotas[place as usize], calendar: None };
        let admitted = thread::scope(|scope| {
            let workers: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let mut admitted = [0_u64; 3];
                        loop {
                            let last = is_over.load(Ordering::Acquire);
                            for _ in 0..20 {
                                let decided = counters.decide(&generations, terms, key, ONE, at(7));
                                if decided.answer.is_allowed() {
                                    admitted[decided.place as usize] += 1;
                                } else if last {
                                    return admitted;
                                }
                            }
                        }
                    })
                })
                .collect();
            for _ in 0..round {
                thread::yield_now();
            }
            assert!(generations.begin(change(1, quotas[0], quotas[1]), at(7)));
            thread::yield_now();
            assert!(generations.begin(change(2, quotas[1], quotas[2]), at(7)));
            is_over.store(true, Ordering::Release);
            workers
                .into_iter()
                .map(|it| it.join().unwrap())
                .fold([0; 3], |sum, one| [sum[0] + one[0], sum[1] + one[1], sum[2] + one[2]])
        });
        // In parts of 6,000 of the bucket of that time.
        let used = admitted[0] * 10 + admitted[1] + admitted[2] * 20;
        assert!(used <= 6000, "round {round}: {admitted:?}");
        // A thread may lose the permit it is taking at each change, and the last part is rounded.
        assert!(used + 3 * 20 + 3 * 10 + 20 >= 6000, "round {round}: {admitted:?}");
    }
}
