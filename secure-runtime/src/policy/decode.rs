//! What an expansion leaves in the binary, and how it is read at launch.
//!
//! It is a text. As constant data of these types, checked and evaluated value by value, policies took
//! a third of the time that a handler costs the compiler. What is read lives as long as the program.

use std::any::TypeId;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::{
    Access, Authenticators, Endpoint, Exception, Expression, Hours, KeyFunction, Needs, Places,
    Policy, Route, Rule, StepUp, Unvalidated, ValidatedBy, decode_limit,
};

/// One secured handler, as its expansion registers it.
#[derive(Debug)]
pub struct Written {
    /// The function's name.
    pub name: &'static str,
    /// The module path of the function.
    pub module: &'static str,
    /// The source file.
    pub file: &'static str,
    /// The line of the attribute.
    pub line: u32,
    /// Its routes and what it demands, as JSON; what is as [`Policy::AUTHENTICATED`] has it is left out.
    pub text: &'static str,
    /// What no text can say.
    pub known: Option<&'static Known>,
}

/// What the compiler alone knows of an endpoint.
#[derive(Debug)]
pub struct Known {
    /// The types of [`Policy::grants`].
    pub grants: &'static [fn() -> TypeId],
    /// Of each route, whether it is compiled.
    pub routes: &'static [bool],
    /// [`Policy::keys`].
    pub keys: &'static [KeyFunction],
}

impl Written {
    /// The endpoint at this place of the inventory. One whose text is not this version's admits
    /// nobody.
    pub(crate) fn read(&'static self, position: usize) -> Endpoint {
        let &Self { name, module, file, line, text, known } = self;
        let read = endpoint(text);
        let is_legible = read.is_some();
        let nobody = Policy { rule: Rule::Any(&[]), ..Policy::AUTHENTICATED };
        let (routes, mut policy) = read.unwrap_or((&[], nobody));
        let compiled = known.map_or(&[][..], |known| known.routes);
        let is_compiled = |place: usize| compiled.get(place).copied().unwrap_or(true);
        let routes = routes.iter().enumerate().filter(|(place, _)| is_compiled(*place));
        let routes = leaked(routes.map(|(_, route)| *route).collect());
        policy.grants = known.map_or(&[], |known| known.grants);
        policy.keys = known.map_or(&[], |known| known.keys);
        Endpoint { name, module, file, line, routes, policy, position, is_legible }
    }
}

/// What a text says, as the debugger shows it; `None` if it cannot be read. For the fuzzer.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn shown(written: &str) -> Option<String> {
    endpoint(written).map(|read| format!("{read:?}"))
}

/// Routes and policy: one row for each part of a policy.
fn endpoint(written: &str) -> Option<(&'static [Route], Policy)> {
    let (mut routes, mut policy): (&[Route], _) = (&[], Policy::AUTHENTICATED);
    for (part, value) in parsed(written)?.as_object()? {
        match part.as_str() {
            "routes" => routes = list(value, route)?,
            "access" => policy.access = access(value)?,
            "rule" => policy.rule = rule(value)?,
            "step_up" => policy.step_up = Some(step_up(value)?),
            "actions" => policy.actions = Some(list(value, text)?),
            "hides" => policy.hides = value.as_bool()?,
            "callable" => policy.callable = value.as_bool()?,
            "limits" => policy.limits = list(value, decode_limit::limit)?,
            "concurrency" => policy.concurrency = list(value, decode_limit::concurrency)?,
            "priority" => policy.priority = Some(decode_limit::priority(value)?),
            "failures" => policy.failures = list(value, decode_limit::failures)?,
            "max_body" => policy.max_body = Some(value.as_u64()?),
            "body_timeout" => policy.body_timeout = Some(Duration::from_millis(value.as_u64()?)),
            "websocket" => policy.websocket = value.as_bool()?,
            "bodies" => policy.bodies = Places(number(value)?),
            "resources" => policy.resources = Places(number(value)?),
            "content_type" => policy.content_type = Some(text(value)?),
            "content_encodings" => policy.content_encodings = list(value, text)?,
            "validates" => policy.validates = list(value, text)?,
            "unvalidated" => policy.unvalidated = list(value, unvalidated)?,
            "undecided" => policy.undecided = list(value, text)?,
            "validated_by" => policy.validated_by = list(value, validated_by)?,
            "layers" => policy.layers = list(value, text)?,
            "modules" => policy.modules = number(value)?,
            "exceptions" => policy.exceptions = list(value, exception)?,
            _ => return None,
        }
    }
    Some((routes, policy))
}

