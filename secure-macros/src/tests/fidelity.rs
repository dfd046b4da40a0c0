//! An accepted attribute means what it states: generated attributes, interpreted by the test and by
//! the macro.

use proptest::prelude::*;

use super::endpoint;
use crate::model::legal::{Access, Authenticators, Fact, Limit, Partition, Requirement};
use crate::model::raw::Combine;

const HANDLER: &str = "async fn handler(order: web::Json<NewOrder>) -> String { String::new() }";

/// One key: its text, and its intended meaning.
#[derive(Clone, Debug)]
enum Said {
    Public,
    Auth(Combine, Vec<String>),
    Names(Fact, Combine, Vec<String>),
    Fresh(u32),
    Acr(Combine, Vec<String>),
    Amr(Combine, Vec<String>),
    Rate { permits: u32, seconds: u32, by: Partition, burst: Option<u32> },
    Validate,
    MaxBody(u64),
}

impl Said {
    fn text(&self) -> String {
        match self {
            Self::Public => String::from("public"),
            Self::Auth(combine, names) => format!("auth = {}", list(*combine, names, "")),
            Self::Names(fact, combine, names) => {
                format!("{} = {}", key(*fact), list(*combine, names, "\""))
            }
            Self::Fresh(minutes) => format!("fresh = \"{minutes}m\""),
            Self::Acr(combine, names) => format!("acr = {}", list(*combine, names, "\"")),
            Self::Amr(combine, names) => format!("amr = {}", list(*combine, names, "\"")),
            Self::Rate { permits, seconds, by, burst } => {
                let by = match by {
                    Partition::Caller => String::new(),
                    by => format!(", by = {}", words(by)),
                };
                let burst = burst.map(|burst| format!(", burst = {burst}")).unwrap_or_default();
                format!("rate(\"{permits}/{seconds}s\"{by}{burst})")
            }
            Self::Validate => String::from("validate(order)"),
            Self::MaxBody(bytes) => format!("max_body = \"{bytes}B\""),
        }
    }
}

proptest! {
    #[test]
    fn an_accepted_attribute_means_every_word_of_it(said in proptest::collection::vec(said(), 0..6)) {
        let text = said.iter().map(Said::text).collect::<Vec<_>>().join(", ");
        let Ok(endpoint) = endpoint(&text, HANDLER) else { return Ok(()) };
        let policy = &endpoint.policy;
        // Only a body that is validated is accepted here: nothing exempts it.
        prop_assert_eq!(endpoint.validated.len(), 1);
        prop_assert!(said.iter().any(|said| matches!(said, Said::Validate)));
        let (mut names, mut limits, mut sizes, mut access, mut signed_in) = (0, 0, 0, 0, 0);
        for said in &said {
            match said {
                Said::Public => {
                    access += 1;
                    prop_assert_eq!(&policy.access, &Access::Public);
                }
                Said::Auth(combine, names) => {
                    access += 1;
                    let expected = match combine {
                        Combine::All => Authenticators::All(names.clone()),
                        Combine::One | Combine::Any => Authenticators::Any(names.clone()),
                    };
                    prop_assert_eq!(&policy.access, &Access::Authenticated(expected));
                }
                Said::Names(fact, combine, expected) => {
                    names += 1;
                    let same = |found: &&Requirement| {
                        let names = found.demands.iter().map(|demand| &demand.name);
                        (found.fact, found.combine) == (*fact, *combine) && names.eq(expected)
                    };
                    prop_assert_eq!(policy.requirements.iter().filter(same).count(), 1);
                }
                Said::Fresh(minutes) => {
                    signed_in += 1;
                    let found = policy.step_up.as_ref().and_then(|it| it.max_age_seconds);
                    prop_assert_eq!(found, Some(minutes * 60));
                }
                Said::Acr(combine, names) => {
                    signed_in += 1;
                    prop_assert!(*combine != Combine::All);
                    prop_assert_eq!(policy.step_up.as_ref().map(|it| &it.acr), Some(names));
                }
                Said::Amr(combine, names) => {
                    signed_in += 1;
                    let lists = match combine {
                        Combine::All => names.iter().map(|name| vec![name.clone()]).collect(),
                        Combine::One | Combine::Any => vec![names.clone()],
                    };
                    prop_assert_eq!(policy.step_up.as_ref().map(|it| &it.amr), Some(&lists));
                }
                Said::Rate { permits, seconds, by, burst } => {
                    limits += 1;
                    let same = |found: &&Limit| {
                        (found.permits, found.window_seconds, &found.by, found.burst)
                            == (*permits, *seconds, by, burst.unwrap_or(*permits))
                    };
                    prop_assert_eq!(policy.limits.iter().filter(same).count(), 1);
                }
                Said::MaxBody(bytes) => {
                    sizes += 1;
                    prop_assert_eq!(policy.max_body, Some(*bytes));
                }
                Said::Validate => {}
            }
        }
        prop_assert!(access <= 1 && sizes <= 1);
        prop_assert_eq!((policy.requirements.len(), policy.limits.len()), (names, limits));
        prop_assert_eq!(policy.max_body.is_some(), sizes == 1);
        let default = Access::Authenticated(Authenticators::Default);
        prop_assert_eq!(policy.access == default, access == 0);
        prop_assert_eq!(policy.step_up.is_some(), signed_in > 0);
        prop_assert!(policy.access != Access::Public || policy.requirements.is_empty());
        prop_assert!(policy.access != Access::Public || policy.step_up.is_none());
    }
}

