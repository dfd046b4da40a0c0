//! Settings of the builder that turn authentication off: absent authenticators, and the open mode for
//! development.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use super::SecurityBuilder;
use crate::inventory::AuthenticationOff;
use crate::principal::Principal;
use crate::support::time::Moment;

/// The open mode: every request has this principal, without credentials.
pub(crate) struct Open {
    pub(crate) principal: Principal,
    pub(crate) reason: String,
    /// When the next warning is due, in monotonic nanoseconds.
    due: AtomicU64,
}

/// An authenticator that endpoints name and that the configuration has turned off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AbsentAuthenticator {
    pub(crate) name: &'static str,
    pub(crate) reason: String,
}

/// The entries of the inventory for authentication that is off.
pub(super) fn authentication_off(
    absent: &[AbsentAuthenticator],
    open: Option<&Open>,
) -> Vec<AuthenticationOff> {
    let open = open.map(|it| AuthenticationOff::Open {
        open_to_everybody_as: it.principal.subject().to_owned(),
        reason: it.reason.clone(),
    });
    let absent = absent.iter().map(|it| AuthenticationOff::Absent {
        absent_authenticator: it.name,
        reason: it.reason.clone(),
    });
    open.into_iter().chain(absent).collect()
}

/// The settings that turn authentication off.
#[derive(Default)]
pub(super) struct Development {
    pub(super) absent: Vec<(String, String)>,
    open: Option<(String, Principal)>,
    opens_in_release: bool,
}

/// The time between two warnings of the open mode.
const LINE_EVERY_NANOS: u64 = 60_000_000_000;

impl SecurityBuilder {
    /// Turns an authenticator off, with the reason. Endpoints may still name it.
    ///
    /// 1. An endpoint with `auth = any(…)` accepts the credentials of the other authenticators.
    /// 2. An endpoint that needs it (`auth = oidc`, `all(…)`, or `any(…)` of absent ones alone) answers every
    ///    request with 503. It is not 401, because no credentials would help.
    /// 3. In a rule, `authenticator("oidc")` is false.
    /// 4. Startup logs a warning, and the [inventory](crate::Security::inventory) has an entry.
    ///
    /// Endpoints without `auth` still need a default authenticator.
    ///
    /// ```
    /// use secure_runtime::{Security, authentication::Jwt};
    ///
    /// let mut builder = Security::builder();
    /// builder = match std::env::var("OIDC_ISSUER") {
    ///     Ok(issuer) => {
    ///         builder.named_authenticator("oidc", Jwt::discover(&issuer).audience("shop"))
    ///     }
    ///     Err(_) => builder.absent("oidc", "OIDC_ISSUER is not set"),
    /// };
    /// # drop(builder);
    /// ```
    pub fn absent(mut self, name: impl Into<String>, reason: impl Into<String>) -> Self {
        self.development.absent.push((name.into(), reason.into()));
        self
    }

    /// **Serves every request as this principal, without credentials**: for development, while there is no
    /// identity provider.
    ///
    /// Every endpoint that is not `public` has this caller, regardless of the request's credentials. Rules,
    /// limits and validation stay in force. No authenticator is called, and none needs to be configured. A
    /// warning is logged at startup, and once a minute while requests arrive; the
    /// [inventory](crate::Security::inventory) has an entry.
    ///
    /// A program without `debug_assertions`, as `cargo build --release` builds it, does not start in this
    /// mode unless [`dangerously_open_in_release`](Self::dangerously_open_in_release) is set as well.
    ///
    /// ```
    /// use secure_runtime::{Principal, Security};
    ///
    /// let developer = Principal::builder("developer").role("admin").build();
    /// let builder = Security::builder().open_because("no master key is set", developer);
    /// # drop(builder);
    /// ```
    pub fn open_because(mut self, reason: impl Into<String>, principal: Principal) -> Self {
        self.development.open = Some((reason.into(), principal));
        self
    }

    /// Allows [`open_because`](Self::open_because) in a release build. Only for a machine that nobody else
    /// can reach.
    pub fn dangerously_open_in_release(mut self) -> Self {
        self.development.opens_in_release = true;
        self
    }
}

impl Development {
    /// The open mode, if it is configured.
    pub(super) fn open(&mut self, faults: &mut Vec<String>) -> Option<Open> {
        let is_release = cfg!(not(debug_assertions));
        let (reason, principal) = self.open.take()?;
        if reason.trim().is_empty() {
            faults.push("`open_because` expects a reason, found an empty one".to_owned());
        }
        faults.extend(release_fault(is_release, self.opens_in_release));
        Some(Open {
            principal: principal.accepted_by("open_because"),
            reason,
            due: AtomicU64::new(0),
        })
    }

    /// The authenticators that are turned off, with the reason, by name.
    pub(super) fn absent(&mut self, faults: &mut Vec<String>) -> BTreeMap<String, String> {
        let mut absent = BTreeMap::new();
        for (name, reason) in self.absent.drain(..) {
            if reason.trim().is_empty() {
                let fault = format!("`absent(\"{name}\", …)` expects a reason, found an empty one");
                faults.push(fault);
            }
            if absent.insert(name.clone(), reason).is_some() {
                faults.push(format!("two authenticators are named `{name}`, and both are absent"));
            }
        }
        absent
    }
}

fn release_fault(is_release: bool, is_allowed: bool) -> Option<String> {
    (is_release && !is_allowed).then(|| {
        "`open_because` lets everybody in, and this is a release build: configure an authenticator, \
         or add `.dangerously_open_in_release()`"
            .to_owned()
    })
}

impl Open {
    /// Logs at startup that authentication is off.
    pub(in crate::security) fn warn_at_startup(&self) {
        let (reason, caller) = (self.reason.as_str(), self.principal.subject());
        tracing::warn!(
            reason,
            caller,
            "authentication is off: every request is served as this caller"
        );
    }

    /// Logs it again, once a minute.
    #[inline]
    pub(crate) fn warn(&self, now: Moment) {
        let (now, due) = (now.monotonic_nanos(), self.due.load(Ordering::Relaxed));
        let next = now.saturating_add(LINE_EVERY_NANOS);
        let claim =
            || self.due.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if now >= due && claim() {
            let (reason, caller) = (self.reason.as_str(), self.principal.subject());
            tracing::warn!(
                reason,
                caller,
                "authentication is off, and a request is served as this caller (once a minute)"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_build_is_open_only_if_it_says_so() {
        assert!(release_fault(true, false).is_some());
        assert_eq!(release_fault(true, true), None);
        assert_eq!(release_fault(false, false), None);
    }
}