/// A rule may be nested more deeply than serde_json reads by itself, but not so deeply that the stack
/// would end.
fn parsed(written: &str) -> Option<Value> {
    if depth(written) > MOST_DEPTH {
        return None;
    }
    let mut reader = serde_json::Deserializer::from_str(written);
    reader.disable_recursion_limit();
    let value = Value::deserialize(&mut reader).ok()?;
    reader.end().ok().map(|()| value)
}

/// How many lists and objects of a JSON text lie inside of each other; of another text, at least that.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b'[' | b'{' if !is_quoted => depth += 1,
            b']' | b'}' if !is_quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Rustc does not parse a rule that comes near it.
const MOST_DEPTH: usize = 1024;

fn route(value: &Value) -> Option<Route> {
    let [path, methods @ ..] = value.as_array()?.as_slice() else { return None };
    let methods = methods.iter().map(text).collect::<Option<Vec<_>>>()?;
    Some(Route { methods: leaked(methods), path: text(path)? })
}

fn access(value: &Value) -> Option<Access> {
    match named(value)? {
        ("public", Value::Null) => Some(Access::Public),
        ("optional", value) => Some(Access::Optional(authenticators(value)?)),
        ("lenient", value) => Some(Access::Lenient(authenticators(value)?)),
        ("authenticated", value) => Some(Access::Authenticated(authenticators(value)?)),
        _ => None,
    }
}

fn authenticators(value: &Value) -> Option<Authenticators> {
    match named(value)? {
        ("default", Value::Null) => Some(Authenticators::Default),
        ("any", names) => Some(Authenticators::Any(list(names, text)?)),
        ("all", names) => Some(Authenticators::All(list(names, text)?)),
        _ => None,
    }
}

pub(super) fn rule(value: &Value) -> Option<Rule> {
    Some(match named(value)? {
        ("role", name) => Rule::Role(text(name)?),
        ("scope", name) => Rule::Scope(text(name)?),
        ("permission", name) => Rule::Permission(text(name)?),
        ("authenticator", name) => Rule::Authenticator(text(name)?),
        ("address", networks) => Rule::Address(list(networks, text)?),
        ("time", hours) => {
            let [days, start, end, zone] = hours.as_array()?.as_slice() else { return None };
            let (days, start, end) = (number(days)?, number(start)?, number(end)?);
            Rule::Time(Hours { days, start, end, zone: text(zone)? })
        }
        ("expression", expression) => {
            let [index, needs, source] = expression.as_array()?.as_slice() else { return None };
            let (needs, decided_with) = expression_needs(needs)?;
            let index = number(index)?;
            Rule::Expression(Expression { index, needs, decided_with, text: text(source)? })
        }
        ("not", part) => Rule::Not(Box::leak(Box::new(rule(part)?))),
        ("all", parts) => Rule::All(list(parts, rule)?),
        ("any", parts) => Rule::Any(list(parts, rule)?),
        _ => return None,
    })
}

/// When an expression can be asked, and when it has to have an answer.
fn expression_needs(value: &Value) -> Option<(Needs, Needs)> {
    Some(match value.as_str()? {
        "nothing" => (Needs::Nothing, Needs::Nothing),
        "arguments" => (Needs::Arguments, Needs::Arguments),
        "body" => (Needs::Body, Needs::Body),
        "arguments_or_body" => (Needs::Arguments, Needs::Body),
        _ => return None,
    })
}

fn step_up(value: &Value) -> Option<StepUp> {
    let mut step_up = StepUp { max_age_seconds: None, acr: &[], amr: &[] };
    for (part, value) in value.as_object()? {
        match part.as_str() {
            "fresh" => step_up.max_age_seconds = Some(positive(value)?),
            "acr" => step_up.acr = list(value, text)?,
            "amr" => step_up.amr = list(value, |names| list(names, text))?,
            _ => return None,
        }
    }
    Some(step_up)
}

fn unvalidated(value: &Value) -> Option<Unvalidated> {
    let [parameter, reason] = value.as_array()?.as_slice() else { return None };
    Some(Unvalidated { parameter: text(parameter)?, reason: text(reason)? })
}

