//! The key under which a limit counts a request: principal, client IP, tenant, API key, header,
//! claim or expression.
//!
//! A request without the header, the claim or the API key that a limit counts by is counted by its
//! principal, or by the client IP if it is anonymous. Every request is counted.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::HttpRequest;
use serde_json::Value;

use crate::authorization::{AcceptedBy, Answers, Circumstances, CompiledRule, Verdict};
use crate::denial::Denial;
use crate::pipeline::gate::Gate;
use crate::pipeline::refused::Refused;
use crate::plan::{ClaimNames, Counts, More, PlannedLimit, Unless};
use crate::policy::expression_context::Asked;
use crate::policy::{KeyFunction, Needs};
use crate::principal::{CountedClaims, Principal, VouchedBy};
use crate::request::{FieldName, RequestHead};
use crate::throttling::{LimitKey, Limiter};

/// The request that is counted, with everything that a key can be made of.
#[derive(Clone, Copy)]
pub(in crate::pipeline) struct Subject<'a> {
    /// The address group of the client IP.
    pub(in crate::pipeline) address: &'a dyn Fn() -> Option<IpAddr>,
    pub(in crate::pipeline) principal: Option<&'a Principal>,
    /// The tier that the application's function returned.
    pub(in crate::pipeline) tier: Option<&'a str>,
    pub(in crate::pipeline) request: &'a HttpRequest,
    /// The claims that limits count by.
    pub(in crate::pipeline) claims: &'a [ClaimNames],
    /// For the whole client IP, instead of its group.
    pub(in crate::pipeline) gate: Option<&'a Gate<'a>>,
}

/// The content of a key that is hashed. The variants keep apart, for example, a principal and an
/// address with the same text.
#[derive(Hash)]
enum KeyContent<'a> {
    Everybody,
    /// All requests without an address (Unix sockets) share one count.
    Address(Option<IpAddr>),
    Principal(VouchedBy<'a>, &'a str),
    Tenant(VouchedBy<'a>, &'a str),
    ApiKey(&'a str),
    /// With the header's name, because endpoints that share a rate may count by different headers.
    Header(&'a str, &'a [u8]),
    /// The index of the claim's name among all claims, the issuer, and the hash of the value.
    Claim(usize, Option<VouchedBy<'a>>, u64),
    Key(u64),
    Each(u64),
}

/// Whether the limit applies to this request.
#[inline]
pub(in crate::pipeline) fn applies(planned: &PlannedLimit, subject: Subject<'_>) -> bool {
    planned.limit.audience.has(subject.principal, subject.tier)
        && planned.unless.as_ref().is_none_or(|unless| !is_exempt(unless, subject))
}

/// Whether the limit's `unless` exempts this request.
fn is_exempt(unless: &Unless, subject: Subject<'_>) -> bool {
    let Unless { rule, asks_about_callers } = unless;
    let Some(caller) = subject.principal else {
        return !asks_about_callers && is_exempt_address(rule, None, subject);
    };
    rule.holds_by_names(caller) || is_exempt_address(rule, Some(caller), subject)
}

fn is_exempt_address(
    rule: &CompiledRule,
    caller: Option<&Principal>,
    subject: Subject<'_>,
) -> bool {
    let address = || subject.gate.and_then(Gate::address);
    let found = Circumstances {
        caller,
        accepted_by: AcceptedBy::default(),
        address: if rule.asks_about_address() { address() } else { None },
        now: None,
        answers: Answers::default(),
        extracted: Needs::Nothing,
    };
    rule.decide(&found) == Verdict::Holds
}

/// The key of a request under this limit; `None` if the limit does not apply to it.
///
/// # Errors
///
/// If an expression of the application fails.
#[inline]
pub(in crate::pipeline) fn key(
    limiter: &Limiter,
    planned: &PlannedLimit,
    subject: Subject<'_>,
) -> Result<Option<LimitKey>, Refused> {
    if !applies(planned, subject) {
        return Ok(None);
    }
    key_of(limiter, planned.id, &planned.by, subject).map(Some)
}

/// The key of a request under the limit with this id.
#[inline]
pub(in crate::pipeline) fn key_of(
    limiter: &Limiter,
    id: u64,
    by: &Counts,
    subject: Subject<'_>,
) -> Result<LimitKey, Refused> {
    Ok(match (by, subject.principal) {
        (Counts::Caller, Some(principal)) => principal_key(limiter, id, principal),
        (by, _) => match key_content(limiter, by, subject)? {
            KeyContent::Address(Some(address)) => limiter.key_address(id, address),
            whom => limiter.key(id, &whom),
        },
    })
}

/// The principal's content is hashed once, because the same principal comes with each request of a
/// token.
#[inline]
fn principal_key(limiter: &Limiter, limit: u64, principal: &Principal) -> LimitKey {
    let key_content = || KeyContent::Principal(principal.vouched_by(), principal.subject());
    let hashed = principal.hashed_once(|| limiter.hashed(&key_content()));
    let key = hashed.and_then(|hashed| limiter.key_of(limit, hashed));
    key.unwrap_or_else(|| limiter.key(limit, &key_content()))
}

fn key_content<'a>(
    limiter: &Limiter,
    by: &'a Counts,
    subject: Subject<'a>,
) -> Result<KeyContent<'a>, Refused> {
    let caller = || match subject.principal {
        Some(principal) => KeyContent::Principal(principal.vouched_by(), principal.subject()),
        // An anonymous request is counted by client IP, never not at all.
        None => KeyContent::Address((subject.address)()),
    };
    let more = match by {
        Counts::Caller => return Ok(caller()),
        Counts::Address => return Ok(KeyContent::Address((subject.address)())),
        Counts::Everybody => return Ok(KeyContent::Everybody),
        Counts::Tenant => {
            let tenant = subject.principal.and_then(|it| Some((it.vouched_by(), it.tenant()?)));
            return Ok(tenant.map_or_else(caller, |(by, name)| KeyContent::Tenant(by, name)));
        }
        Counts::More(more) => more,
    };
    let found = match &**more {
        More::ApiKey => subject.principal.and_then(Principal::api_key).map(KeyContent::ApiKey),
        More::Header(name) => {
            single_line(subject, name).map(|line| KeyContent::Header(name.as_str(), line))
        }
        More::Claim(place) => {
            let by = subject.principal.map(Principal::vouched_by);
            claim(limiter, *place, subject).map(|value| KeyContent::Claim(*place, by, value))
        }
        More::Key(function) => Some(KeyContent::Key(value(limiter, *function, subject)?)),
        More::Each(parts) => {
            let parts = parts.iter().map(|part| key_content(limiter, part, subject));
            let parts = parts.collect::<Result<Vec<_>, _>>()?;
            Some(KeyContent::Each(limiter.hash(|mut state| parts.hash(&mut state)).0))
        }
    };
    Ok(found.unwrap_or_else(caller))
}

