//! Merged layers admit nobody whom one of them rejects, checked by trying every caller.

use proptest::prelude::*;

use super::endpoint;
use crate::model::legal::{Access, Authenticators, Endpoint};
use crate::model::raw::Combine;

/// The callers that one layer admits.
#[derive(Clone, Debug)]
enum Says {
    Nothing,
    Public,
    Optional,
    Lenient(Vec<usize>),
    Auth(Vec<usize>, bool),
}

#[derive(Clone, Debug)]
struct Written {
    says: Says,
    /// Roles of which any, or all, are demanded.
    roles: Option<(Vec<usize>, bool)>,
    is_module: bool,
}

const SCHEMES: usize = 3;
const ROLES: usize = 3;

/// Nobody known (`None`), or the schemes that accepted and the roles, as bits.
type Caller = Option<(u32, u32)>;

fn list(names: &[usize], any: bool, holds: impl Fn(usize) -> bool) -> bool {
    let mut held = names.iter().map(|name| holds(*name));
    if any { held.any(|held| held) } else { held.all(|held| held) }
}

impl Written {
    fn text(&self) -> String {
        let words = |prefix: &str, names: &[usize], any: bool, quote: &str| {
            let names: Vec<String> =
                names.iter().map(|name| format!("{quote}{prefix}{name}{quote}")).collect();
            format!("{}({})", if any { "any" } else { "all" }, names.join(", "))
        };
        let mut keys = Vec::new();
        match &self.says {
            Says::Nothing => {}
            Says::Public => keys.push(String::from("public")),
            Says::Optional => keys.push(String::from("auth = optional")),
            Says::Lenient(names) => {
                let names: Vec<String> = names.iter().map(|name| format!("s{name}")).collect();
                keys.push(format!("auth = lenient({})", names.join(", ")));
            }
            Says::Auth(names, any) => keys.push(format!("auth = {}", words("s", names, *any, ""))),
        }
        if let Some((names, any)) = &self.roles {
            keys.push(format!("roles = {}", words("r", names, *any, "\"")));
        }
        keys.join(", ")
    }

    /// Whether this layer alone admits the caller. A named policy, or an attribute inside another one,
    /// decides nothing about keys that it does not have.
    fn admits(&self, caller: Caller) -> bool {
        let access = match (&self.says, caller) {
            (Says::Public | Says::Optional | Says::Lenient(_), _) => true,
            (Says::Nothing, caller) => caller.is_some() || !self.is_module,
            (Says::Auth(..), None) => false,
            (Says::Auth(names, any), Some((accepted, _))) => {
                list(names, *any, |name| accepted & (1 << name) != 0)
            }
        };
        let roles = self.roles.as_ref().is_none_or(|(names, any)| {
            caller.is_some_and(|(_, roles)| list(names, *any, |name| roles & (1 << name) != 0))
        });
        access && roles
    }
}

/// The decision of the endpoint's data.
fn admits(endpoint: &Endpoint, caller: Caller) -> bool {
    let number = |name: &str| name[1..].parse::<usize>().unwrap();
    let accepts = |wanted: &Authenticators| {
        caller.is_some_and(|(accepted, _)| match wanted {
            Authenticators::Default => true,
            Authenticators::Any(names) => names.iter().any(|it| accepted & (1 << number(it)) != 0),
            Authenticators::All(names) => names.iter().all(|it| accepted & (1 << number(it)) != 0),
        })
    };
    let access = match &endpoint.policy.access {
        Access::Public | Access::Optional | Access::Lenient(_) => true,
        Access::Authenticated(wanted) => accepts(wanted),
    };
    let roles = endpoint.policy.requirements.iter().all(|requirement| {
        let mut held = requirement.demands.iter().map(|demand| {
            caller.is_some_and(|(_, roles)| roles & (1 << number(&demand.name)) != 0)
        });
        match requirement.combine {
            Combine::All => held.all(|held| held),
            Combine::One | Combine::Any => held.any(|held| held),
        }
    });
    access && roles
}

fn names(most: usize) -> impl Strategy<Value = Vec<usize>> {
    proptest::sample::subsequence((0..most).collect::<Vec<_>>(), 1..=most)
}

fn written() -> impl Strategy<Value = Written> {
    let says = prop_oneof![
        3 => Just(Says::Nothing),
        1 => Just(Says::Public),
        1 => Just(Says::Optional),
        1 => names(SCHEMES).prop_map(Says::Lenient),
        3 => (names(SCHEMES), any::<bool>()).prop_map(|(names, any)| Says::Auth(names, any)),
    ];
    let roles = proptest::option::of((names(ROLES), any::<bool>()));
    (says, roles, any::<bool>()).prop_map(|(says, roles, is_module)| {
        // One layer alone has to be legal.
        let roles =
            roles.filter(|_| !matches!(says, Says::Public | Says::Optional | Says::Lenient(_)));
        Written { says, roles, is_module }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn layers_admit_nobody_whom_one_of_them_refuses(
        outer in proptest::collection::vec(written(), 1..=2),
        own in written(),
    ) {
        let own = Written { is_module: false, ..own };
        let around = outer.iter().map(|layer| {
            format!("{}({}), ", if layer.is_module { "__module" } else { "__policy" }, layer.text())
        });
        let attribute = format!("{}{}", around.collect::<String>(), own.text());
        let Ok(endpoint) = endpoint(&attribute, "async fn f() -> u8 { 0 }") else { return Ok(()) };
        let known = (1..1 << SCHEMES).flat_map(|accepted| {
            (0..1 << ROLES).map(move |roles| Some((accepted, roles)))
        });
        for caller in known.chain([None]) {
            let all = outer.iter().chain([&own]).all(|layer| layer.admits(caller));
            if admits(&endpoint, caller) {
                prop_assert!(all, "{attribute}\nadmits {caller:?}");
            }
        }
    }
}
