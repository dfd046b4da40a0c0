//! Every secured endpoint of the program, collected at link time.
//!
//! Each expansion of `#[secure(...)]` leaves one [`Endpoint`] in a section of the binary; this
//! module reads them. An endpoint is listed whether or not it is mounted.
//!
//! ```
//! let inventory = secure_runtime::inventory();
//! println!("{inventory}");            // a table
//! println!("{}", inventory.to_json()); // the same as JSON
//! ```

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use serde::ser::{Serialize, SerializeSeq, Serializer};

use crate::policy::{
    Access, Authenticators, Concurrency, Endpoint, Exception, FailureBudget, Limit, Policy, Rule,
    Written, opens,
};
use crate::security::{AbsentAuthenticator, Open};
use crate::table;
use crate::throttling::{ConfiguredModes, LimitMode};

/// Where every expansion of `#[secure(...)]` registers its endpoint.
#[doc(hidden)]
#[linkme::distributed_slice]
pub static ENDPOINTS: [Written];

/// Where the first expansion of a crate with a vocabulary leaves its roles.
#[doc(hidden)]
#[linkme::distributed_slice]
pub static ROLES: [&'static [&'static str]];

/// Where every module with a policy registers its path.
#[doc(hidden)]
#[linkme::distributed_slice]
pub static MODULES: [&'static str];

/// The modules with a policy that stand around a module, or are it.
pub(crate) fn modules_around(module: &str) -> impl Iterator<Item = &'static str> {
    MODULES.iter().copied().filter(move |outer| is_inside(module, outer))
}

/// Whether a module is another one, or stands in it.
pub(crate) fn is_inside(module: &str, outer: &str) -> bool {
    let rest = module.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Every endpoint of the program, in the order of their section; read when they are needed first.
static READ: LazyLock<Box<[Endpoint]>> = LazyLock::new(|| {
    let mut endpoints: Box<[Endpoint]> =
        ENDPOINTS.iter().enumerate().map(|(place, it)| it.read(place)).collect();
    tell_apart(&mut endpoints);
    endpoints
});

/// Functions of one name in the bodies of others have one path: `place` and `place#2`, in the order in
/// which they are written, or counts and changes of one would be taken for those of the other.
fn tell_apart(endpoints: &mut [Endpoint]) {
    let mut ordered: Vec<&mut Endpoint> = endpoints.iter_mut().collect();
    ordered.sort_by_key(|it| (it.module, it.name, it.file, it.line));
    let (mut last, mut count) = (("", ""), 0_usize);
    for endpoint in ordered {
        let this = (endpoint.module, endpoint.name);
        count = if this == last { count + 1 } else { 1 };
        last = this;
        if count > 1 {
            endpoint.name = Box::leak(format!("{}#{count}", endpoint.name).into_boxed_str());
        }
    }
}

/// Stands for what was never registered: no security answers for it.
static STRANGER: Endpoint = Endpoint {
    name: "",
    module: "",
    file: "",
    line: 0,
    routes: &[],
    policy: Policy::AUTHENTICATED,
    position: usize::MAX,
    is_legible: false,
};

/// Every endpoint of the program.
pub fn endpoints() -> &'static [Endpoint] {
    &READ
}

/// What was registered at an address: a subtraction on the request path.
pub(crate) fn endpoint(written: &'static Written) -> &'static Endpoint {
    let start = ENDPOINTS.as_ptr().addr();
    let offset = std::ptr::from_ref(written).addr().checked_sub(start);
    offset.and_then(|offset| READ.get(offset / size_of::<Written>())).unwrap_or(&STRANGER)
}

/// A list of secured endpoints, sorted by path, then method.
///
/// `Display` prints it as a table.
#[derive(Clone, Debug)]
pub struct Inventory {
    rows: Vec<Row>,
    idle_roles: Vec<&'static str>,
    authentication_off: Vec<AuthenticationOff>,
}

/// A role that opens no endpoint, behind the endpoints in JSON.
#[derive(serde::Serialize)]
struct IdleRole {
    idle_role: &'static str,
}

/// Authentication that the configuration turns off, behind the endpoints in JSON.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(untagged)]
enum AuthenticationOff {
    Absent { absent_authenticator: &'static str, reason: String },
    Open { open_to_everybody_as: String, reason: String },
}

/// One route of one endpoint; an endpoint whose routes the attribute could not see has one row
/// without method and path.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Row {
    /// The path template as in the route attribute, without the scopes it is mounted under.
    pub path: Option<&'static str>,
    /// The methods, in upper case, separated by commas.
    pub method: Option<String>,
    /// The function.
    pub handler: String,
    /// Who may call: `public`, `optional`, `lenient`, `authenticated`, and the authenticators where named.
    pub access: String,
    /// What must be true of the caller; empty if nothing more.
    pub rule: String,
    /// How, and how long ago, the caller must have signed in; empty if it does not matter.
    pub step_up: String,
    /// Whether other code may call the function without the policy.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub callable: bool,
    /// The limits, and the budgets for failures.
    pub limits: Vec<String>,
    /// The parameters that are validated.
    pub validates: &'static [&'static str],
    /// The parameters that their extractors validate, as `order: AwebJson`.
    pub validated_by: Vec<String>,
    /// The body parameters that nothing validates before the handler, as `order: the reason`.
    pub unvalidated: Vec<String>,
    /// The largest request body in bytes, where the attribute says so.
    pub max_body: Option<u64>,
    /// The one media type of the request body, where the attribute says so.
    pub content_type: Option<&'static str>,
    /// The content codings that the request body may have, beside none.
    pub content_encodings: &'static [&'static str],
    /// The exceptions that the attribute makes, with their reasons.
    pub exceptions: Vec<String>,
    /// The source file.
    pub file: &'static str,
    /// The line of the attribute.
    pub line: u32,
}

