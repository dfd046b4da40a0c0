//! What actions need at launch: something that decides about them.

use super::Configuration;
use crate::policy::Endpoint;
use crate::security::decisions::DecisionSettings;

impl Configuration {
    /// The actions of an endpoint; where there are some, something decides about them.
    pub(super) fn check_actions(
        &mut self,
        endpoint: Option<&'static Endpoint>,
        settings: &DecisionSettings,
    ) -> Vec<String> {
        let Some(endpoint) = endpoint else { return Vec::new() };
        let Endpoint { name, module, file, line, policy, .. } = endpoint;
        let actions = endpoint.actions(settings.asks_all);
        if policy.actions.is_some() && settings.function.is_none() {
            let actions: Vec<String> = actions.iter().map(|it| format!("{it:?}")).collect();
            self.faults.push(format!(
                "`{module}::{name}` has the action {}, and nothing decides about it: add \
                 `.decide(…)` ({file}:{line})",
                actions.join(" and ")
            ));
        }
        actions
    }

    /// A policy that is never asked looks like one that protects.
    pub(super) fn check_decisions(&mut self, settings: &DecisionSettings, actions: &[Vec<String>]) {
        let DecisionSettings { function, asks_all, cached } = settings;
        if function.is_some() && actions.iter().all(Vec::is_empty) {
            let add = if *asks_all {
                "every endpoint is `public`"
            } else {
                "add the key `action` to some, or `.decide_all()`"
            };
            self.faults.push(format!("`decide` is asked about no endpoint: {add}"));
        }
        if function.is_none() && *asks_all {
            self.faults.push("`decide_all` expects a policy to ask: add `.decide(…)`".to_owned());
        }
        let Some((lifetime, capacity)) = cached else { return };
        if function.is_none() {
            self.faults
                .push("`decide_cached` expects a policy to ask: add `.decide(…)`".to_owned());
        }
        if lifetime.is_zero() {
            self.faults.push("`decide_cached` expects a time above zero, found none".to_owned());
        }
        if *capacity == 0 {
            self.faults.push("`decide_cached` expects at least 1 answer, found 0".to_owned());
        }
    }
}
