//! The effect of turning authentication off on each endpoint, and its warnings at startup.

use super::{Configuration, Named, wanted};
use crate::plan::Mode;
use crate::policy::{Authenticators, Endpoint};
use crate::security::{AbsentAuthenticator, Security};

impl Configuration {
    /// How the principal of an endpoint is found with these authenticators.
    pub(super) fn mode_of(&self, endpoint: &Endpoint, authenticators: &[Named]) -> Mode {
        let mode = Mode::of(endpoint.policy.access);
        let (Authenticators::Any(names) | Authenticators::All(names)) = (match wanted(endpoint) {
            None => return mode,
            Some(_) if self.is_open => return Mode::Open,
            Some(wanted) => wanted,
        }) else {
            return mode;
        };
        let needs_all = matches!(mode, Mode::All { .. });
        let lacks_one = names.iter().any(|name| self.absent.contains_key(*name));
        match (mode, lacks_one) {
            // Callers may be anonymous in any case.
            (Mode::Any { required: false } | Mode::All { required: false }, _) => mode,
            (_, true) if needs_all || authenticators.is_empty() => Mode::Closed,
            _ => mode,
        }
    }

    /// The authenticators that are turned off. Their names live as long as the program.
    pub(super) fn absent_authenticators(&mut self) -> Vec<AbsentAuthenticator> {
        let absent = std::mem::take(&mut self.absent).into_iter();
        absent.map(|(name, reason)| AbsentAuthenticator { name: name.leak(), reason }).collect()
    }
}

impl Security {
    /// Logs the authentication that is off.
    pub(super) fn warn_of_authentication_that_is_off(&self) {
        if let Some(open) = &self.0.open {
            open.warn_at_startup();
        }
        for AbsentAuthenticator { name, reason } in &self.0.absent {
            tracing::warn!(authenticator = name, reason, "an authenticator is absent");
        }
    }
}
