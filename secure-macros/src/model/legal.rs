//! An endpoint that obeys every rule: what `expand` turns into code without a question left.

use proc_macro2::TokenStream;
use syn::{LitStr, Type};

use super::raw::{Combine, Function};
use crate::diagnostics::Warning;
use crate::paths::Paths;

/// One secured handler.
pub(crate) struct Endpoint {
    pub(crate) paths: Paths,
    pub(crate) function: Function,
    pub(crate) routes: Vec<Route>,
    pub(crate) policy: Policy,
    /// The types of the parameters, in their order.
    pub(crate) arguments: Vec<Type>,
    /// Those to validate.
    pub(crate) validated: Vec<Validated>,
    /// What the compiler shall warn of.
    pub(crate) warnings: Vec<Warning>,
    /// Whether an exception of it ends some day.
    pub(crate) ends: bool,
}

/// A route attribute that stands below `#[secure]`.
pub(crate) struct Route {
    pub(crate) methods: Vec<String>,
    pub(crate) path: LitStr,
    /// The predicate of the `cfg_attr` it stands in.
    pub(crate) condition: Option<TokenStream>,
}

/// What the attribute demands.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) access: Access,
    pub(crate) requirements: Vec<Requirement>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) max_body: Option<u64>,
    pub(crate) content_type: Option<String>,
    /// Parameter and reason.
    pub(crate) unvalidated: Vec<(String, String)>,
    pub(crate) exceptions: Vec<Exception>,
}

/// Why nobody needs to authenticate, or why every object is for every caller.
#[derive(Debug)]
pub(crate) struct Exception {
    pub(crate) key: &'static str,
    pub(crate) reason: String,
    pub(crate) until: Option<String>,
}

/// Who may call at all.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Public,
    Optional,
    Authenticated(Authenticators),
}

/// Which authenticators accept the caller.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Authenticators {
    Default,
    Any(Vec<String>),
    All(Vec<String>),
}

/// What must be true of the caller: one of `roles`, `scopes`, `permissions`.
#[derive(Debug)]
pub(crate) struct Requirement {
    pub(crate) fact: Fact,
    pub(crate) combine: Combine,
    pub(crate) demands: Vec<Demand>,
}

/// One name, and what stands for it.
#[derive(Debug)]
pub(crate) struct Demand {
    pub(crate) name: String,
    /// Roles whose holders satisfy the demand as well: the vocabulary says so.
    pub(crate) roles: Vec<String>,
}

/// Something a token can say of its caller.
pub(crate) type Atom<'a> = (Fact, &'a str);

impl Demand {
    /// What satisfies it: the name itself, and the roles that stand for it.
    pub(crate) fn alternatives(&self, fact: Fact) -> impl Iterator<Item = Atom<'_>> {
        let roles = self.roles.iter().map(|role| (Fact::Role, role.as_str()));
        std::iter::once((fact, self.name.as_str())).chain(roles)
    }
}

/// The kind of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fact {
    Role,
    Scope,
    Permission,
}

impl Fact {
    /// The kind in words.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Scope => "scope",
            Self::Permission => "permission",
        }
    }
}

/// One quota and how it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) permits: u32,
    pub(crate) window_seconds: u32,
    pub(crate) burst: u32,
    pub(crate) cost: u32,
    pub(crate) by: Partition,
    pub(crate) audience: Audience,
}

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Partition {
    Caller,
    Address,
    Principal,
    Endpoint,
}

/// Which requests are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    Everyone,
    Anonymous,
    Authenticated,
}

/// A parameter to validate: its place among the arguments and its name.
#[derive(Debug)]
pub(crate) struct Validated {
    pub(crate) index: usize,
    pub(crate) name: String,
}
