//! Decodes policies: reads the JSON text that an expansion leaves in the binary, at startup.
//!
//! Policies are text because constant data of these types, checked and evaluated value by value, took a third
//! of the compile time of a handler. The decoded values live as long as the program.

use std::any::TypeId;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::{
    Access, Authenticators, Endpoint, Exception, Expression, Hours, KeyFunction, Needs, Places,
    Policy, Route, Rule, StepUp, Unvalidated, ValidatedBy, decode_limit, members,
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
    /// Its routes and policy as JSON, without the parts that are equal to [`Policy::AUTHENTICATED`].
    pub text: &'static str,
    /// The parts that JSON cannot represent.
    pub known: Option<&'static Known>,
}

/// The parts of a policy that only the compiler can resolve.
#[derive(Debug)]
pub struct Known {
    /// The types of [`Policy::grants`].
    pub grants: &'static [fn() -> TypeId],
    /// For each route, whether it is compiled.
    pub routes: &'static [bool],
    /// [`Policy::keys`].
    pub keys: &'static [KeyFunction],
}

impl Written {
    /// The endpoint at this index of the inventory. If this version cannot read the text, the endpoint denies
    /// every request.
    pub(crate) fn read(&'static self, position: usize) -> Endpoint {
        let &Self { name, module, file, line, text, known } = self;
        let read = endpoint(text);
        let is_readable = read.is_some();
        let nobody = Policy { rule: Rule::Any(&[]), ..Policy::AUTHENTICATED };
        let (routes, mut policy) = read.unwrap_or((&[], nobody));
        let compiled = known.map_or(&[][..], |known| known.routes);
        let is_compiled = |place: usize| compiled.get(place).copied().unwrap_or(true);
        let routes = routes.iter().enumerate().filter(|(place, _)| is_compiled(*place));
        let routes = leaked(routes.map(|(_, route)| *route).collect());
        policy.grants = known.map_or(&[], |known| known.grants);
        policy.keys = known.map_or(&[], |known| known.keys);
        Endpoint { name, module, file, line, routes, policy, position, is_readable }
    }
}

/// The decoded text in `Debug` format; `None` if it cannot be read. For the fuzzer.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn shown(written: &str) -> Option<String> {
    endpoint(written).map(|read| format!("{read:?}"))
}

/// Routes and policy: one line for each part of a policy.
fn endpoint(written: &str) -> Option<(&'static [Route], Policy)> {
    let (mut routes, mut policy): (&[Route], _) = (&[], Policy::AUTHENTICATED);
    for (part, value) in parsed(written)?.as_object()? {
        match part.as_str() {
            members::ROUTES => routes = list(value, route)?,
            members::ACCESS => policy.access = access(value)?,
            members::RULE => policy.rule = rule(value)?,
            members::STEP_UP => policy.step_up = Some(step_up(value)?),
            members::ACTIONS => policy.actions = Some(list(value, text)?),
            members::HIDES => policy.hides = value.as_bool()?,
            members::CALLABLE => policy.callable = value.as_bool()?,
            members::LIMITS => policy.limits = list(value, decode_limit::limit)?,
            members::CONCURRENCY => policy.concurrency = list(value, decode_limit::concurrency)?,
            members::PRIORITY => policy.priority = Some(decode_limit::priority(value)?),
            members::FAILURES => policy.failures = list(value, decode_limit::failures)?,
            members::MAX_BODY => policy.max_body = Some(value.as_u64()?),
            members::BODY_TIMEOUT => {
                policy.body_timeout = Some(Duration::from_millis(value.as_u64()?))
            }
            members::WEBSOCKET => policy.websocket = value.as_bool()?,
            members::BODIES => policy.bodies = Places(number(value)?),
            members::RESOURCES => policy.resources = Places(number(value)?),
            members::CONTENT_TYPE => policy.content_type = Some(text(value)?),
            members::CONTENT_ENCODINGS => policy.content_encodings = list(value, text)?,
            members::VALIDATES => policy.validates = list(value, text)?,
            members::UNVALIDATED => policy.unvalidated = list(value, unvalidated)?,
            members::UNDECIDED => policy.undecided = list(value, text)?,
            members::VALIDATED_BY => policy.validated_by = list(value, validated_by)?,
            members::LAYERS => policy.layers = list(value, text)?,
            members::MODULES => policy.modules = number(value)?,
            members::EXCEPTIONS => policy.exceptions = list(value, exception)?,
            _ => return None,
        }
    }
    Some((routes, policy))
}

