//! [`Row`]: the description of one route of an endpoint and its policy.

use crate::policy::{
    Access, Authenticators, Concurrency, Endpoint, Exception, FailureBudget, Limit, Policy, Rule,
};
use crate::throttling::{ConfiguredModes, LimitMode};

/// One route of one endpoint; an endpoint whose routes the attribute could not see has one row
/// without method and path.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Row {
    /// The path template as in the route attribute, without the scopes it is mounted under.
    pub path: Option<&'static str>,
    /// Where the program mounts it, the scopes around it included; empty unless
    /// [`Inventory::mounted`](super::Inventory::mounted) has filled it in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mounted: Vec<String>,
    /// The methods, in upper case, separated by commas.
    pub method: Option<String>,
    /// The function.
    pub handler: String,
    /// The required authentication: `public`, `optional`, `lenient`, `authenticated`, and the authenticators
    /// if the policy names them.
    pub access: String,
    /// The rule in the syntax of `allow`; empty if there is none.
    pub rule: String,
    /// Whether a request that the rule forbids gets 404, as if the resource did not exist.
    pub hides: bool,
    /// The step-up requirement: how, and how long ago, the caller must have signed in; empty if there is
    /// none.
    pub step_up: String,
    /// Whether other code may call the function without the policy.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub callable: bool,
    /// The text of each layer of the policy, the widest first, if there are several: the `secure.toml` about
    /// the handler's file, modules, named policies, the attribute.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub layers: &'static [&'static str],
    /// The policies of the scopes around it, as `path: policy`, the widest first; empty unless
    /// [`Inventory::mounted`](super::Inventory::mounted) has filled it in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scope_policies: Vec<String>,
    /// The actions that the application's own policy must permit; empty if there are none.
    pub actions: Vec<String>,
    /// The rate limits, calendar quotas, concurrency limits and failure budgets.
    pub limits: Vec<String>,
    /// The parameters that are validated.
    pub validates: &'static [&'static str],
    /// The parameters that their extractors validate, as `order: AwebJson`.
    pub validated_by: Vec<String>,
    /// The body parameters that nothing validates before the handler, as `order: the reason`.
    pub unvalidated: Vec<String>,
    /// The largest request body in bytes, if the attribute sets it.
    pub max_body: Option<u64>,
    /// The one media type of the request body, if the attribute sets it.
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

pub(super) fn rows(
    endpoint: &'static Endpoint,
    modes: ConfiguredModes,
    decides_all: bool,
) -> Vec<Row> {
    let policy = &endpoint.policy;
    let row = |path, method| Row {
        path,
        mounted: Vec::new(),
        method,
        handler: endpoint.full_name(),
        access: access(policy.access),
        rule: rule(&policy.rule),
        hides: policy.hides,
        step_up: policy.step_up.map(|it| it.to_string()).unwrap_or_default(),
        callable: policy.callable,
        layers: policy.layers,
        scope_policies: Vec::new(),
        actions: endpoint.actions(decides_all),
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
pub(super) fn published(path: &'static str) -> Row {
    let exception = public("clients learn here where to get a token (RFC 9728)");
    Row {
        path: Some(path),
        method: Some(String::from("GET")),
        ..without_policy("secure_runtime::ResourceMetadata", exception)
    }
}

/// A service without a policy (`public_service!`): its reason, and where it is mounted.
#[doc(hidden)]
#[derive(Debug)]
pub struct PublicServiceRow {
    pub reason: &'static str,
    pub service: &'static str,
    pub module: &'static str,
    pub file: &'static str,
    pub line: u32,
}

/// The row of a service that registers routes of its own.
pub(super) fn public_service(service: &'static PublicServiceRow) -> Row {
    let handler = format!("{}: {}", service.module, service.service);
    Row {
        file: service.file,
        line: service.line,
        ..without_policy(&handler, public(service.reason))
    }
}

fn public(reason: &'static str) -> Exception {
    Exception { key: "public", reason, until: None }
}

fn without_policy(handler: &str, exception: Exception) -> Row {
    Row {
        path: None,
        mounted: Vec::new(),
        method: None,
        handler: handler.to_owned(),
        access: access(Access::Public),
        rule: String::new(),
        hides: false,
        step_up: String::new(),
        callable: false,
        layers: &[],
        scope_policies: Vec::new(),
        actions: Vec::new(),
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

/// The rule in the syntax of `allow`; empty if there is none.
fn rule(rule: &Rule) -> String {
    if *rule == Rule::All(&[]) { String::new() } else { rule.to_string() }
}
