//! An endpoint that obeys every rule: what `expand` turns into code without a question left.

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
    /// The types of the parameters, in their order.
    pub(crate) arguments: Vec<Type>,
    /// Those to validate.
    pub(crate) validated: Vec<Validated>,
    /// Parameters whose type's name does not say whether they hold a body.
    pub(crate) possible_bodies: Vec<PossibleBody>,
    /// The places of those that are made of the request's body, a bit each.
    pub(crate) bodies: u16,
    /// The places of those that load a resource, a bit each.
    pub(crate) resources: u16,
    /// What the rule asks the application.
    pub(crate) questions: Vec<Question>,
    /// What limits tell requests apart by.
    pub(crate) keys: Vec<Question>,
    /// How many permits a request takes, by its arguments.
    pub(crate) costs: Vec<Question>,
    /// Resources that no segment names, and what is wrong with that unless their key is elsewhere.
    pub(crate) pathless: Vec<(Type, String)>,
    /// Names that are written as variants: the compiler is asked whether they are.
    pub(crate) variant_names: Vec<VariantName>,
    /// Whether a checker, taken by the types of its parameters, has to have some.
    pub(crate) objects_need_a_checker: bool,
    /// What the compiler shall warn of.
    pub(crate) warnings: Vec<Warning>,
    /// Whether an exception of it ends some day.
    pub(crate) ends: bool,
}

/// A route attribute that stands below `#[secure]`.
pub(crate) struct Route {
    pub(crate) methods: Vec<String>,
    pub(crate) path: LitStr,
    /// The name of the resource; `None`: that of the function.
    pub(crate) name: Option<LitStr>,
    /// Whether more than the path and the methods decide if a request matches.
    pub(crate) is_guarded: bool,
    /// The predicate of the `cfg_attr` it stands in.
    pub(crate) condition: Option<TokenStream>,
}

/// What the attribute demands.
pub(crate) struct Policy {
    pub(crate) access: Access,
    pub(crate) requirements: Vec<Requirement>,
    /// Further parts of the rule, which must all hold.
    pub(crate) clauses: Vec<Clause>,
    /// How, and how long ago, the caller must have signed in.
    pub(crate) step_up: Option<StepUp>,
    /// What the application's own policy is asked about; an empty list is the handler's name.
    pub(crate) actions: Option<Vec<String>>,
    /// Whether what the rule forbids is answered as if it were not there.
    pub(crate) hides: bool,
    /// Whether other code may call the function without the policy.
    pub(crate) is_callable: bool,
    /// The resources that the handler receives as granted.
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
    /// Parameters whose body nothing validates, as the level of a lint allows.
    pub(crate) undecided: Vec<String>,
    /// Parameters whose extractor validates what it reads, with the extractor as the vocabulary names it.
    pub(crate) validated_by: Vec<(String, String)>,
    pub(crate) exceptions: Vec<Exception>,
    /// What each layer says, where there are several.
    pub(crate) layers: Vec<String>,
    /// How many modules around the handler have a policy, as it knows.
    pub(crate) modules: usize,
}

/// What must be true of the caller's authentication; at least one part demands something.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StepUp {
    pub(crate) max_age_seconds: Option<u32>,
    /// One of these.
    pub(crate) acr: Vec<String>,
    /// One of each list.
    pub(crate) amr: Vec<Vec<String>>,
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
    /// Bad credentials count as none.
    Lenient(Authenticators),
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

/// A part of the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Clause {
    All(Vec<Clause>),
    Any(Vec<Clause>),
    Not(Box<Clause>),
    Demand(Fact, Demand),
    Authenticator(String),
    Address(Vec<String>),
    Time(Hours),
    /// The answer to the question of this number.
    Question(usize),
}

/// An expression of the application, asked while a request is served.
pub(crate) struct Question {
    /// Its source, for logs and the inventory.
    pub(crate) text: String,
    /// Its tokens exactly, by which it is known; of a checker nothing.
    pub(crate) written: String,
    pub(crate) asks: Asks,
    /// The word `caller`, where it is mentioned.
    pub(crate) caller: Option<Ident>,
    /// The word `request`, where it is mentioned.
    pub(crate) request: Option<Ident>,
    /// The arguments it mentions: their places and the patterns that bind them.
    pub(crate) arguments: Vec<Bound>,
    /// Whether it mentions a name that nothing binds: one that is misspelt, or not finished.
    pub(crate) has_unknown_names: bool,
    /// Of an expression that several handlers share: where its layer finds the runtime.
    pub(crate) shared: Option<Paths>,
}

