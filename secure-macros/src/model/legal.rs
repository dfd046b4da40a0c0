//! An endpoint that obeys every rule: the input of `expand`.

use proc_macro2::{Ident, TokenStream};
use syn::{LitStr, Pat, Path, Type};

use super::hours::Hours;
use super::raw::{Combine, EnumVariant, Function};
use crate::diagnostics::Warning;
use crate::grammar::rate::Period;
use crate::paths::Paths;
use crate::policy_members as members;

/// One secured handler.
pub(crate) struct Endpoint {
    pub(crate) paths: Paths,
    pub(crate) function: Function,
    pub(crate) routes: Vec<Route>,
    pub(crate) policy: Policy,
    /// The types of the parameters, in order.
    pub(crate) arguments: Vec<Type>,
    /// The parameters to validate.
    pub(crate) validated: Vec<Validated>,
    /// Parameters that may hold a body, by the names of their types.
    pub(crate) possible_bodies: Vec<PossibleBody>,
    /// The positions of parameters that are extracted from the body, as a bit set.
    pub(crate) bodies: u16,
    /// The positions of parameters that load a resource, as a bit set.
    pub(crate) resources: u16,
    /// The expressions and checkers of the rule.
    pub(crate) rule_expressions: Vec<AppExpression>,
    /// The expressions of `by = key(…)`.
    pub(crate) keys: Vec<AppExpression>,
    /// The expressions of `cost`.
    pub(crate) costs: Vec<AppExpression>,
    /// Resources that no segment names, and the message unless their key is elsewhere.
    pub(crate) pathless: Vec<(Type, String)>,
    /// Names that are written as enum variants, for the compiler to check.
    pub(crate) variant_names: Vec<VariantName>,
    /// Whether a checker that takes its arguments by type must take at least one.
    pub(crate) objects_need_a_checker: bool,
    /// The warnings.
    pub(crate) warnings: Vec<Warning>,
    /// Whether one of its exceptions has an end.
    pub(crate) ends: bool,
}

/// A route attribute below `#[secure]`.
pub(crate) struct Route {
    pub(crate) methods: Vec<String>,
    pub(crate) path: LitStr,
    /// The name of the resource; `None` for the name of the function.
    pub(crate) name: Option<LitStr>,
    /// Whether it has guards besides the path and the methods.
    pub(crate) is_guarded: bool,
    /// The predicate of the `cfg_attr` around it.
    pub(crate) condition: Option<TokenStream>,
}

/// The policy of the endpoint.
pub(crate) struct Policy {
    pub(crate) access: Access,
    pub(crate) requirements: Vec<Requirement>,
    /// Further clauses of the rule, which must all be true.
    pub(crate) clauses: Vec<Clause>,
    /// The demands on how, and how long ago, the caller signed in.
    pub(crate) step_up: Option<StepUp>,
    /// The actions for the application's own policy; an empty list means the handler's name.
    pub(crate) actions: Option<Vec<String>>,
    /// Whether a request that the rule forbids gets 404.
    pub(crate) hides: bool,
    /// Whether other code may call the function without the policy.
    pub(crate) is_callable: bool,
    /// The resources of parameters of the type `Granted`.
    pub(crate) grants: Vec<Type>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) concurrency: Vec<Concurrency>,
    /// `critical`, `normal` or `bulk`.
    pub(crate) priority: Option<String>,
    pub(crate) failures: Vec<Failures>,
    pub(crate) max_body: Option<u64>,
    /// In milliseconds.
    pub(crate) body_timeout: Option<u32>,
    pub(crate) websocket: bool,
    pub(crate) content_type: Option<String>,
    pub(crate) content_encodings: Vec<String>,
    /// Parameter and reason.
    pub(crate) unvalidated: Vec<(String, String)>,
    /// Parameters with a body that is not validated, which the level of a lint allows.
    pub(crate) undecided: Vec<String>,
    /// Parameters whose extractor validates, with the extractor's name in the vocabulary.
    pub(crate) validated_by: Vec<(String, String)>,
    pub(crate) exceptions: Vec<Exception>,
    /// The text of each layer, if there are several.
    pub(crate) layers: Vec<String>,
    /// The number of modules around the handler that have a policy.
    pub(crate) modules: usize,
}

