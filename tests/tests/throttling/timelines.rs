//! Timelines published by other implementations of GCRA.

use std::time::Duration;

use secure_runtime::throttling::Limiter;
use serde_json::Value;

use crate::{at, number, quota};

const MILLISECOND: u64 = 1_000_000;

#[test]
fn the_published_timelines_are_reproduced() {
    let text = include_str!("../../vectors/ratelimit/timelines.json");
    let vectors: Value = serde_json::from_str(text).unwrap();
    let mut steps = 0;
    for scenario in vectors["scenarios"].as_array().unwrap() {
        assert_eq!(scenario["policy"]["rate"], "1/s", "the only rate so far");
        let burst = u32::try_from(scenario["policy"]["limit"].as_u64().unwrap()).unwrap();
        let quota = quota(1, 1, burst);
        let limiter = Limiter::with_capacity_bytes(0);
        let key = limiter.key(0, "client");
        for (row, step) in scenario["steps"].as_array().unwrap().iter().enumerate() {
            let now = step["t_ms"].as_u64().unwrap() * MILLISECOND;
            // A step without cost reads the state without taking a permit.
            let decision = match u32::try_from(step["n"].as_u64().unwrap()).unwrap() {
                0 => limiter.peek(key, &quota, number(1), at(now)),
                cost => limiter.check(key, &quota, number(cost), at(now)),
            };
            let wait = |wait: Duration| i64::try_from(wait.as_millis()).unwrap();
            let answer = (
                decision.is_allowed(),
                u64::from(decision.remaining()),
                wait(decision.reset_after()),
                decision.retry_after().map_or(-1, wait),
            );
            let expected = (
                step["allowed"].as_bool().unwrap(),
                step["remaining"].as_u64().unwrap(),
                step["reset_after_ms"].as_i64().unwrap(),
                step["retry_after_ms"].as_i64().unwrap(),
            );
            assert_eq!(answer, expected, "{}, row {row}: {step}", scenario["id"]);
            steps += 1;
        }
    }
    assert_eq!(steps, 16);
}