/// Every secured endpoint of the program.
#[must_use]
pub fn inventory() -> Inventory {
    Inventory::of(endpoints().iter(), None, ConfiguredModes::default())
}

impl Inventory {
    /// These endpoints, and the metadata of the protected resource, if they have a path; `modes` are
    /// what the configuration says of limits, and of budgets for failures.
    pub(crate) fn of(
        endpoints: impl Iterator<Item = &'static Endpoint>,
        metadata: Option<&'static str>,
        modes: ConfiguredModes,
    ) -> Self {
        let rows = endpoints.flat_map(|endpoint| rows(endpoint, modes));
        let mut rows: Vec<Row> = rows.chain(metadata.map(published)).collect();
        rows.sort_by(|a, b| {
            (a.path, &a.method, a.file, a.line).cmp(&(b.path, &b.method, b.file, b.line))
        });
        Self { rows, idle_roles: idle_roles(), authentication_off: Vec::new() }
    }

    /// The same, and what the configuration turns off.
    pub(crate) fn with_authentication_off(
        mut self,
        absent: &[AbsentAuthenticator],
        open: Option<&Open>,
    ) -> Self {
        let open = open.map(|it| AuthenticationOff::Open {
            open_to_everybody_as: it.principal.subject().to_owned(),
            reason: it.reason.clone(),
        });
        let absent = absent.iter().map(|it| AuthenticationOff::Absent {
            absent_authenticator: it.name,
            reason: it.reason.clone(),
        });
        self.authentication_off = open.into_iter().chain(absent).collect();
        self
    }

    /// The roles of the vocabulary (`secure.toml`) that open no endpoint of the program, by themselves or
    /// through a role or permission that they stand for: with one, nobody passes a rule that they would
    /// not pass without it. Rules mention them not at all, or only to forbid them. What expressions ask
    /// of the caller is not seen. `Display` names them below the table, and JSON behind the endpoints.
    #[must_use]
    pub fn idle_roles(&self) -> &[&'static str] {
        &self.idle_roles
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The list as a JSON array of objects: one for each row, and `{"idle_role": "…"}` for each of the
    /// [`idle_roles`](Self::idle_roles), of which only a program with a vocabulary has any. Behind them
    /// stands what turns authentication off: `{"absent_authenticator": "…", "reason": "…"}` for each
    /// [absent](crate::SecurityBuilder::absent) one, and `{"open_to_everybody_as": "…", "reason": "…"}`
    /// for [`open_because`](crate::SecurityBuilder::open_because).
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings and numbers always serialize.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl Serialize for Inventory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        self.rows.iter().try_for_each(|row| list.serialize_element(row))?;
        let mut roles = self.idle_roles.iter();
        roles.try_for_each(|idle_role| list.serialize_element(&IdleRole { idle_role }))?;
        self.authentication_off.iter().try_for_each(|it| list.serialize_element(it))?;
        list.end()
    }
}

fn idle_roles() -> Vec<&'static str> {
    let roles: BTreeSet<&'static str> = ROLES.iter().copied().flatten().copied().collect();
    let is_idle = |role: &&'static str| !endpoints().iter().any(|it| opens(&it.policy.rule, role));
    roles.into_iter().filter(is_idle).collect()
}

fn rows(endpoint: &'static Endpoint, modes: ConfiguredModes) -> Vec<Row> {
    let policy = &endpoint.policy;
    let row = |path, method| Row {
        path,
        method,
        handler: format!("{}::{}", endpoint.module, endpoint.name),
        access: access(policy.access),
        rule: rule(&policy.rule),
        step_up: policy.step_up.map(|it| it.to_string()).unwrap_or_default(),
        callable: policy.callable,
        limits: limits(policy, modes),
        validates: policy.validates,
        validated_by: policy
            .validated_by
            .iter()
            .map(|it| format!("{}: {}", it.parameter, it.extractor))
            .collect(),
        unvalidated: unvalidated(policy),
        max_body: policy.max_body,
        content_type: policy.content_type,
        content_encodings: policy.content_encodings,
        exceptions: policy.exceptions.iter().map(ToString::to_string).collect(),
        file: endpoint.file,
        line: endpoint.line,
    };
    if endpoint.routes.is_empty() {
        return vec![row(None, None)];
    }
    endpoint
        .routes
        .iter()
        .map(|route| row(Some(route.path), Some(route.methods.join(","))))
        .collect()
}

