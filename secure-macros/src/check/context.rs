//! The parts of an endpoint that rules about several of them need together.

use super::parameters::{Parameter, first_type, last_segment};
use super::path_template::segments;
use super::{modes, tautologies};
use crate::lints::Levels;
use crate::model::legal::Route;
use crate::model::raw::{Declaration, Name, Names, RateKey};

/// The attribute, the routes and parameters below it, and the levels of the lints.
pub(super) struct Context<'a> {
    pub(super) declaration: &'a Declaration,
    pub(super) routes: &'a [Route],
    pub(super) parameters: &'a [Parameter<'a>],
    pub(super) levels: &'a Levels,
}

/// Which callers an endpoint admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callers {
    /// Anonymous callers too.
    Anybody,
    /// Every caller that an authenticator accepts.
    AnyAuthenticated,
    /// Callers with a role, a scope or a permission, or that satisfy another rule.
    Some,
}

/// How many values a `web::Path<…>` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    /// This many, by position.
    Exactly(usize),
    /// A type that may be a struct, which takes values by name.
    Unknown,
}

impl Context<'_> {
    pub(super) fn callers(&self) -> Callers {
        let Declaration { public, auth, demands, .. } = self.declaration;
        if public.is_some() || auth.as_ref().and_then(Names::admits_anonymous).is_some() {
            Callers::Anybody
        } else if demands.is_empty() && tautologies::admits_any_caller(self.declaration) {
            Callers::AnyAuthenticated
        } else {
            Callers::Some
        }
    }

    /// Whether some limit rejects requests of anonymous, or of authenticated, callers.
    pub(super) fn counts(&self, authenticated: bool) -> bool {
        self.counting(authenticated).any(modes::is_enforced)
    }

    /// The `mode` of a limit that counts those requests without rejecting all that exceed it.
    pub(super) fn spares(&self, authenticated: bool) -> Option<&Name> {
        self.counting(authenticated).find_map(|rate| rate.mode.as_ref())
    }

    fn counting(&self, authenticated: bool) -> impl Iterator<Item = &RateKey> {
        let counts = move |rate: &&RateKey| {
            let known = || rate.of_the_known().next().is_some();
            let counted = if authenticated { known() } else { rate.anonymous.is_some() };
            rate.everyone.is_some() || counted
        };
        self.declaration.rates.iter().filter(counts)
    }

    /// Every route with known segments, and their names.
    pub(super) fn templates(&self) -> Vec<(&Route, Vec<String>)> {
        let known = self.routes.iter().filter_map(|route| {
            let text = route.path.value();
            let names = segments(&text)?.into_iter().map(str::to_owned).collect();
            Some((route, names))
        });
        known.collect()
    }

    /// The parameters that are extracted from the path: a `web::Path<…>` with at least one value,
    /// or a resource that the path names.
    pub(super) fn paths(&self) -> impl Iterator<Item = (&Parameter<'_>, Values)> {
        self.parameters.iter().filter_map(|parameter| Some((parameter, values(parameter)?)))
    }
}

/// Well-known types of one value; any other type may be a struct.
const SCALARS: [&str; 18] = [
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32",
    "f64", "bool", "char", "String", "Uuid",
];

fn values(parameter: &Parameter<'_>) -> Option<Values> {
    if parameter.resource().is_some() {
        return Some(Values::Unknown);
    }
    let path = last_segment(parameter.ty).filter(|last| last.ident == "Path")?;
    let inner = first_type(path)?;
    if let syn::Type::Tuple(tuple) = inner {
        return (!tuple.elems.is_empty()).then_some(Values::Exactly(tuple.elems.len()));
    }
    let is_scalar = last_segment(inner).is_some_and(|last| {
        last.arguments.is_none() && SCALARS.iter().any(|name| last.ident == name)
    });
    Some(if is_scalar { Values::Exactly(1) } else { Values::Unknown })
}
