//! `allow = …` and `check = …` as written: Boolean operators over atoms and expressions.

use proc_macro2::{Ident, TokenStream};

use super::hours::Hours;
use super::legal::Fact;
use super::raw::Name;
use crate::paths::Paths;

/// The value of one `allow` key.
#[derive(Clone, Debug)]
pub(crate) struct Allow {
    pub(crate) condition: Condition,
    /// For a rule that several handlers share, in a module or a policy: the path of the runtime in
    /// its layer.
    pub(crate) shared: Option<Paths>,
}

/// An expression of a limit.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    pub(crate) tokens: TokenStream,
    /// As in [`Allow`].
    pub(crate) shared: Option<Paths>,
}

/// A part of a rule, and its tokens.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) tokens: TokenStream,
    pub(crate) kind: ConditionKind,
}

/// The kind of a part.
#[derive(Clone, Debug)]
pub(crate) enum ConditionKind {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// `role("admin")`, `scope("…")`, `permission("…")`.
    Fact(Fact, Name),
    /// `authenticator("jwt")`.
    Authenticator(Name),
    /// `address in "10.0.0.0/8"`, or a list of networks.
    Address(Vec<String>),
    /// `time in "Mon-Fri 09:00-17:00 Europe/Berlin"`.
    Time(Hours),
    /// `true` or `false`.
    Constant(bool),
    /// Any other expression.
    Expression,
}

/// The value of one `check` key.
#[derive(Clone)]
pub(crate) struct Check {
    pub(crate) key: Ident,
    pub(crate) function: syn::Path,
    /// The arguments after the caller; `None`: they are found by the types of its parameters.
    pub(crate) parameters: Option<Vec<Name>>,
}

impl Condition {
    /// The parts that must all be true.
    pub(crate) fn conjuncts(&self) -> Vec<&Self> {
        match &self.kind {
            ConditionKind::All(parts) => parts.iter().flat_map(Self::conjuncts).collect(),
            _ => vec![self],
        }
    }

    /// Calls `visit` with this part and every part of it.
    pub(crate) fn each<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        match &self.kind {
            ConditionKind::All(parts) | ConditionKind::Any(parts) => {
                parts.iter().for_each(|part| part.each(visit));
            }
            ConditionKind::Not(part) => part.each(visit),
            _ => {}
        }
    }
}