fn said() -> impl Strategy<Value = Said> {
    let names = || proptest::collection::vec("[a-d]", 1..4);
    let combine = prop::sample::select(vec![Combine::One, Combine::Any, Combine::All]);
    let fact = prop::sample::select(vec![Fact::Role, Fact::Scope, Fact::Permission]);
    let by = prop::sample::select(vec![
        Partition::Caller,
        Partition::Address,
        Partition::Principal,
        Partition::ApiKey,
        Partition::Endpoint,
        Partition::Header(String::from("x-client")),
        Partition::Claim(vec![String::from("org"), String::from("id")]),
        Partition::Each(vec![Partition::Tenant, Partition::Address]),
    ]);
    prop_oneof![
        1 => Just(Said::Public),
        1 => (combine.clone(), names()).prop_map(|(combine, names)| Said::Auth(combine, first(combine, names))),
        1 => (0_u32..3).prop_map(Said::Fresh),
        1 => (combine.clone(), names()).prop_map(|(combine, names)| Said::Acr(combine, first(combine, names))),
        1 => (combine.clone(), names()).prop_map(|(combine, names)| Said::Amr(combine, first(combine, names))),
        4 => (fact, combine, names())
            .prop_map(|(fact, combine, names)| Said::Names(fact, combine, first(combine, names))),
        4 => (0_u32..20, 1_u32..5, by, proptest::option::of(0_u32..9))
            .prop_map(|(permits, seconds, by, burst)| Said::Rate { permits, seconds, by, burst }),
        6 => Just(Said::Validate),
        1 => (0_u64..3).prop_map(Said::MaxBody),
    ]
}

fn first(combine: Combine, mut names: Vec<String>) -> Vec<String> {
    if combine == Combine::One {
        names.truncate(1);
    }
    names
}

fn list(combine: Combine, names: &[String], quote: &str) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{quote}{name}{quote}")).collect();
    match combine {
        Combine::One => names.join(", "),
        Combine::Any => format!("any({})", names.join(", ")),
        Combine::All => format!("all({})", names.join(", ")),
    }
}

fn key(fact: Fact) -> &'static str {
    match fact {
        Fact::Role => "roles",
        Fact::Scope => "scopes",
        Fact::Permission => "permissions",
    }
}

fn words(by: &Partition) -> String {
    match by {
        Partition::ApiKey => String::from("api_key"),
        Partition::Header(name) => format!("header({name:?})"),
        Partition::Claim(names) => format!("claim({:?})", names.join(".")),
        Partition::Each(parts) => {
            format!("({})", parts.iter().map(words).collect::<Vec<_>>().join(", "))
        }
        by => format!("{by:?}").to_lowercase(),
    }
}
