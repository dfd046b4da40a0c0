//! Startup warning: `failures` beside an authenticator whose token cache is off. During a ban of an address
//! no token is verified, so one client with bad credentials would block all others at that address.

use std::collections::BTreeSet;

use crate::plan::Plan;
use crate::security::Security;

/// The same security, whose endpoints of that kind the log has named.
pub(in crate::security) fn told(security: Security) -> Security {
    let plans = || security.0.plans.iter().flatten();
    let forgetful: BTreeSet<&str> = plans().flat_map(forgetful_of).collect();
    if !forgetful.is_empty() {
        let endpoints: Vec<_> =
            plans().filter(|plan| forgetful_of(plan).next().is_some()).map(Plan::title).collect();
        tracing::warn!(
            authenticators = Vec::from_iter(forgetful).join(", "),
            endpoints = endpoints.join(", "),
            "verified tokens are not remembered (`cache_capacity_bytes(0)`), so a ban by `failures` refuses \
             good tokens from the same address as well"
        );
    }
    security
}

/// The authenticators of an endpoint with a budget of its own whose cache of tokens is turned off.
fn forgetful_of(plan: &Plan) -> impl Iterator<Item = &'static str> + use<'_> {
    let has_budget = plan.failures.iter().any(|budget| budget.is_own());
    let authentication = &plan.authentication;
    let named = authentication.names.iter().zip(&authentication.authenticators);
    named.filter_map(move |(name, authenticator)| {
        let cache = authenticator.token_cache_statistics().filter(|_| has_budget)?;
        (cache.max_bytes == 0).then_some(*name)
    })
}
