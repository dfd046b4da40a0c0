//! Startup checks of `action`: a function for the application's own policy is configured, and it is used.

use super::Configuration;
use crate::plan::LaunchFaultKind;
use crate::policy::Endpoint;
use crate::security::decisions::DecisionSettings;

impl Configuration {
    /// The actions of an endpoint. If there are any, `.decide(…)` must be configured.
    pub(super) fn check_actions(
        &mut self,
        endpoint: Option<&'static Endpoint>,
        settings: &DecisionSettings,
    ) -> Vec<String> {
        let Some(endpoint) = endpoint else { return Vec::new() };
        let Endpoint { name, module, policy, .. } = endpoint;
        let actions = endpoint.actions(settings.asks_all);
        if policy.actions.is_some() && settings.function.is_none() {
            let actions: Vec<String> = actions.iter().map(|it| format!("{it:?}")).collect();
            self.faults.add_at(
                endpoint,
                LaunchFaultKind::MissingSetting,
                &format!(
                    "`{module}::{name}` has the action {}, and nothing decides about it: add \
                 `.decide(…)`",
                    actions.join(" and ")
                ),
            );
        }
        actions
    }

    /// A policy that never runs would look like protection.
    pub(super) fn check_decisions(&mut self, settings: &DecisionSettings, actions: &[Vec<String>]) {
        let DecisionSettings { function, asks_all, cached } = settings;
        if function.is_some() && actions.iter().all(Vec::is_empty) {
            let add = if *asks_all {
                "every endpoint is `public`"
            } else {
                "add the key `action` to some, or `.decide_all()`"
            };
            self.faults.add(
                LaunchFaultKind::InvalidSetting,
                format!("`decide` is asked about no endpoint: {add}"),
            );
        }
        if function.is_none() && *asks_all {
            self.faults.add(
                LaunchFaultKind::MissingSetting,
                "`decide_all` expects a policy to ask: add `.decide(…)`",
            );
        }
        let Some((lifetime, capacity)) = cached else { return };
        if function.is_none() {
            self.faults.add(
                LaunchFaultKind::MissingSetting,
                "`decide_cached` expects a policy to ask: add `.decide(…)`",
            );
        }
        if lifetime.is_zero() {
            self.faults.add(
                LaunchFaultKind::InvalidSetting,
                "`decide_cached` expects a time above zero, found none",
            );
        }
        if *capacity == 0 {
            self.faults.add(
                LaunchFaultKind::InvalidSetting,
                "`decide_cached` expects at least 1 answer, found 0",
            );
        }
    }
}