fn validated_by(value: &Value) -> Option<ValidatedBy> {
    let [parameter, extractor] = value.as_array()?.as_slice() else { return None };
    Some(ValidatedBy { parameter: text(parameter)?, extractor: text(extractor)? })
}

fn exception(value: &Value) -> Option<Exception> {
    let [key, reason, until @ ..] = list(value, text)? else { return None };
    Some(Exception { key, reason, until: until.first().copied() })
}

/// `{"name": value}`, or `"name"` alone.
pub(super) fn named(value: &Value) -> Option<(&str, &Value)> {
    match value {
        Value::String(name) => Some((name, &Value::Null)),
        Value::Object(members) if members.len() == 1 => {
            members.iter().next().map(|(name, value)| (name.as_str(), value))
        }
        _ => None,
    }
}

pub(super) fn text(value: &Value) -> Option<&'static str> {
    Some(value.as_str()?.to_owned().leak())
}

pub(super) fn number<N: TryFrom<u64>>(value: &Value) -> Option<N> {
    N::try_from(value.as_u64()?).ok()
}

pub(super) fn positive(value: &Value) -> Option<NonZeroU32> {
    NonZeroU32::new(number(value)?)
}

pub(super) fn list<T>(
    value: &Value,
    element: impl Fn(&Value) -> Option<T>,
) -> Option<&'static [T]> {
    let elements = value.as_array()?.iter().map(element);
    Some(leaked(elements.collect::<Option<Vec<T>>>()?))
}

