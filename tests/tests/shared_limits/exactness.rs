//! Instances without leases are as exact as one limiter in memory.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::join_all;
use proptest::prelude::*;
use secure_runtime::Clock;
use secure_runtime::testing::FakeClock;
use secure_runtime::throttling::{Ask, Limiter, Quota, SharedLimit, SharedLimits};
use secure_tests::RedisServer;
use serde_json::Value;

use crate::{ONE, instance, number, prefix, quota, take, told};

#[actix_web::test]
async fn the_published_timelines_are_reproduced() {
    let text = include_str!("../../vectors/ratelimit/timelines.json");
    let vectors: Value = serde_json::from_str(text).unwrap();
    let redis = RedisServer::shared();
    let mut steps = 0;
    for scenario in vectors["scenarios"].as_array().unwrap() {
        assert_eq!(scenario["policy"]["rate"], "1/s", "the only rate so far");
        let burst = u32::try_from(scenario["policy"]["limit"].as_u64().unwrap()).unwrap();
        let clock = FakeClock::new();
        let shared = instance(&redis, &prefix()).clock(clock.clone()).build().unwrap();
        let limit = shared.limit("1/s", quota(1, 1, burst));
        let mut now = 0;
        for (row, step) in scenario["steps"].as_array().unwrap().iter().enumerate() {
            let then = step["t_ms"].as_u64().unwrap();
            clock.advance(Duration::from_millis(then - now));
            now = then;
            // A step of no cost looks without asking.
            let ask = match u32::try_from(step["n"].as_u64().unwrap()).unwrap() {
                0 => Ask::peek(&limit, b"client", ONE),
                cost => Ask::take(&limit, b"client", number(cost)),
            };
            let verdict = shared.decide(b"client", &[ask]).await.unwrap();
            let decision = verdict.decisions()[0];
            let wait = |wait: Duration| i64::try_from(wait.as_millis()).unwrap();
            let answer = (
                verdict.is_admitted(),
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