/// The demands on the caller's authentication; at least one is present.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StepUp {
    pub(crate) max_age_seconds: Option<u32>,
    /// One of these.
    pub(crate) acr: Vec<String>,
    /// One of each list.
    pub(crate) amr: Vec<Vec<String>>,
}

/// An exception: why nobody needs to authenticate, or why every caller may have every object.
#[derive(Debug)]
pub(crate) struct Exception {
    pub(crate) key: &'static str,
    pub(crate) reason: String,
    pub(crate) until: Option<String>,
}

/// Which callers the endpoint admits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Public,
    Optional,
    /// Rejected credentials count as missing.
    Lenient(Authenticators),
    Authenticated(Authenticators),
}

/// The authenticators that must accept the caller.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Authenticators {
    Default,
    Any(Vec<String>),
    All(Vec<String>),
}

/// A demand on the caller: one of `roles`, `scopes`, `permissions`.
#[derive(Debug)]
pub(crate) struct Requirement {
    pub(crate) fact: Fact,
    pub(crate) combine: Combine,
    pub(crate) demands: Vec<Demand>,
}

/// A clause of the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Clause {
    All(Vec<Clause>),
    Any(Vec<Clause>),
    Not(Box<Clause>),
    Demand(Fact, Demand),
    Authenticator(String),
    Address(Vec<String>),
    Time(Hours),
    /// The result of the expression with this number.
    AppExpression(usize),
}

/// An expression of the application, evaluated while a request is served.
pub(crate) struct AppExpression {
    /// Its source, for logs and the inventory.
    pub(crate) text: String,
    /// Its exact tokens, as its identity; empty for a checker.
    pub(crate) written: String,
    pub(crate) evaluated: Evaluated,
    /// The word `caller`, if it is used.
    pub(crate) caller: Option<Ident>,
    /// The word `request`, if it is used.
    pub(crate) request: Option<Ident>,
    /// The arguments that it uses: their positions and the patterns that bind them.
    pub(crate) arguments: Vec<Bound>,
    /// Whether it uses a name that is not bound: one that is misspelt or unfinished.
    pub(crate) has_unknown_names: bool,
    /// For a shared expression: the path of the runtime in its layer.
    pub(crate) shared: Option<Paths>,
}

/// The code to evaluate.
pub(crate) enum Evaluated {
    Expression(TokenStream),
    /// A checker, and the names of its arguments after the caller.
    Checker(Path, Vec<Ident>),
    /// A checker whose arguments are found by the types of its parameters.
    CheckerByType(Path),
}

/// An argument of the handler in an expression.
#[derive(Clone)]
pub(crate) struct Bound {
    pub(crate) index: usize,
    /// Binds by reference.
    pub(crate) pattern: Pat,
    /// Whether it is `Granted`, and is bound as its inner value.
    pub(crate) is_granted: bool,
}

impl AppExpression {
    /// The input that must have been extracted before it is evaluated, for the text of the policy.
    /// A checker that takes arguments by type decides by its signature whether it waits for the
    /// body.
    pub(crate) fn needs(&self, bodies: u16) -> &'static str {
        match self.evaluated {
            Evaluated::CheckerByType(_) if bodies == 0 => members::ARGUMENTS,
            Evaluated::CheckerByType(_) => members::ARGUMENTS_OR_BODY,
            _ if self.arguments.is_empty() => members::NOTHING,
            _ if self.arguments.iter().any(|bound| is_among(bodies, bound.index)) => members::BODY,
            _ => members::ARGUMENTS,
        }
    }

    /// The path of the runtime, for an expression that is expanded in a module of its own. No
    /// imports are in scope there, so it means the same wherever it is shared. The types of
    /// arguments have no name there.
    pub(crate) fn apart(&self) -> Option<&Paths> {
        let is_expression = matches!(self.evaluated, Evaluated::Expression(_));
        self.shared.as_ref().filter(|_| is_expression && self.arguments.is_empty())
    }
}

/// Whether a position is in the bit set.
fn is_among(places: u16, place: usize) -> bool {
    u32::try_from(place).is_ok_and(|place| places.unbounded_shr(place) & 1 == 1)
}

/// One name, and the roles that satisfy it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    pub(crate) name: String,
    /// Roles that include the name, according to the vocabulary.
    pub(crate) roles: Vec<String>,
}