fn leaked<T>(elements: Vec<T>) -> &'static [T] {
    elements.leak()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Audience, Partition};

    fn check(written: &str, is_read: bool) {
        assert_eq!(endpoint(written).is_some(), is_read, "{written}");
    }

    #[test]
    fn every_part_is_read() {
        let (routes, policy) = endpoint(
            r#"{"routes": [["/a", "GET"]], "access": {"optional": {"any": ["jwt"]}},
                "rule": {"all": [{"role": "\"a\""}, {"not": {"time": [1, 2, 3, "UTC"]}}]},
                "step_up": {"fresh": 9, "acr": ["b"], "amr": [["c"]]}, "actions": ["p:q"], "hides": true,
                "limits": [{"rate": [2, 60], "burst": 1, "cost": 3, "by": "tenant",
                    "of": {"least_tier": ["d", "e"]}}, {"rate": [5, 1]}],
                "failures": [{"rate": [9, 60], "shared": "login"},
                    {"rate": [1, 1], "on": [404], "mode": 20}],
                "max_body": 4, "body_timeout": 5, "websocket": true, "content_type": "f/g",
                "content_encodings": ["gzip"], "bodies": 2, "resources": 1, "validates": ["h"],
                "unvalidated": [["i", "j"]],
                "undecided": ["p"], "validated_by": [["q", "r"]], "modules": 2, "exceptions": [["k", "l"], ["m", "n", "o"]]}"#,
        )
        .unwrap();
        assert_eq!(routes, [Route { methods: &["GET"], path: "/a" }]);
        assert_eq!(policy.access, Access::Optional(Authenticators::Any(&["jwt"])));
        const TIME: Rule = Rule::Time(Hours { days: 1, start: 2, end: 3, zone: "UTC" });
        const RULE: Rule = Rule::All(&[Rule::Role("\"a\""), Rule::Not(&TIME)]);
        assert_eq!(policy.rule, RULE);
        let step_up = StepUp { max_age_seconds: NonZeroU32::new(9), acr: &["b"], amr: &[&["c"]] };
        assert_eq!(policy.step_up, Some(step_up));
        assert!(policy.hides);
        assert_eq!(policy.actions, Some(&["p:q"][..]));
        let limits: Vec<_> = policy
            .limits
            .iter()
            .map(|it| (it.quota.to_string(), it.cost.upfront().get(), it.by, it.audience))
            .collect();
        let least = Audience::LeastTier("d", &["e"]);
        assert_eq!(limits[0], ("2/min burst 1".to_owned(), 3, Partition::Tenant, least));
        assert_eq!(limits[1], ("5/s".to_owned(), 1, Partition::Caller, Audience::Everyone));
        let failures: Vec<String> = policy.failures.iter().map(ToString::to_string).collect();
        assert_eq!(
            failures,
            ["failures 9/min shared as login", "failures 1/s on 404 enforced for 20%"]
        );
        assert_eq!((policy.max_body, policy.content_type), (Some(4), Some("f/g")));
        assert_eq!(policy.content_encodings, ["gzip"]);
        assert_eq!((policy.bodies, policy.resources), (Places(2), Places(1)));
        assert_eq!(policy.validates, ["h"]);
        assert_eq!((policy.unvalidated[0].parameter, policy.unvalidated[0].reason), ("i", "j"));
        assert_eq!((policy.undecided, policy.websocket), (&["p"][..], true));
        assert_eq!(policy.validated_by, [ValidatedBy { parameter: "q", extractor: "r" }]);
        assert_eq!(policy.body_timeout, Some(Duration::from_millis(5)));
        assert_eq!(policy.modules, 2);
        let exceptions: Vec<String> = policy.exceptions.iter().map(ToString::to_string).collect();
        assert_eq!(exceptions, ["k: l", "m: n (until o)"]);
    }

    #[test]
    fn what_is_not_understood_is_not_read() {
        for (written, is_read) in [
            ("{}", true),
            (r#"{"hides": true}"#, true),
            (r#"{"hides": 1}"#, false),
            (r#"{"hidden": true}"#, false),
            (r#"{"access": "public"}"#, true),
            (r#"{"access": {"public": 1}}"#, false),
            (r#"{"access": "nobody"}"#, false),
            (r#"{"rule": {"role": "a"}}"#, true),
            (r#"{"rule": {"role": "a", "scope": "b"}}"#, false),
            (r#"{"rule": {"time": [256, 0, 1, "UTC"]}}"#, false),
            (r#"{"rule": {"expression": [0, "body", "a"]}}"#, true),
            (r#"{"rule": {"expression": [0, "soon", "a"]}}"#, false),
            (r#"{"bodies": 65536}"#, false),
            (r#"{"limits": [{"rate": [1, 1]}]}"#, true),
            (r#"{"limits": [{"rate": [0, 1]}]}"#, false),
            (r#"{"limits": [{"burst": 1}]}"#, false),
            (r#"{"failures": [{"rate": [1, 1], "on": ["404"]}]}"#, false),
            (r#"{"failures": [{"on": [404]}]}"#, false),
            (r#"{"failures": [{"rate": [1, 1], "mode": 101}]}"#, false),
            (r#"{"failures": [{"rate": [1, 1], "shared": 1}]}"#, false),
            (r#"{"failures": [{"rate": [1, 1], "by": "address"}]}"#, false),
            (r#"{"limits": [{"rate": [1, 1], "by": "nobody"}]}"#, false),
            ("", false),
            ("[]", false),
            ("{} {}", false),
        ] {
            check(written, is_read);
        }
        check(
            &format!(r#"{{"rule": {}"a"{}}}"#, r#"{"not": "#.repeat(500), "}".repeat(500)),
            false,
        );
    }

    #[test]
    fn a_rule_may_be_deep() {
        let (open, close) = (r#"{"not": "#.repeat(500), "}".repeat(500));
        check(&format!(r#"{{"rule": {open}{{"role": "a"}}{close}}}"#), true);
        check(&format!(r#"{{"rule": {{"role": "{}"}}}}"#, "[".repeat(100_000)), true);
    }

    /// It is an error, and no end of the stack.
    #[test]
    fn a_text_without_an_end_of_depth_is_not_read() {
        for open in ["[", "{\"a\":", r#"{"rule": {"all": ["#] {
            check(&open.repeat(100_000), false);
        }
        let (open, close) = (r#"{"not": "#.repeat(100_000), "}".repeat(100_000));
        check(&format!(r#"{{"rule": {open}{{"role": "a"}}{close}}}"#), false);
    }

    #[test]
    fn what_cannot_be_read_admits_nobody() {
        static WRITTEN: Written = Written {
            name: "handler",
            module: "shop",
            file: "shop.rs",
            line: 1,
            text: "{\"rule\": \"anybody\"}",
            known: None,
        };
        let endpoint = WRITTEN.read(0);
        assert!(!endpoint.is_legible);
        assert_eq!(endpoint.policy.rule, Rule::Any(&[]));
        assert!(matches!(endpoint.policy.access, Access::Authenticated(_)));
    }
}
