//! Decodes the limits, concurrency limits and failure budgets of a policy.

use std::time::Duration;

use serde_json::Value;

use super::decode::{list, named, number, positive, text};
use super::rule::{Expression, Needs, Rule};
use super::{
    Audience, CalendarPeriod, Concurrency, Cost, FailureBudget, Limit, Partition, Queue, decode,
    members,
};
use crate::throttling::{LimitMode, Period, Priority, Quota};

pub(super) fn limit(value: &Value) -> Option<Limit> {
    let quota = rate(value)?;
    let mut limit = Limit::of(quota);
    for (part, value) in value.as_object()? {
        match part.as_str() {
            members::RATE => {}
            members::BURST => limit.quota = quota.with_burst(positive(value)?),
            members::COST => limit.cost = cost_of(value)?,
            members::BY => limit.by = partition(value)?,
            members::OF => limit.audience = audience_of(value)?,
            members::PERIOD => limit.period = Some(period(value)?),
            members::SHARED => limit.shared = Some(text(value)?),
            members::MODE => limit.mode = Some(mode(value)?),
            members::REFUNDS => limit.refunds = value.as_bool()?,
            members::UNLESS => limit.unless = Some(spared(value)?),
            _ => return None,
        }
    }
    Some(limit)
}

/// The rule of `unless`. Only the caller's roles, scopes and permissions, and the client IP, may occur in it.
fn spared(value: &Value) -> Option<Rule> {
    let rule = decode::rule(value)?;
    let mut is_known = true;
    rule.each_leaf(&mut |leaf| {
        is_known &=
            matches!(leaf, Rule::Role(_) | Rule::Scope(_) | Rule::Permission(_) | Rule::Address(_));
    });
    is_known.then_some(rule)
}

/// A mode: the percentage of keys for which the limit is enforced.
fn mode(value: &Value) -> Option<LimitMode> {
    let percent: u8 = number(value)?;
    (percent <= 100).then(|| LimitMode::of_percent(percent))
}

pub(super) fn concurrency(value: &Value) -> Option<Concurrency> {
    let (most, by, queue, mode) = match value.as_array()?.as_slice() {
        [most, by] => (most, by, None, None),
        [most, by, queue] => (most, by, Some(self::queue(queue)?), None),
        [most, by, Value::Null, mode] => (most, by, None, Some(self::mode(mode)?)),
        [most, by, queue, mode] => (most, by, Some(self::queue(queue)?), Some(self::mode(mode)?)),
        _ => return None,
    };
    Some(Concurrency { most: positive(most)?, by: partition(by)?, queue, mode })
}

/// The number of places, and the longest wait in milliseconds.
fn queue(value: &Value) -> Option<Queue> {
    let [places, wait] = value.as_array()?.as_slice() else { return None };
    let millis = u64::from(positive(wait)?.get());
    Some(Queue { places: positive(places)?, wait: Duration::from_millis(millis) })
}

pub(super) fn priority(value: &Value) -> Option<Priority> {
    let all = [Priority::Critical, Priority::Normal, Priority::Bulk];
    all.into_iter().find(|priority| value.as_str() == Some(&priority.to_string()))
}

pub(super) fn failures(value: &Value) -> Option<FailureBudget> {
    let mut budget = FailureBudget::new(rate(value)?);
    for (part, value) in value.as_object()? {
        match part.as_str() {
            members::RATE => {}
            members::ON => budget.on = list(value, number)?,
            members::SHARED => budget.shared = Some(text(value)?),
            members::MODE => budget.mode = Some(mode(value)?),
            _ => return None,
        }
    }
    Some(budget)
}

fn rate(value: &Value) -> Option<Quota> {
    let [permits, window] = value.get(members::RATE)?.as_array()?.as_slice() else { return None };
    Some(Quota::new(positive(permits)?, positive(window)?))
}

fn period(value: &Value) -> Option<CalendarPeriod> {
    let [name, zone] = value.as_array()?.as_slice() else { return None };
    let all = [Period::Hour, Period::Day, Period::Week, Period::Month];
    let period = all.into_iter().find(|period| name.as_str() == Some(period.name()))?;
    Some(CalendarPeriod { period, zone: text(zone)? })
}

fn cost_of(value: &Value) -> Option<Cost> {
    match value {
        Value::Number(_) => Some(Cost::Permits(positive(value)?)),
        value => match named(value)? {
            (members::RESPONSE, Value::Null) => Some(Cost::Response),
            (members::ARGUMENTS, asked) => Some(Cost::Arguments(expression(asked, Needs::Body)?)),
            _ => None,
        },
    }
}

fn partition(value: &Value) -> Option<Partition> {
    Some(match named(value)? {
        (members::HEADER, name) => Partition::Header(text(name)?),
        (members::CLAIM, names) => Partition::Claim(list(names, text)?),
        (members::KEY, asked) => Partition::Key(expression(asked, Needs::Nothing)?),
        (members::EACH, parts) => Partition::Each(list(parts, partition)?),
        (members::CALLER, Value::Null) => Partition::Caller,
        (members::ADDRESS, Value::Null) => Partition::Address,
        (members::PRINCIPAL, Value::Null) => Partition::Principal,
        (members::TENANT, Value::Null) => Partition::Tenant,
        (members::API_KEY, Value::Null) => Partition::ApiKey,
        (members::ENDPOINT, Value::Null) => Partition::Endpoint,
        _ => return None,
    })
}