fn unvalidated(policy: &Policy) -> Vec<String> {
    let exempt = policy.unvalidated.iter().map(|it| format!("{}: {}", it.parameter, it.reason));
    let allowed = policy.undecided.iter();
    exempt
        .chain(allowed.map(|name| format!("{name}: the lint `unvalidated-body` allows it")))
        .collect()
}

/// Which bodies are validated, and which are not.
fn validation(row: &Row) -> String {
    let own = row.validates.iter().map(|name| (*name).to_owned());
    let others = row.validated_by.iter().map(|it| it.replacen(": ", " by ", 1));
    let name = |it: &String| it.split(": ").next().unwrap_or_default().to_owned();
    let not = row.unvalidated.iter().map(|it| format!("not {}", name(it)));
    own.chain(others).chain(not).collect::<Vec<_>>().join(", ")
}

fn limits(policy: &Policy, modes: ConfiguredModes) -> Vec<String> {
    let limit = |limit: &Limit| {
        Limit { mode: Some(LimitMode::stricter(limit.mode, modes.limits)), ..*limit }.to_string()
    };
    let budget = |it: &FailureBudget| {
        FailureBudget { mode: Some(LimitMode::stricter(it.mode, modes.failures)), ..*it }
            .to_string()
    };
    let at_once = policy.concurrency.iter().map(|it| {
        Concurrency { mode: Some(LimitMode::stricter(it.mode, modes.limits)), ..*it }.to_string()
    });
    let priority = policy.priority.map(|it| format!("{it} priority"));
    let failures = policy.failures.iter().map(budget);
    let limits = policy.limits.iter().map(limit);
    limits.chain(at_once).chain(failures).chain(priority).collect()
}

/// The row of the metadata of the protected resource.
fn published(path: &'static str) -> Row {
    let reason = "clients learn here where to get a token (RFC 9728)";
    let exception = Exception { key: "public", reason, until: None };
    Row {
        path: Some(path),
        method: Some(String::from("GET")),
        handler: String::from("secure_runtime::ResourceMetadata"),
        access: access(Access::Public),
        rule: String::new(),
        step_up: String::new(),
        callable: false,
        limits: Vec::new(),
        validates: &[],
        validated_by: Vec::new(),
        unvalidated: Vec::new(),
        max_body: None,
        content_type: None,
        content_encodings: &[],
        exceptions: vec![exception.to_string()],
        file: "secure-runtime/src/metadata.rs",
        line: 1,
    }
}

fn access(access: Access) -> String {
    let named = |mode: &str, authenticators| match authenticators {
        Authenticators::Default => mode.to_owned(),
        Authenticators::Any([name]) | Authenticators::All([name]) => format!("{mode} ({name})"),
        Authenticators::Any(names) => format!("{mode} (any of {})", names.join(", ")),
        Authenticators::All(names) => format!("{mode} (all of {})", names.join(", ")),
    };
    match access {
        Access::Public => String::from("public"),
        Access::Optional(authenticators) => named("optional", authenticators),
        Access::Lenient(authenticators) => named("lenient", authenticators),
        Access::Authenticated(authenticators) => named("authenticated", authenticators),
    }
}

/// The rule in the words of `allow`; nothing if there is none.
fn rule(rule: &Rule) -> String {
    if *rule == Rule::All(&[]) { String::new() } else { rule.to_string() }
}

impl fmt::Display for Inventory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = ["METHOD", "PATH", "ACCESS", "RULE", "LIMITS", "VALIDATED", "WHERE"];
        let cells = self.rows.iter().map(|row| {
            let dash =
                |text: &str| if text.is_empty() { String::from("-") } else { text.to_owned() };
            [
                dash(row.method.as_deref().unwrap_or_default()),
                dash(row.path.unwrap_or_default()),
                [&*row.access, &*row.step_up]
                    .into_iter()
                    .filter(|it| !it.is_empty())
                    .collect::<Vec<_>>()
                    .join(", "),
                dash(&row.rule),
                dash(&row.limits.join(", ")),
                dash(&validation(row)),
                format!("{}:{} {}", row.file, row.line, row.handler),
            ]
        });
        let table: Vec<[String; 7]> =
            std::iter::once(header.map(str::to_owned)).chain(cells).collect();
        table::write(formatter, &table)?;
        if !self.idle_roles.is_empty() {
            writeln!(formatter, "\nroles that open no endpoint: {}", self.idle_roles.join(", "))?;
        }
        for off in &self.authentication_off {
            match off {
                AuthenticationOff::Open { open_to_everybody_as: caller, reason } => writeln!(
                    formatter,
                    "\nAUTHENTICATION IS OFF, every request is served as `{caller}`: {reason}"
                )?,
                AuthenticationOff::Absent { absent_authenticator: name, reason } => {
                    writeln!(formatter, "\nabsent authenticator `{name}`: {reason}")?;
                }
            }
        }
        Ok(())
    }
}