/// The value of a header that occurs once. With several lines, it is unclear which one a proxy
/// wrote.
pub(in crate::pipeline) fn single_line<'a>(
    subject: Subject<'a>,
    name: &FieldName,
) -> Option<&'a [u8]> {
    let mut lines = RequestHead::new(subject.request).lines_of(name);
    let line = lines.next().filter(|line| !line.is_empty());
    line.filter(|_| lines.next().is_none())
}

/// The value of an expression of the application, hashed.
fn value(
    limiter: &Limiter,
    function: Option<KeyFunction>,
    subject: Subject<'_>,
) -> Result<u64, Refused> {
    let (hash, written) = limiter.hash(|state| write_value(function, subject, state));
    written.map(|()| hash)
}

/// Writes the value of an expression of the application into the hasher.
///
/// # Errors
///
/// If there is no expression, or it fails.
pub(in crate::pipeline) fn write_value(
    function: Option<KeyFunction>,
    subject: Subject<'_>,
    state: &mut dyn Hasher,
) -> Result<(), Refused> {
    let Some(function) = function else {
        let cause = "a limit counts by an expression that is missing";
        return Err(Box::new(Denial::internal(cause)));
    };
    let asked = Asked::new(subject.principal, subject.request);
    match catch_unwind(AssertUnwindSafe(|| function(&asked, state))) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Box::new(Denial::internal(error.to_string()))),
        Err(_) => Err(Box::new(Denial::internal("an expression that a limit counts by panicked"))),
    }
}

/// The value of a claim, hashed. The claims are read once per token.
fn claim(limiter: &Limiter, place: usize, subject: Subject<'_>) -> Option<u64> {
    let principal = subject.principal?;
    let read = || read_claims(limiter, principal, subject.claims);
    let kept = principal.cached_claims().get_or_init(read);
    match limiter.key_of(0, kept.mark) {
        Some(_) => kept.values.get(place).copied().flatten(),
        // Cached for another `Security`, with other claims.
        None => read().values.get(place).copied().flatten(),
    }
}

fn read_claims(limiter: &Limiter, principal: &Principal, claims: &[ClaimNames]) -> CountedClaims {
    let all = principal.claims::<Value>().unwrap_or_default();
    let hashed = |names: &ClaimNames| {
        let value = named_claim(&all, names)?;
        Some(limiter.hash(|mut state| value.hash(&mut state)).0)
    };
    let values = claims.iter().map(hashed).collect();
    CountedClaims { mark: limiter.hashed(&()), values }
}