/// A grant of the caller: a kind and a name.
pub(crate) type Atom<'a> = (Fact, &'a str);

impl Demand {
    /// The grants that satisfy it: the name itself, and the roles that include it.
    pub(crate) fn alternatives(&self, fact: Fact) -> impl Iterator<Item = Atom<'_>> {
        let roles = self.roles.iter().map(|role| (Fact::Role, role.as_str()));
        std::iter::once((fact, self.name.as_str())).chain(roles)
    }
}

/// A name that is written as the variant of an enum.
pub(crate) struct VariantName {
    pub(crate) fact: Fact,
    pub(crate) name: String,
    pub(crate) variant: EnumVariant,
}

/// The kind of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fact {
    Role,
    Scope,
    Permission,
}

impl Fact {
    /// The kind, for messages.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Scope => "scope",
            Self::Permission => "permission",
        }
    }

    /// The start of the message about a name that the vocabulary does not list.
    pub(crate) fn unknown(self) -> &'static str {
        match self {
            Self::Role => "unknown role",
            Self::Scope => "unknown scope",
            Self::Permission => "unknown permission",
        }
    }

    /// How the vocabulary lists names of this kind, for messages.
    pub(crate) fn example_of_a_list(self) -> &'static str {
        match self {
            Self::Role => "a table `[roles.admin]` for each role",
            Self::Scope => "`[scopes]` with `names = [\"orders\"]`",
            Self::Permission => "`[permissions]` with `names = [\"orders:read\"]`",
        }
    }
}

/// One rate limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) permits: u32,
    pub(crate) window_seconds: u32,
    pub(crate) burst: u32,
    pub(crate) cost: Cost,
    pub(crate) by: Partition,
    pub(crate) audience: Audience,
    /// The name of the count that all endpoints with this name share.
    pub(crate) shared: Option<String>,
    /// Whether a response of 5xx returns the permits of the request.
    pub(crate) refunds: bool,
    /// The condition of callers whose requests are not counted.
    pub(crate) unless: Option<Clause>,
    /// The period of the calendar, and its time zone.
    pub(crate) period: Option<(Period, String)>,
    /// The mode in the attribute; `None`: that of the program.
    pub(crate) mode: Option<Mode>,
}

/// How requests over a limit are handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Enforce,
    Observe,
    /// Enforced for this percentage of the keys, 1 to 99.
    Percent(u8),
}

/// One budget for failures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failures {
    pub(crate) permits: u32,
    pub(crate) window_seconds: u32,
    /// The statuses that count as failures; empty for the default ones.
    pub(crate) on: Vec<u16>,
    /// The name under which all endpoints that use it count together.
    pub(crate) shared: Option<String>,
    pub(crate) mode: Option<Mode>,
}

/// The number of permits that a request takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cost {
    Permits(u32),
    /// The value of the expression with this number.
    Arguments(usize),
    /// The cost that the handler sets in its response.
    Response,
}

/// A limit of requests in flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Concurrency {
    pub(crate) most: u32,
    pub(crate) by: Partition,
    /// The number of waiting requests, and the longest wait in milliseconds.
    pub(crate) queue: Option<(u32, u32)>,
    pub(crate) mode: Option<Mode>,
}

/// The key by which requests are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Partition {
    Caller,
    Address,
    Principal,
    Tenant,
    ApiKey,
    Endpoint,
    /// The name in lower case.
    Header(String),
    /// The path of the claim.
    Claim(Vec<String>),
    /// The value of the expression with this number.
    Key(usize),
    /// All of these together.
    Each(Vec<Partition>),
}

/// Which requests are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    Everyone,
    Anonymous,
    Authenticated,
    Tier(String),
    /// Callers of this tier, and those without any of the other tiers.
    LeastTier(String, Vec<String>),
}

/// A parameter whose type may be an alias of a body; the compiler decides.
#[derive(Debug)]
pub(crate) struct PossibleBody {
    pub(crate) index: usize,
    pub(crate) name: String,
    /// The validating extractor of the vocabulary with the same name.
    pub(crate) seems: Option<String>,
}

/// A parameter to validate: its position and its name.
pub(crate) struct Validated {
    pub(crate) index: usize,
    /// The element of a destructured tuple: its position and its type.
    pub(crate) element: Option<(usize, Type)>,
    pub(crate) name: String,
}
