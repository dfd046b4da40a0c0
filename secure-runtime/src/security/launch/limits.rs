//! What limits need at launch: callers to count by, tiers, places.

use super::{Configuration, Named, naming};
use crate::authentication::Capabilities;
use crate::policy::{Endpoint, Partition};
use crate::throttling::AddressGroups;

impl Configuration {
    /// What limits count by is known of every caller: a token that names no tenant where none is
    /// looked for would make a limit of the tenant one of the principal.
    pub(super) fn check_limits(
        &mut self,
        endpoint: &'static Endpoint,
        authenticators: &[Named],
        has_tier_function: bool,
    ) {
        let Endpoint { name, module, file, line, .. } = endpoint;
        let limits = endpoint.policy.limits;
        let asks_for = |wanted: Partition| {
            let at_once = endpoint.policy.concurrency.iter().map(|it| it.by);
            limits.iter().map(|limit| limit.by).chain(at_once).any(|by| by.asks_for(wanted))
        };
        let by_tenant = asks_for(Partition::Tenant);
        let by_tier =
            !has_tier_function && limits.iter().any(|limit| limit.audience.tier().is_some());
        let naming = naming(endpoint, authenticators);
        let by_api_key = asks_for(Partition::ApiKey);
        if by_api_key
            && !naming.is_empty()
            && !naming.iter().any(|(_, it)| it.capabilities().api_keys)
        {
            self.faults.push(format!(
                "a limit of `{module}::{name}` counts by API key, and none of its authenticators \
                 takes any ({file}:{line})"
            ));
        }
        for (authenticator, it) in naming {
            let mut lacks = |what: &str| {
                self.faults.push(format!(
                    "the limits of `{module}::{name}` depend on the caller's {what}, and the \
                     authenticator `{authenticator}` was not told where it stands: add \
                     `.{what}_claim(…)`; an authenticator of your own announces it with \
                     `Capabilities::names_{what}s` ({file}:{line})"
                ));
            };
            let Capabilities { tenants, tiers, .. } = it.capabilities();
            if by_tenant && !tenants {
                lacks("tenant");
            }
            if by_tier && !tiers {
                lacks("tier");
            }
        }
    }

    /// What a store has counted is not given back after the response.
    #[cfg(feature = "redis")]
    pub(super) fn check_refunds(&mut self, endpoint: &'static Endpoint) {
        let Endpoint { name, module, file, line, policy, .. } = endpoint;
        if policy.limits.iter().any(|limit| limit.refunds) {
            self.faults.push(format!(
                "a limit of `{module}::{name}` says `refund = 5xx`, which is not there for limits that \
                 instances count together: leave out one of `refund` and `.shared_limits(…)` \
                 ({file}:{line})"
            ));
        }
    }

    /// A priority matters where somebody has to be turned away.
    pub(super) fn check_priority(
        &mut self,
        endpoint: &'static Endpoint,
        max_in_flight: Option<usize>,
    ) {
        let Endpoint { name, module, file, line, policy, .. } = endpoint;
        if let (Some(priority), None) = (policy.priority, max_in_flight) {
            self.faults.push(format!(
                "`{module}::{name}` has the priority `{priority}`, and nothing bounds how many requests \
                 are served: add `.max_in_flight(…)` ({file}:{line})"
            ));
        }
    }

    /// Whether this build of the library decodes what the endpoint asks for.
    pub(super) fn check_codings(&mut self, endpoint: &'static Endpoint) {
        let Endpoint { name, module, file, line, policy, .. } = endpoint;
        if !policy.content_encodings.is_empty() && cfg!(not(feature = "compression")) {
            self.faults.push(format!(
                "`{module}::{name}` has a `content_encoding`: add the feature `compression` of \
                 `secure-runtime` ({file}:{line})"
            ));
        }
    }

    /// Prefixes that an address can have.
    pub(super) fn check_address_groups(&mut self, ipv4: u8, ipv6: u8) -> AddressGroups {
        for (key, prefix, most) in [("ipv4_prefix", ipv4, 32), ("ipv6_prefix", ipv6, 128)] {
            if prefix == 0 || prefix > most {
                self.faults.push(format!("`{key}` expects 1 to {most} bits, found {prefix}"));
            }
        }
        AddressGroups::new(ipv4, ipv6)
    }
}
