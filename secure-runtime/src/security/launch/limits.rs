//! Startup checks of limits: what they count by is known, and the settings that they need are there.

use super::{Configuration, Named, naming};
use crate::authentication::Capabilities;
use crate::plan::LaunchFaultKind;
use crate::policy::{Endpoint, Partition};
use crate::throttling::AddressGroups;

impl Configuration {
    /// Authenticators report what limits count by. Without a tenant in the token, a limit by tenant would
    /// silently become one by principal.
    pub(super) fn check_limits(
        &mut self,
        endpoint: &'static Endpoint,
        authenticators: &[Named],
        has_tier_function: bool,
    ) {
        let Endpoint { name, module, .. } = endpoint;
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
            self.faults.add_at(endpoint, LaunchFaultKind::MissingCapability, &format!(
                "a limit of `{module}::{name}` counts by API key, and none of its authenticators \
                 takes any"
            ));
        }
        for (authenticator, it) in naming {
            let mut lacks =
                |what: &str| {
                    self.faults.add_at(endpoint, LaunchFaultKind::MissingCapability, &format!(
                    "the limits of `{module}::{name}` depend on the caller's {what}, and the \
                     authenticator `{authenticator}` was not told where it stands: add \
                     `.{what}_claim(…)`; an authenticator of your own announces it with \
                     `Capabilities::names_{what}s`"
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

    /// Permits that were counted in a store are not given back after the response.
    #[cfg(feature = "redis")]
    pub(super) fn check_refunds(&mut self, endpoint: &'static Endpoint) {
        let Endpoint { name, module, policy, .. } = endpoint;
        if policy.limits.iter().any(|limit| limit.refunds) {
            self.faults.add_at(endpoint, LaunchFaultKind::InvalidSetting, &format!(
                "a limit of `{module}::{name}` says `refund = 5xx`, which is not there for limits that \
                 instances count together: leave out one of `refund` and `.shared_limits(…)`"
            ));
        }
    }

    /// A priority has an effect only with `max_in_flight`.
    pub(super) fn check_priority(
        &mut self,
        endpoint: &'static Endpoint,
        max_in_flight: Option<usize>,
    ) {
        let Endpoint { name, module, policy, .. } = endpoint;
        if let (Some(priority), None) = (policy.priority, max_in_flight) {
            self.faults.add_at(endpoint, LaunchFaultKind::MissingSetting, &format!(
                "`{module}::{name}` has the priority `{priority}`, and nothing bounds how many requests \
                 are served: add `.max_in_flight(…)`"
            ));
        }
    }

    /// This build decodes the `content_encoding` of the endpoint.
    pub(super) fn check_codings(&mut self, endpoint: &'static Endpoint) {
        let Endpoint { name, module, policy, .. } = endpoint;
        if !policy.content_encodings.is_empty() && cfg!(not(feature = "compression")) {
            self.faults.add_at(
                endpoint,
                LaunchFaultKind::MissingFeature,
                &format!(
                    "`{module}::{name}` has a `content_encoding`: add the feature `compression` of \
                 `secure-runtime`"
                ),
            );
        }
    }

    /// Prefixes are in the range of an address.
    pub(super) fn check_address_groups(&mut self, ipv4: u8, ipv6: u8) -> AddressGroups {
        for (key, prefix, most) in [("ipv4_prefix", ipv4, 32), ("ipv6_prefix", ipv6, 128)] {
            if prefix == 0 || prefix > most {
                self.faults.add(
                    LaunchFaultKind::InvalidSetting,
                    format!("`{key}` expects 1 to {most} bits, found {prefix}"),
                );
            }
        }
        AddressGroups::new(ipv4, ipv6)
    }
}
