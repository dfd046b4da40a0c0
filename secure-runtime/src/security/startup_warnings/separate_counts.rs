//! Startup warning: limits by tenant or principal beside authenticators of which some have an issuer and
//! others have not. A tenant that uses both gets its limit twice.

use std::collections::BTreeSet;

use crate::plan::{Mode, Plan};
use crate::policy::Partition;
use crate::security::Security;

/// The same security, whose endpoints of that kind the log has named.
pub(in crate::security) fn told(security: Security) -> Security {
    let plans = security.0.plans.iter().flatten();
    let apart: Vec<(&Plan, Vec<&str>)> =
        plans.map(|plan| (plan, without_issuer(plan))).filter(|it| !it.1.is_empty()).collect();
    if !apart.is_empty() {
        let names: BTreeSet<&str> = apart.iter().flat_map(|(_, names)| names).copied().collect();
        let endpoints: Vec<String> = apart.iter().map(|(plan, _)| plan.title()).collect();
        tracing::warn!(
            authenticators = Vec::from_iter(names).join(", "),
            endpoints = endpoints.join(", "),
            "callers of these authenticators have no issuer, and limits by tenant or principal count them \
             apart from the same ones with a token: set `issuer` in the records of the API keys"
        );
    }
    security
}

/// The authenticators of an endpoint that name no issuer, where others do and a limit tells the two apart.
fn without_issuer(plan: &Plan) -> Vec<&'static str> {
    let authentication = &plan.authentication;
    let policy = &plan.endpoint.policy;
    let at_once = policy.concurrency.iter().map(|it| it.by);
    let mut counted = policy.limits.iter().map(|limit| limit.by).chain(at_once);
    let counts =
        counted.any(|by| by.asks_for(Partition::Tenant) || by.asks_for(Partition::Principal));
    if !counts || !matches!(authentication.mode, Mode::Any { .. }) {
        return Vec::new();
    }
    let named = || authentication.names.iter().zip(&authentication.authenticators);
    let some_do = named().any(|(_, it)| it.capabilities().all_name_issuers() == Some(true));
    let without =
        named().filter(|(_, it)| some_do && it.capabilities().all_name_issuers() == Some(false));
    without.map(|(name, _)| *name).collect()
}
