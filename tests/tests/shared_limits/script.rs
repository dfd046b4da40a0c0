//! The Lua script alone, compared with models: used shares when limits change, and calendar periods.

use proptest::prelude::*;
use secure_tests::RedisServer;

use crate::prefix;

const SCRIPT: &str = include_str!("../../../secure-runtime/src/throttling/shared/decide.lua");
const SECOND: u64 = 1_000_000_000;

/// The script's answer: the verdict, and four numbers per limit.
fn decide(redis: &RedisServer, keys: &[&str], now_ns: u64, asks: &[Vec<String>]) -> Vec<u64> {
    let (count, now) = (keys.len().to_string(), format!("{now_ns:010}"));
    let mut words = vec!["EVAL", SCRIPT, &count];
    words.extend(keys);
    words.push(&now);
    words.extend(asks.iter().flatten().map(String::as_str));
    let answer = redis.command(&words);
    let numbers = answer.lines().filter_map(|line| line.strip_prefix(':')?.parse().ok());
    let numbers: Vec<u64> = numbers.collect();
    assert!(numbers.len() >= 3, "{answer}");
    numbers[2..].to_vec()
}

/// The arguments for a rate: this many permits, one refilled per interval, in a bucket of `burst`.
fn rate(what: &str, cost: u64, interval: u64, burst: u64) -> Vec<String> {
    let full = interval * burst;
    let pair = |nanos: u64| [(nanos / SECOND).to_string(), (nanos % SECOND).to_string()];
    let cost = if cost > burst { ["-1".to_owned(), "0".to_owned()] } else { pair(cost * interval) };
    let numbers = [cost, pair(full), pair(interval)].concat();
    let rest = ["0".to_owned(), format!(" {full}"), "0".to_owned(), "0".to_owned()];
    let deepest = pair(2 * full);
    std::iter::once(what.to_owned()).chain(numbers).chain(rest).chain(deepest).collect()
}

/// The arguments for days as periods, in seconds since 1970.
fn day(what: &str, cost: u64, permits: u64, about: u64) -> Vec<String> {
    let from = about / DAY * DAY;
    let numbers = [cost, permits, from, from + DAY, from + 2 * DAY, 26 * 3600, 0, 0, 0, 0, 0, 0];
    std::iter::once(what.to_owned()).chain(numbers.map(|number| number.to_string())).collect()
}

const DAY: u64 = 86_400;