fn expression(value: &Value, needs: Needs) -> Option<Expression> {
    let [index, source] = value.as_array()?.as_slice() else { return None };
    Some(Expression { index: number(index)?, needs, decided_with: needs, text: text(source)? })
}

fn audience_of(value: &Value) -> Option<Audience> {
    match named(value)? {
        (members::ANONYMOUS, Value::Null) => Some(Audience::Anonymous),
        (members::AUTHENTICATED, Value::Null) => Some(Audience::Authenticated),
        (members::TIER, name) => Some(Audience::Tier(text(name)?)),
        (members::LEAST_TIER, names) => {
            let [name, others @ ..] = list(names, text)? else { return None };
            Some(Audience::LeastTier(name, others))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(written: &str, shown: Option<&str>) {
        let read = limit(&serde_json::from_str(written).unwrap());
        assert_eq!(read.map(|limit| limit.to_string()).as_deref(), shown, "{written}");
    }

    #[test]
    fn a_queue_has_places_and_a_wait() {
        for (written, shown) in [
            (r#"[8, "caller"]"#, Some("8 at once")),
            (r#"[8, "tenant", [16, 500]]"#, Some("8 at once by tenant queue 16 wait 500ms")),
            (r#"[8, "caller", [16, 2000]]"#, Some("8 at once queue 16 wait 2s")),
            (r#"[0, "caller", [16, 500]]"#, None),
            (r#"[8, "caller", [0, 500]]"#, None),
            (r#"[8, "caller", [16, 0]]"#, None),
            (r#"[8, "caller", [16]]"#, None),
            (r#"[8, "caller", [16, 4294967296]]"#, None),
            (r#"[8, "caller", 16]"#, None),
            (r#"[8, "caller", [16, 500], 0]"#, Some("8 at once queue 16 wait 500ms observed")),
            (r#"[8, "caller", null, 20]"#, Some("8 at once enforced for 20%")),
            (r#"[8, "caller", [16, 500], 101]"#, None),
            (r#"[8, "caller", null, null]"#, None),
            (r#"[8, "caller", null]"#, None),
            (r#"[8, "caller", [16, 500], 1, 1]"#, None),
            (r#"[8]"#, None),
        ] {
            let read = concurrency(&serde_json::from_str(written).unwrap());
            assert_eq!(read.map(|it| it.to_string()).as_deref(), shown, "{written}");
        }
    }

    #[test]
    fn every_form_is_read_and_nothing_else() {
        for (rest, shown) in [
            (r#""cost": 3"#, Some("2/min cost 3")),
            (r#""cost": "response""#, Some("2/min cost response")),
            (r#""cost": {"arguments": [0, "n.0"]}"#, Some("2/min cost n.0")),
            (r#""by": "api_key""#, Some("2/min by api_key")),
            (r#""by": {"header": "x-a"}"#, Some("2/min by header(\"x-a\")")),
            (r#""by": {"claim": ["a", "b"]}"#, Some("2/min by claim(\"a.b\")")),
            (r#""by": {"key": [0, "f(caller)"]}"#, Some("2/min by key(f(caller))")),
            (r#""by": {"each": ["tenant", "address"]}"#, Some("2/min by (tenant, address)")),
            (r#""shared": "login""#, Some("2/min shared as login")),
            (r#""mode": 100"#, Some("2/min")),
            (r#""mode": 0"#, Some("2/min observed")),
            (r#""mode": 20"#, Some("2/min enforced for 20%")),
            (r#""mode": 101"#, None),
            (r#""mode": "observe""#, None),
            (r#""period": ["month", "UTC"]"#, Some("2/month")),
            (r#""period": ["day", "Europe/Berlin"]"#, Some("2/day Europe/Berlin")),
            (r#""period": ["year", "UTC"]"#, None),
            (r#""period": "month""#, None),
            (r#""cost": 0"#, None),
            (r#""cost": "free""#, None),
            (r#""by": {"cookie": "a"}"#, None),
            (r#""by": {"each": ["nobody"]}"#, None),
            (r#""shared": 1"#, None),
            (r#""refunds": true"#, Some("2/min refund 5xx")),
            (r#""refunds": 5"#, None),
            (r#""unless": {"role": "a"}"#, Some("2/min unless role(\"a\")")),
            (
                r#""unless": {"any": [{"scope": "a"}, {"address": ["10.0.0.0/8"]}]}"#,
                Some("2/min unless scope(\"a\") || (address in \"10.0.0.0/8\")"),
            ),
            (r#""unless": {"authenticator": "a"}"#, None),
            (r#""unless": {"not": {"expression": [0, "nothing", "a"]}}"#, None),
            (r#""unless": "role""#, None),
        ] {
            check(&format!(r#"{{"rate": [2, 60], {rest}}}"#), shown);
        }
    }
}