/// Rules may be nested more deeply than serde_json's default limit allows, but not so deeply that the stack
/// would overflow.
fn parsed(written: &str) -> Option<Value> {
    if depth(written) > MOST_DEPTH {
        return None;
    }
    let mut reader = serde_json::Deserializer::from_str(written);
    reader.disable_recursion_limit();
    let value = Value::deserialize(&mut reader).ok()?;
    reader.end().ok().map(|()| value)
}

/// The nesting depth of a JSON text. For text that is not JSON, an upper bound of what a parser would reach.
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

/// rustc does not parse rules that are nested nearly as deeply.
const MOST_DEPTH: usize = 1024;

fn route(value: &Value) -> Option<Route> {
    let [path, methods @ ..] = value.as_array()?.as_slice() else { return None };
    let methods = methods.iter().map(text).collect::<Option<Vec<_>>>()?;
    Some(Route { methods: leaked(methods), path: text(path)? })
}

fn access(value: &Value) -> Option<Access> {
    match named(value)? {
        (members::PUBLIC, Value::Null) => Some(Access::Public),
        (members::OPTIONAL, value) => Some(Access::Optional(authenticators(value)?)),
        (members::LENIENT, value) => Some(Access::Lenient(authenticators(value)?)),
        (members::AUTHENTICATED, value) => Some(Access::Authenticated(authenticators(value)?)),
        _ => None,
    }
}

fn authenticators(value: &Value) -> Option<Authenticators> {
    match named(value)? {
        (members::DEFAULT, Value::Null) => Some(Authenticators::Default),
        (members::ANY, names) => Some(Authenticators::Any(list(names, text)?)),
        (members::ALL, names) => Some(Authenticators::All(list(names, text)?)),
        _ => None,
    }
}

pub(super) fn rule(value: &Value) -> Option<Rule> {
    Some(match named(value)? {
        (members::ROLE, name) => Rule::Role(text(name)?),
        (members::SCOPE, name) => Rule::Scope(text(name)?),
        (members::PERMISSION, name) => Rule::Permission(text(name)?),
        (members::AUTHENTICATOR, name) => Rule::Authenticator(text(name)?),
        (members::ADDRESS, networks) => Rule::Address(list(networks, text)?),
        (members::TIME, hours) => {
            let [days, start, end, zone] = hours.as_array()?.as_slice() else { return None };
            let (days, start, end) = (number(days)?, number(start)?, number(end)?);
            Rule::Time(Hours { days, start, end, zone: text(zone)? })
        }
        (members::EXPRESSION, expression) => {
            let [index, needs, source] = expression.as_array()?.as_slice() else { return None };
            let (needs, decided_with) = expression_needs(needs)?;
            let index = number(index)?;
            Rule::Expression(Expression { index, needs, decided_with, text: text(source)? })
        }
        (members::NOT, part) => Rule::Not(Box::leak(Box::new(rule(part)?))),
        (members::ALL, parts) => Rule::All(list(parts, rule)?),
        (members::ANY, parts) => Rule::Any(list(parts, rule)?),
        _ => return None,
    })
}

/// The inputs that an expression can be evaluated with, and those with which it must have a result.
fn expression_needs(value: &Value) -> Option<(Needs, Needs)> {
    Some(match value.as_str()? {
        members::NOTHING => (Needs::Nothing, Needs::Nothing),
        members::ARGUMENTS => (Needs::Arguments, Needs::Arguments),
        members::BODY => (Needs::Body, Needs::Body),
        members::ARGUMENTS_OR_BODY => (Needs::Arguments, Needs::Body),
        _ => return None,
    })
}

fn step_up(value: &Value) -> Option<StepUp> {
    let mut step_up = StepUp { max_age_seconds: None, acr: &[], amr: &[] };
    for (part, value) in value.as_object()? {
        match part.as_str() {
            members::FRESH => step_up.max_age_seconds = Some(positive(value)?),
            members::ACR => step_up.acr = list(value, text)?,
            members::AMR => step_up.amr = list(value, |names| list(names, text))?,
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

    /// It is an error, and not a stack overflow.
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
        assert!(!endpoint.is_readable);
        assert_eq!(endpoint.policy.rule, Rule::Any(&[]));
        assert!(matches!(endpoint.policy.access, Access::Authenticated(_)));
    }
}
