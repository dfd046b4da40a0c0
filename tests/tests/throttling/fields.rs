//! The rate limit header fields for clients, parsed by a parser of RFC 9651.

use std::time::Duration;

use proptest::prelude::*;
use secure_runtime::throttling::{FieldValue, Limiter, PolicyFields, Quota, RateLimitHeaders};
use sfv::{BareItem, List, ListEntry, Parser};

use crate::{SECOND, at, number, one, quota};

/// The items of a list as name and integer parameters; anything else fails the test.
fn items(field: &str) -> Vec<(String, Vec<(String, i64)>)> {
    let list: List = Parser::new(field).parse().unwrap();
    list.into_iter()
        .map(|entry| {
            let ListEntry::Item(item) = entry else { panic!("an inner list in {field}") };
            let BareItem::String(name) = item.bare_item else { panic!("no string in {field}") };
            let parameters = item.params.into_iter().map(|(name, value)| {
                let value = value.as_integer().unwrap_or_else(|| panic!("no integer in {field}"));
                (name.as_str().to_owned(), i64::from(value))
            });
            (name.as_str().to_owned(), parameters.collect())
        })
        .collect()
}

fn named(name: &str, parameters: [(&str, i64); 2]) -> (String, Vec<(String, i64)>) {
    (name.to_owned(), parameters.map(|(name, value)| (name.to_owned(), value)).to_vec())
}

#[test]
fn the_examples_of_the_draft_have_the_same_form() {
    let text = include_str!("../../vectors/ratelimit/ratelimit_header_examples.json");
    let vectors: serde_json::Value = serde_json::from_str(text).unwrap();
    let valid = |example: &str| vectors["valid"].as_array().unwrap().iter().any(|v| v == example);
    // Our fields differ from these only in their names.
    assert!(valid(r#"RateLimit-Policy: "default";q=100;w=10"#));
    let fields = PolicyFields::new([quota(100, 10, 100)]);
    assert_eq!(fields.policy(), r#""100/10s";q=100;w=10"#);
    assert!(valid(r#"RateLimit: "default";r=50;t=30"#));
    let limiter = Limiter::with_capacity_bytes(0);
    let quota = quota(100, 60, 100);
    let decision = limiter.check(limiter.key(0, "a"), &quota, number(50), at(0));
    assert_eq!(&*PolicyFields::new([quota]).limit(0, &decision).unwrap(), r#""100/min";r=50;t=30"#);
}

#[test]
fn several_windows_are_one_list_with_unique_names() {
    let quotas = [
        quota(10, 1, 10),
        quota(1000, 3600, 50),
        quota(10, 1, 10),
        quota(10, 1, 10),
        quota(60, 60, 600),
    ];
    let fields = PolicyFields::new(quotas);
    let expected = [
        named("10/s", [("q", 10), ("w", 1)]),
        named("1000/h burst 50", [("q", 1000), ("w", 3600)]),
        named("10/s #2", [("q", 10), ("w", 1)]),
        named("10/s #3", [("q", 10), ("w", 1)]),
        // With a larger burst: the whole burst, and the time in which it is refilled.
        named("60/min burst 600", [("q", 600), ("w", 600)]),
    ];
    assert_eq!(items(fields.policy()), expected);
    assert_eq!(fields.name(2), Some("10/s #2"));
    assert_eq!(PolicyFields::new([]).policy(), "");
    let limiter = Limiter::with_capacity_bytes(0);
    let decision = one(&limiter, limiter.key(0, "a"), &quotas[0], 0);
    assert!(fields.limit(5, &decision).is_none());
}

#[test]
fn a_refused_client_that_waits_as_told_is_admitted() {
    let limiter = Limiter::with_capacity_bytes(0);
    let (key, quota) = (limiter.key(0, "a"), quota(7, 10, 2));
    let fields = PolicyFields::new([quota]);
    let start = 123_456_789;
    assert!(limiter.check(key, &quota, number(2), at(start)).is_allowed());
    let refused = limiter.check(key, &quota, number(2), at(start + 1));
    assert_eq!(
        refused.retry_after_header(),
        Some(Duration::from_secs(3)),
        "2.857142857 s, rounded up"
    );
    assert_eq!(&*fields.limit(0, &refused).unwrap(), r#""7/10s burst 2";r=0;t=3"#);
    let early = limiter.peek(key, &quota, number(2), at(start + 2 * SECOND));
    assert!(!early.is_allowed());
    assert!(limiter.check(key, &quota, number(2), at(start + 1 + 3 * SECOND)).is_allowed());
}

#[test]
fn what_can_never_be_admitted_has_no_retry_after() {
    let limiter = Limiter::with_capacity_bytes(0);
    let quota = quota(7, 10, 2);
    let refused = limiter.check(limiter.key(0, "a"), &quota, number(3), at(0));
    assert!(!refused.is_allowed());
    assert_eq!(refused.retry_after_header(), None);
    assert_eq!(refused.reset_header(), Duration::ZERO);
}

#[test]
fn numbers_and_names_of_fields() {
    for number in [0, 7, 10, 429, u64::MAX] {
        assert_eq!(FieldValue::number(number).as_str(), number.to_string());
    }
    assert_eq!(RateLimitHeaders::default(), RateLimitHeaders::Draft10);
    let names = [RateLimitHeaders::POLICY, RateLimitHeaders::LIMIT];
    assert_eq!(names, ["ratelimit-policy", "ratelimit"]);
}

fn any_quota() -> impl Strategy<Value = Quota> {
    (1..=u32::MAX, 1..=u32::MAX, 1..=u32::MAX)
        .prop_map(|(permits, window, burst)| quota(permits, window, burst))
}

proptest! {
    #[test]
    fn every_field_parses_and_obeys_the_draft(
        quotas in prop::collection::vec(any_quota(), 1..4),
        steps in prop::collection::vec((0_u64..1 << 40, 1..=u32::MAX), 1..8),
    ) {
        let fields = PolicyFields::new(quotas.iter().copied());
        let policies = items(fields.policy());
        prop_assert_eq!(policies.len(), quotas.len());
        let limiter = Limiter::with_capacity_bytes(1 << 12);
        let mut now = 0;
        for (elapsed, cost) in steps {
            now += elapsed;
            for (position, quota) in quotas.iter().enumerate() {
                let key = limiter.key(position as u64, "a");
                let decision = limiter.check(key, quota, number(cost), at(now));
                let value = fields.limit(position, &decision).unwrap();
                let limits = items(&value);
                let [(name, parameters)] = &limits[..] else { panic!("one item: {value:?}") };
                prop_assert_eq!(name, &policies[position].0);
                prop_assert_eq!(Some(name.as_str()), fields.name(position));
                let [(r, remaining), (t, seconds)] = &parameters[..] else { panic!("{value:?}") };
                prop_assert_eq!((r.as_str(), t.as_str()), ("r", "t"));
                prop_assert!(*remaining >= 0 && *remaining <= i64::from(quota.burst().get()));
                prop_assert!(*remaining <= policies[position].1[0].1);
                prop_assert!(*seconds >= 0);
                if let Some(retry_after) = decision.retry_after_header().map(|wait| wait.as_secs()) {
                    prop_assert!(!decision.is_allowed() && retry_after >= 1);
                    prop_assert!(i64::try_from(retry_after).unwrap() >= *seconds);
                }
            }
        }
    }
}