/// What is evaluated.
pub(crate) enum Asks {
    Expression(TokenStream),
    /// A checker, and the names of what it is given after the caller.
    Checker(Path, Vec<Ident>),
    /// A checker that is given the arguments of its parameters' types.
    CheckerByType(Path),
}

/// An argument of the handler in an expression.
#[derive(Clone)]
pub(crate) struct Bound {
    pub(crate) index: usize,
    /// Binds by reference.
    pub(crate) pattern: Pat,
    /// Whether it is `Granted`, and bound as what it holds.
    pub(crate) is_granted: bool,
}

impl Question {
    /// What must have been extracted before it is asked, as the runtime reads it. A checker that takes
    /// arguments by their types says itself whether it has to wait for the body.
    pub(crate) fn needs(&self, bodies: u16) -> &'static str {
        match self.asks {
            Asks::CheckerByType(_) if bodies == 0 => members::ARGUMENTS,
            Asks::CheckerByType(_) => members::ARGUMENTS_OR_BODY,
            _ if self.arguments.is_empty() => members::NOTHING,
            _ if self.arguments.iter().any(|bound| is_among(bodies, bound.index)) => members::BODY,
            _ => members::ARGUMENTS,
        }
    }

    /// Where the runtime is, for an expression that stands in a module of its own. Nothing is in scope
    /// there, so it means the same wherever it is shared; the types of arguments have no name there.
    pub(crate) fn apart(&self) -> Option<&Paths> {
        let is_expression = matches!(self.asks, Asks::Expression(_));
        self.shared.as_ref().filter(|_| is_expression && self.arguments.is_empty())
    }
}

/// Whether a place is one of these.
fn is_among(places: u16, place: usize) -> bool {
    u32::try_from(place).is_ok_and(|place| places.unbounded_shr(place) & 1 == 1)
}

/// One name, and what stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The kind in words.
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

    /// How the vocabulary lists some.
    pub(crate) fn example_of_a_list(self) -> &'static str {
        match self {
            Self::Role => "a table `[roles.admin]` for each role",
            Self::Scope => "`[scopes]` with `names = [\"orders\"]`",
            Self::Permission => "`[permissions]` with `names = [\"orders:read\"]`",
        }
    }
}

/// One quota and how it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) permits: u32,
    pub(crate) window_seconds: u32,
    pub(crate) burst: u32,
    pub(crate) cost: Cost,
    pub(crate) by: Partition,
    pub(crate) audience: Audience,
    /// The name under which all endpoints that use it count together.
    pub(crate) shared: Option<String>,
    /// Whether an answer of 5xx gives back what the request took.
    pub(crate) refunds: bool,
    /// Whose requests are not counted.
    pub(crate) unless: Option<Clause>,
    /// The period of the calendar, and by whose clocks.
    pub(crate) period: Option<(Period, String)>,
    /// What the attribute says of it; `None`: what the program says.
    pub(crate) mode: Option<Mode>,
}

/// What happens to requests beyond a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Enforce,
    Observe,
    /// Refused for so many of a hundred keys, 1 to 99.
    Percent(u8),
}

/// One budget for failures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failures {
    pub(crate) permits: u32,
    pub(crate) window_seconds: u32,
    /// The statuses that are failures; empty: those that are by default.
    pub(crate) on: Vec<u16>,
    /// The name under which all endpoints that use it count together.
    pub(crate) shared: Option<String>,
    pub(crate) mode: Option<Mode>,
}

/// How many permits a request takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cost {
    Permits(u32),
    /// What the expression of this number comes to.
    Arguments(usize),
    /// What the handler says in its response.
    Response,
}

/// How many requests are served at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Concurrency {
    pub(crate) most: u32,
    pub(crate) by: Partition,
    /// How many wait beside them, and for how many milliseconds at most.
    pub(crate) queue: Option<(u32, u32)>,
    pub(crate) mode: Option<Mode>,
}

/// Whose requests are counted together.
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
    /// The claim, and those inside of it.
    Claim(Vec<String>),
    /// The value of the expression of this number.
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
    /// Callers of this tier, and those of none of the others.
    LeastTier(String, Vec<String>),
}

/// A parameter whose type may be an alias of a body's: the compiler, who knows, is asked.
#[derive(Debug)]
pub(crate) struct PossibleBody {
    pub(crate) index: usize,
    pub(crate) name: String,
    /// The extractor of the vocabulary that it seems to be, which validates what it reads.
    pub(crate) seems: Option<String>,
}

/// A parameter to validate: its place among the arguments and its name.
pub(crate) struct Validated {
    pub(crate) index: usize,
    /// The element of it, if it is a tuple that is taken apart: its place and its type.
    pub(crate) element: Option<(usize, Type)>,
    pub(crate) name: String,
}
