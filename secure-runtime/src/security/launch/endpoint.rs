//! The startup checks of one endpoint: its policy can be read, and its authenticators provide what it depends on.

use std::sync::Arc;

use super::{Configuration, Named, naming, needs_all, wanted};
use crate::authorization::{AcceptedBy, is_zone};
use crate::inventory::modules_around;
use crate::plan::LaunchFaultKind;
use crate::plan::faults::Faults;
use crate::policy::{Authenticators, Endpoint, Rule};
use crate::support::time_zone;

impl Configuration {
    /// The attribute and the runtime must be of one version.
    pub(super) fn check_readable(&mut self, endpoint: &'static Endpoint) {
        let Endpoint { name, module, is_readable, .. } = endpoint;
        if !is_readable {
            self.faults.add_at(
                endpoint,
                LaunchFaultKind::InvalidPolicy,
                &format!(
                    "the policy of `{module}::{name}` cannot be read: `secure-macros` and \
                 `secure-runtime` are of different versions"
                ),
            );
        }
    }

    /// The authenticators of an endpoint (`auth`). A missing one is a fault.
    pub(super) fn authenticators_of(&mut self, endpoint: &'static Endpoint) -> Vec<Named> {
        let Some(wanted) = wanted(endpoint).filter(|_| !self.is_open) else { return Vec::new() };
        let Endpoint { name, module, .. } = endpoint;
        match wanted {
            Authenticators::Default => {
                if self.defaults.is_empty() && !self.broken_defaults {
                    self.faults.add_at(endpoint, LaunchFaultKind::MissingAuthenticator, &format!(
                        "`{module}::{name}` needs a default authenticator, and none is configured: \
                         add `.authenticator(...)`{}",
                        self.only_named()
                    ));
                }
                self.defaults.clone()
            }
            Authenticators::Any(names) | Authenticators::All(names) => {
                let mut found = Vec::new();
                for wanted in names {
                    match self.by_name.get_key_value(*wanted) {
                        Some((name, authenticator)) => {
                            found.push((*name, Arc::clone(authenticator)));
                        }
                        None if self.broken.iter().any(|broken| broken == wanted) => {}
                        None if self.absent.contains_key(*wanted) => {}
                        None => self.faults.add_at(endpoint, LaunchFaultKind::MissingAuthenticator, &format!(
                            "`{module}::{name}` needs the authenticator `{wanted}`, which is not \
                             configured{}{}",
                            self.configured(),
                            self.answers
                        )),
                    }
                }
                found
            }
        }
    }

    /// The policy of a module is part of every endpoint in it. The attribute cannot see handlers that another
    /// macro or the body of a function writes, or its own attribute under another name.
    pub(super) fn check_layers(&mut self, endpoint: &'static Endpoint) {
        let Endpoint { name, module, policy, .. } = endpoint;
        if modules_around(module).count() != policy.modules {
            let outer = modules_around(module).last().unwrap_or_default();
            self.faults.add_at(endpoint, LaunchFaultKind::InvalidPolicy, &format!(
                "`{module}::{name}` stands in `{outer}`, and the policy of that module does not see it: \
                 write it there by itself, not by another macro, in a function or under another \
                 name of `#[secure]`, or outside of the module"
            ));
        }
    }

    /// Everything that a rule mentions exists. An authenticator that the endpoint does not use, or an unknown
    /// time zone, would refuse every request.
    pub(super) fn check_rule(&mut self, endpoint: &'static Endpoint, authenticators: &[Named]) {
        let Endpoint { name, module, .. } = endpoint;
        if authenticators.len() > AcceptedBy::MOST {
            let most = AcceptedBy::MOST;
            self.faults.add_at(
                endpoint,
                LaunchFaultKind::InvalidPolicy,
                &format!("`{module}::{name}` is to ask more than {most} authenticators"),
            );
        }
        let mut faults = Faults::default();
        endpoint.policy.rule.each_leaf(&mut |leaf| match leaf {
            Rule::Authenticator(wanted)
                if !self.is_open
                    && !self.absent.contains_key(*wanted)
                    && !authenticators.iter().any(|(known, _)| **known == **wanted)
                    && !self.broken.iter().any(|broken| broken == wanted) =>
            {
                faults.add_at(endpoint, LaunchFaultKind::MissingAuthenticator, &format!(
                    "the rule of `{module}::{name}` asks about the authenticator `{wanted}`, which \
                     the endpoint does not use{}",
                    self.configured()
                ));
            }
            Rule::Time(_) if !time_zone::IS_KNOWN => faults.add_at(
                endpoint,
                LaunchFaultKind::MissingFeature,
                &format!(
                    "`time in …` in the rule of `{module}::{name}` {}",
                    time_zone::MISSING_FEATURE
                ),
            ),
            Rule::Time(hours) if !is_zone(hours.zone) => faults.add_at(
                endpoint,
                LaunchFaultKind::InvalidPolicy,
                &format!(
                    "the rule of `{module}::{name}` needs the time zone `{}`, which is not known",
                    hours.zone
                ),
            ),
            _ => {}
        });
        self.faults.append(faults);
    }

    /// Some authenticator reports how and when a caller signed in. Otherwise the endpoint would send every
    /// caller back to sign in.
    pub(super) fn check_step_up(&mut self, endpoint: &'static Endpoint, authenticators: &[Named]) {
        let Endpoint { name, module, policy, .. } = endpoint;
        let Some(demanded) = policy.step_up else { return };
        let mut naming = naming(endpoint, authenticators).iter().peekable();
        if naming.peek().is_some() && !naming.any(|(_, it)| it.capabilities().sign_in) {
            self.faults.add_at(endpoint, LaunchFaultKind::MissingCapability, &format!(
                "`{module}::{name}` demands `{demanded}`, and none of its authenticators can tell \
                 how and when a caller signed in: an authenticator of your own announces it with \
                 `Capabilities::names_sign_in`"
            ));
        }
    }

    /// A revoked token is refused by every authenticator that might accept it. With `any(…)`, a token that
    /// one refuses is passed to the next.
    pub(super) fn check_revocations(
        &mut self,
        endpoint: &'static Endpoint,
        authenticators: &[Named],
    ) {
        let Endpoint { name, module, .. } = endpoint;
        if needs_all(endpoint) {
            return;
        }
        let announced: Vec<_> =
            authenticators.iter().map(|(name, it)| (name, it.capabilities())).collect();
        for (careless, it) in announced.iter().filter(|(_, it)| !it.revocations) {
            let Some(issuer) = &it.issuer else { continue };
            let careful = announced
                .iter()
                .find(|(_, other)| other.issuer.as_ref() == Some(issuer) && other.revocations);
            if let Some((careful, _)) = careful {
                self.faults.add_at(endpoint, LaunchFaultKind::MissingCapability, &format!(
                    "`{module}::{name}` accepts tokens of `{issuer}` from `{careful}`, which asks a list \
                     of revocations, and from `{careless}`, which does not: add \
                     `.revocations(…)`"
                ));
            }
        }
    }
}