/// Buckets that use the same key in turn: an interval in nanoseconds and a burst.
fn buckets() -> impl Strategy<Value = Vec<(u64, u64)>> {
    prop::collection::vec((1_000_u64..4_000_000_000, 1_u64..200), 2..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_used_is_the_same_share_of_whatever_bucket_and_never_less(
        buckets in buckets(),
        steps in prop::collection::vec((0_usize..4, 0_u64..5, 0_u64..2_000_000_000), 1..40),
    ) {
        let redis = REDIS.with(Clone::clone);
        let key = format!("{}{{g}}k", prefix());
        let mut now = 1_800_000_000 * SECOND;
        // The used share at that time, and the bucket to which it refers.
        let mut model: Option<(f64, u64, u64)> = None;
        for (which, cost, elapsed) in steps {
            let (interval, burst) = buckets[which % buckets.len()];
            let (cost, full) = (cost.max(1), interval * burst);
            now += elapsed;
            let used = model.map_or(0.0, |(share, then, of)| {
                let left = share - (now - then) as f64 / of as f64;
                left.max(0.0)
            });
            let after = used + (cost * interval) as f64 / full as f64;
            let answer = decide(&redis, &[&key], now, &[rate("take", cost, interval, burst)]);
            let found = (answer[1] * SECOND + answer[2]) as f64 / full as f64;
            let is_admitted = answer[0] == 1;
            // A tolerance of some nanoseconds, plus what this model cannot determine.
            let slack = 1e-9 + 100.0 / full as f64;
            if is_admitted {
                prop_assert!(after <= 1.0 + 1e-9, "{after} of a bucket were admitted");
            } else {
                prop_assert!(after >= 1.0 - slack || cost > burst, "{after} were refused");
            }
            let expected = if is_admitted { after } else { used };
            prop_assert!(found >= expected - 1e-9, "{found} of {expected} is forgotten");
            prop_assert!(found <= expected + slack, "{found} instead of {expected}");
            // A refusal writes nothing unless the bucket has changed: the key keeps its value.
            if is_admitted || model.is_some_and(|(_, _, of)| of != full) {
                model = Some((found, now, full));
            }
        }
    }

    #[test]
    fn a_period_admits_its_permits_whatever_the_clock_does(
        permits in prop::collection::vec(1_u64..40, 1..3),
        steps in prop::collection::vec((0_usize..3, 0_u64..6, -40_000_i64..90_000, 0_u8..8), 1..60),
    ) {
        let redis = REDIS.with(Clone::clone);
        let key = format!("{}{{g}}k", prefix());
        let mut now = 20_000 * DAY;
        let mut model: Option<(u64, u64, u64)> = None;
        for (which, cost, elapsed, kind) in steps {
            let (permits, cost) = (permits[which % permits.len()], cost.max(1));
            now = now.saturating_add_signed(elapsed);
            let end = (now / DAY + 1) * DAY;
            let (used, end) = match model {
                Some((used, until, of)) if (end..=end + 26 * 3600).contains(&until) => {
                    ((used * permits).div_ceil(of), until)
                }
                _ => (0, end),
            };
            // An instance's clock may be one period behind.
            let about = if kind == 7 { now - DAY } else { now };
            let what = match kind {
                0 => "period-charge",
                1 => "period-peek",
                2 => "period-observe",
                _ => "period-take",
            };
            let answer = decide(&redis, &[&key], now * SECOND, &[day(what, cost, permits, about)]);
            let fits = what == "period-charge" || used + cost <= permits;
            let after = match what {
                "period-charge" => (used + cost).min(2 * permits).max(used),
                "period-peek" => used,
                _ if fits => used + cost,
                _ => used,
            };
            let is_admitted = fits || what == "period-observe";
            let expected = [u64::from(is_admitted), end, after, 0, u64::from(fits)];
            prop_assert_eq!(&answer[..], &expected[..], "{} {} of {} at {}", what, cost, permits, now);
            // A peek and a refusal write nothing unless the bucket has changed.
            let is_scaled = model.is_some_and(|(_, until, of)| until == end && of != permits);
            if after != used || is_scaled {
                model = Some((after, end, permits));
            }
        }
    }
}

thread_local! {
    /// All cases of a property share one server.
    static REDIS: std::rc::Rc<RedisServer> = std::rc::Rc::new(RedisServer::shared());
}

#[test]
fn a_time_that_is_in_none_of_the_periods_decides_nothing() {
    let redis = RedisServer::start();
    let now = 20_000 * DAY;
    for about in [now - 2 * DAY, now + DAY, 0] {
        let asks = [rate("take", 1, SECOND, 9), day("period-take", 1, 9, about)];
        assert_eq!(decide(&redis, &["{g}a", "{g}b"], now * SECOND, &asks), [2]);
    }
    assert_eq!(redis.command(&["DBSIZE"]).lines().next(), Some(":0"), "of the rate neither");
    let asks = [rate("take", 1, SECOND, 9), day("period-take", 1, 9, now - DAY)];
    let answer = decide(&redis, &["{g}a", "{g}b"], now * SECOND, &asks);
    assert_eq!(answer, [1, 1, 0, 0, 1, now + DAY, 1, 0, 1]);
}

#[test]
fn endpoints_that_share_a_rate_with_bursts_of_their_own_forget_nothing_of_it() {
    let redis = RedisServer::shared();
    let key = format!("{}{{g}}k", prefix());
    // Five a minute; one endpoint has a burst of five, the other one a burst of one.
    let whole = 60 * SECOND;
    let ask_with = |burst: u64, deepest: u64| {
        let mut ask = rate("take", 1, 12 * SECOND, burst);
        ask[8] = format!(" {whole}");
        ask[11] = deepest.to_string();
        ask
    };
    let ask = |burst| ask_with(burst, 120);
    let now = 20_000 * DAY * SECOND;
    for _ in 0..5 {
        assert_eq!(decide(&redis, &[&key], now, &[ask(5)])[0], 1);
    }
    for burst in [1, 2, 5, 1, 5] {
        assert_eq!(decide(&redis, &[&key], now, &[ask(burst)])[..3], [0, 60, 0], "{burst}");
    }
    let later = now + 12 * SECOND;
    assert_eq!(decide(&redis, &[&key], later, &[ask(1)])[0], 0);
    assert_eq!(decide(&redis, &[&key], later, &[ask(5)])[0], 1);

    // Another key has a burst above the permits; its debt takes longer to repay than twice the bucket.
    let (key, ask) = (format!("{}{{g}}k", prefix()), |burst| ask_with(burst, 2 * 12 * 20));
    for _ in 0..20 {
        assert_eq!(decide(&redis, &[&key], now, &[ask(20)])[0], 1);
    }
    for burst in [1, 20, 5, 20] {
        assert_eq!(decide(&redis, &[&key], now, &[ask(burst)])[..3], [0, 240, 0], "{burst}");
    }
    assert_eq!(decide(&redis, &[&key], later, &[ask(5)])[0], 0);
    assert_eq!(decide(&redis, &[&key], later, &[ask(20)])[0], 1);
}

/// The arguments of the second round trip of a request, which returns the permits taken before if it is refused.
fn after(mut ask: Vec<String>, until_ns: u64) -> Vec<String> {
    (ask[9], ask[10]) = ((until_ns / SECOND).to_string(), (until_ns % SECOND).to_string());
    ask
}

#[test]
fn a_refusal_gives_back_what_the_request_took_before_as_far_as_time_has_not() {
    let redis = RedisServer::shared();
    let key = |name| format!("{}{{g}}{name}", prefix());
    let now = 20_000 * DAY * SECOND;
    let (one, whole) = (key("a"), key("b"));
    let take = |cost| rate("take", cost, 10 * SECOND, 5);
    // Three of five are taken, and one by a request that then needs three more.
    assert_eq!(decide(&redis, &[&one], now, &[take(3)]), [1, 30, 0, 0, 1]);
    assert_eq!(decide(&redis, &[&one], now, &[take(1)]), [1, 40, 0, 0, 1]);
    let until = now + 10 * SECOND;
    let refused = decide(&redis, &[&one], now, &[after(take(2), until)]);
    assert_eq!(refused, [0, 30, 0, 0, 0], "it is there again");
    // A cost that fits is taken, in addition to the earlier permit.
    assert_eq!(decide(&redis, &[&one], now, &[take(1)])[0], 1);
    assert_eq!(decide(&redis, &[&one], now, &[after(take(1), until)]), [1, 50, 0, 0, 1]);
    // After four seconds the remaining six seconds' worth is given back; after ten seconds nothing is.
    let asks = [after(take(3), until)];
    assert_eq!(decide(&redis, &[&one], now + 4 * SECOND, &asks), [0, 40, 0, 0, 0]);
    assert_eq!(decide(&redis, &[&one], now + 10 * SECOND, &asks), [0, 34, 0, 0, 0]);
    // A clock that went back does not give back more than was taken.
    assert_eq!(decide(&redis, &[&one], now - SECOND, &asks), [0, 35, 0, 0, 0]);
    assert_eq!(decide(&redis, &[&one], now - SECOND, &[take(1)])[0], 1);
    // A limit in shadow mode gives back its own permits, and the request continues; with `keep` another limit
    // keeps the permits, with `back` it gives them back.
    let observe = after(rate("observe", 5, 10 * SECOND, 5), until);
    let keep = after(rate("keep", 1, 10 * SECOND, 5), until);
    let back = after(rate("back", 1, 10 * SECOND, 5), until);
    let two = [one.as_str(), whole.as_str()];
    assert_eq!(decide(&redis, &[&whole], now, &[take(2)]), [1, 20, 0, 0, 1]);
    let answer = decide(&redis, &two, now, &[observe, keep.clone()]);
    assert_eq!(answer, [1, 34, 0, 0, 0, 20, 0, 0, 1]);
    let answer = decide(&redis, &two, now, &[after(take(5), until), keep]);
    assert_eq!(answer, [0, 24, 0, 0, 0, 10, 0, 0, 1], "the refusal gives back both");
    assert_eq!(decide(&redis, &[&whole], now, std::slice::from_ref(&back)), [1, 0, 0, 0, 1]);
    assert_eq!(decide(&redis, &[&whole], now, &[take(5)])[0], 1, "and the whole burst is there");

    let key = key("day");
    let day = |what, cost, back: u64, end: u64| {
        let mut ask = day(what, cost, 10, 20_000 * DAY);
        (ask[7], ask[8]) = (back.to_string(), end.to_string());
        ask
    };
    let end = 20_001 * DAY;
    assert_eq!(decide(&redis, &[&key], now, &[day("period-take", 8, 0, 0)]), [1, end, 8, 0, 1]);
    let refused = decide(&redis, &[&key], now, &[day("period-take", 5, 1, end)]);
    assert_eq!(refused, [0, end, 7, 0, 0]);
    let refused = decide(&redis, &[&key], now, &[day("period-take", 5, 1, end - DAY)]);
    assert_eq!(refused, [0, end, 7, 0, 0], "of another period nothing is");
    assert_eq!(decide(&redis, &[&key], now, &[day("period-take", 3, 1, end)])[0], 1);
}

#[test]
fn what_somebody_else_wrote_gives_no_permits_and_is_repaired() {
    let redis = RedisServer::start();
    let now = 20_000 * DAY;
    let (long, ask) = ("9".repeat(320), rate("take", 1, SECOND, 60));
    let ours = format!(" {}", 60 * SECOND);
    for (time, bucket) in [
        ("-1728000005000000000", &*ours),
        ("nan000000000", &ours),
        ("inf000000000", &ours),
        ("17280000001e9999999", &ours),
        ("1728000000      nan", &ours),
        ("1728000010-00000001", &ours),
        ("1728000000        5", &ours),
        ("1728000010\0", &ours),
        (&long, &ours),
        ("", &ours),
        ("1728000030000000000", &format!(" {long}")),
        ("1728000030000000000", " 0"),
        ("1728000030000000000", " 00"),
        ("1728000030000000000", ""),
    ] {
        let wrong = format!("{time}{bucket}");
        redis.command(&["SET", "{g}k", &wrong]);
        let refused = decide(&redis, &["{g}k"], now * SECOND, std::slice::from_ref(&ask));
        assert!(refused[0] == 0 && refused[1] >= 60, "{wrong}: {refused:?}");
        // The bucket refills, and by now the value is one that the library wrote.
        let later = (now + refused[1]) * SECOND;
        let answer = decide(&redis, &["{g}k"], later, std::slice::from_ref(&ask));
        assert_eq!(answer[..3], [1, 1, 0], "{wrong}");
    }
    let end = now + DAY;
    for (used, permits) in
        [("5", &*long), ("5", "4294967296"), ("5", "0"), ("-5", "9"), ("5", "9 ")]
    {
        redis.command(&["SET", "{g}k", &format!("{end} {used} {permits}")]);
        let answer = decide(&redis, &["{g}k"], now * SECOND, &[day("period-take", 1, 9, now)]);
        assert_eq!(answer, [0, end, 9, 0, 0], "{used} of {permits}");
    }
}