/// The value of a claim. Lists and objects do not identify anybody, and have several spellings.
pub(in crate::pipeline) fn named_claim(all: &Value, names: ClaimNames) -> Option<&Value> {
    let value = names.iter().try_fold(all, |value, name| value.get(name))?;
    matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_)).then_some(value)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use serde_json::json;

    use super::super::shared_keys;
    use super::*;

    fn header(name: &str) -> Counts {
        Counts::More(Box::new(More::Header(FieldName::parse(name).unwrap())))
    }

    fn claim(place: usize) -> Counts {
        Counts::More(Box::new(More::Claim(place)))
    }

    /// Whether a request counts the same by both, in memory and where instances count together.
    fn check(one: &Counts, other: &Counts, expected: bool) {
        let request = TestRequest::default()
            .insert_header(("x-device", "7"))
            .insert_header(("x-shop", "7"))
            .to_http_request();
        let principal =
            Principal::builder("ada").claims_json(json!({"device": "7", "shop": "7"}).to_string());
        let (principal, limiter) = (principal.build(), Limiter::with_capacity_bytes(0));
        let subject = Subject {
            address: &|| None,
            principal: Some(&principal),
            tier: None,
            request: &request,
            claims: &[&["device"], &["shop"]],
            gate: None,
        };
        let keys = [one, other].map(|by| key_of(&limiter, 1, by, subject).unwrap());
        assert_eq!(keys[0] == keys[1], expected);
        let keys = [one, other].map(|by| shared_keys::whom(by, subject).unwrap());
        assert_eq!(keys[0] == keys[1], expected);
    }

    #[test]
    fn the_same_value_of_another_header_or_claim_is_somebody_else() {
        check(&header("x-device"), &header("X-Device"), true);
        check(&header("x-device"), &header("x-shop"), false);
        check(&claim(0), &claim(0), true);
        check(&claim(0), &claim(1), false);
        check(&header("x-device"), &claim(0), false);
        let both = |parts: Vec<Counts>| Counts::More(Box::new(More::Each(parts.into())));
        let [one, other] = ["x-device", "x-shop"].map(|it| both(vec![Counts::Tenant, header(it)]));
        check(&one, &other, false);
        // Who lacks both is counted by the caller under either.
        check(&header("x-none"), &header("x-neither"), true);
    }

    /// In memory, with what is kept of the caller and without, and where instances count together.
    #[test]
    fn who_vouches_for_a_caller_tells_callers_of_one_name_apart() {
        let (request, limiter) =
            (TestRequest::default().to_http_request(), Limiter::with_capacity_bytes(0));
        let ada = || Principal::builder("ada").tenant("acme").claims_json(r#"{"device":"7"}"#);
        let kept = ada().build();
        let callers = [
            kept.clone().accepted_by("jwt"),
            kept.accepted_by("api_key"),
            ada().issuer("jwt").build().accepted_by("jwt"),
            ada().issuer("other").build().accepted_by("jwt"),
        ];
        for by in [Counts::Caller, Counts::Tenant, claim(0)] {
            let keys = callers.each_ref().map(|principal| {
                let (principal, claims) = (Some(principal), &[&["device"] as ClaimNames][..]);
                let subject = Subject {
                    address: &|| None,
                    principal,
                    tier: None,
                    request: &request,
                    claims,
                    gate: None,
                };
                let key = || key_of(&limiter, 1, &by, subject).unwrap();
                assert!(key() == key());
                (key(), shared_keys::whom(&by, subject).unwrap())
            });
            for (place, one) in keys.iter().enumerate() {
                for other in &keys[..place] {
                    assert!(one.0 != other.0 && one.1 != other.1, "{place}");
                }
            }
        }
    }

    #[test]
    fn no_address_is_everybody_and_all_ways_to_an_address_are_one() {
        let (request, limiter) =
            (TestRequest::default().to_http_request(), Limiter::with_capacity_bytes(0));
        let key = |by: &Counts, address: Option<&str>| {
            let address = address.map(|address| address.parse().unwrap());
            let subject = Subject {
                address: &|| address,
                principal: None,
                tier: None,
                request: &request,
                claims: &[],
                gate: None,
            };
            key_of(&limiter, 1, by, subject).unwrap()
        };
        for address in [None, Some("0.0.0.0"), Some("1.0.0.0"), Some("::"), Some("192.0.2.7")] {
            let expected = key(&Counts::Address, address);
            assert!(expected != key(&Counts::Everybody, address), "{address:?}");
            for by in [Counts::Caller, Counts::Tenant, header("x-none"), claim(0)] {
                assert!(expected == key(&by, address), "{address:?}");
            }
        }
    }
}
