//! Revocation lists: credentials that verify, but are rejected because they were revoked.
//!
//! 1. Revoked is one token (`jti`), one session (`sid`), one subject, an issuer, or everything; the
//!    latter three as far as they were issued until a time.
//! 2. A revocation counts at its return: on tokens that were verified before too, whose hits compare
//!    one number to see that nothing was revoked since.
//! 3. Times are whole seconds and taken widely: what was issued in the very second is revoked.
//! 4. A token that could not be revoked is not accepted: one without `iat` or `exp`, or that lives
//!    longer than revocations are kept.
//! 5. The list is bounded; what does not fit is kept coarsely, and nothing is forgotten.
//! 6. Where the list is shared (in Redis, feature `redis`) and cannot be read, nobody is let through:
//!    503.
//!
//! The client sees a revoked token as it sees an expired one: 401 `invalid_token`.

mod builder;
mod list;
#[cfg(test)]
mod properties;
mod revoked;
#[cfg(feature = "redis")]
mod store;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

pub use builder::RevocationsBuilder;
pub use revoked::{RevocationError, Revoked};
#[cfg(feature = "redis")]
pub use store::InvalidStore;

use list::{Issued, Kept, List, Target, UNREADABLE};

use super::Refusal;
use crate::principal::Principal;
use crate::support::time::Clock;
use crate::support::unix_time::unix_seconds;

/// Revoked tokens, sessions and subjects: a handle that is cheap to clone.
///
/// An authenticator that was given a clone, such as by [`Jwt::revocations`](super::Jwt::revocations)
/// or `Introspection::revocations`, refuses what is revoked from the moment at which the call returns. One of an application asks
/// [`check`](Self::check) about every caller it would accept.
///
/// Each method names the issuer, because subjects, sessions and tokens have their names from it.
///
/// ```
/// use secure_runtime::authentication::{Jwt, Revocations};
///
/// let revocations = Revocations::in_memory();
/// let jwt = Jwt::hs256(b"a secret of 32 bytes or still more").revocations(&revocations);
///
/// # async fn later(revocations: Revocations) -> Result<(), secure_runtime::authentication::RevocationError> {
/// // The password was changed, the account closed: everything issued until now.
/// revocations.revoke_subject("https://issuer.example", "alice").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Revocations(Arc<Inner>);

struct Inner {
    list: List,
    clock: Box<dyn Clock>,
    longest_seconds: u64,
    #[cfg(feature = "redis")]
    store: Option<store::Store>,
}

/// What the list of revocations holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevocationStatistics {
    /// Tokens, sessions, subjects and issuers that are revoked.
    pub entries: usize,
    /// How many of them fit.
    pub capacity: usize,
    /// Revocations that did not fit, and revoked everything of their issuer until their time.
    pub coarse: u64,
    /// Whether the list is complete, as far as anybody can know: not before it was read from its
    /// store, nor while that is out of reach.
    pub is_readable: bool,
}

impl Revocations {
    /// A list of this process, with the defaults of [`RevocationsBuilder`].
    #[must_use]
    pub fn in_memory() -> Self {
        Self::builder().in_memory()
    }

    /// Starts a list with other terms.
    pub fn builder() -> RevocationsBuilder {
        RevocationsBuilder::new()
    }

    /// Revokes one token, by its `jti` (RFC 7519 section 4.1.7): it leaked, or its owner logs out.
    pub fn revoke_token(&self, issuer: &str, token_id: &str) -> Revoked {
        self.revoke(Target::Token(issuer, token_id), Issued::Whenever)
    }

    /// Revokes the tokens of one session, by its `sid` (OpenID Connect Back-Channel Logout 1.0
    /// section 2.1), whenever they were issued.
    ///
    /// Reaches the tokens that carry a `sid`; [`Jwt::require_claim`](super::Jwt::require_claim)
    /// refuses the others.
    pub fn revoke_session(&self, issuer: &str, session: &str) -> Revoked {
        self.revoke(Target::Session(issuer, session), Issued::Whenever)
    }

    /// Revokes every token of one subject that was issued until now: logged out everywhere.
    pub fn revoke_subject(&self, issuer: &str, subject: &str) -> Revoked {
        self.revoke(Target::Subject(issuer, subject), Issued::Until(self.now_seconds()))
    }

    /// Revokes every token of one subject that was issued in the second of this time or before, by the
    /// issuer's clock.
    pub fn revoke_subject_until(&self, issuer: &str, subject: &str, issued: SystemTime) -> Revoked {
        self.revoke(Target::Subject(issuer, subject), Issued::Until(unix_seconds(issued)))
    }

    /// Revokes every token of an issuer that was issued until now: its key leaked.
    pub fn revoke_issuer(&self, issuer: &str) -> Revoked {
        self.revoke(Target::Issuer(issuer), Issued::Until(self.now_seconds()))
    }

    /// Revokes every token of an issuer that was issued in the second of this time or before, by the
    /// issuer's clock.
    pub fn revoke_issuer_until(&self, issuer: &str, issued: SystemTime) -> Revoked {
        self.revoke(Target::Issuer(issuer), Issued::Until(unix_seconds(issued)))
    }

    /// Revokes every token that was issued until now.
    pub fn revoke_everything(&self) -> Revoked {
        self.revoke(Target::Everything, Issued::Until(self.now_seconds()))
    }

    /// Revokes every token that was issued in the second of this time or before.
    pub fn revoke_everything_until(&self, issued: SystemTime) -> Revoked {
        self.revoke(Target::Everything, Issued::Until(unix_seconds(issued)))
    }

    /// Revokes what this caller presented: the token if it has a `jti`, else the session if it has a
    /// `sid`, else every token of the subject that was issued until then. For an endpoint that logs
    /// out. Credentials that do not say when they were issued and when they end, an API key's say, are
    /// [out of reach](RevocationError::OutOfReach).
    ///
    /// ```
    /// use actix_web::{HttpResponse, post, web};
    /// use secure_runtime::authentication::Revocations;
    /// use secure_runtime::{Principal, secure};
    ///
    /// #[secure]
    /// #[post("/logout")]
    /// async fn log_out(caller: Principal, revocations: web::Data<Revocations>) -> HttpResponse {
    ///     match revocations.revoke_caller(&caller).await {
    ///         Ok(()) => HttpResponse::NoContent().finish(),
    ///         Err(_) => HttpResponse::ServiceUnavailable().finish(),
    ///     }
    /// }
    /// ```
    pub fn revoke_caller(&self, caller: &Principal) -> Revoked {
        if caller.issued_at_unix().is_none() || caller.expires_at_unix().is_none() {
            return Revoked::known(Err(RevocationError::OutOfReach));
        }
        let issuer = caller.issuer().unwrap_or_default();
        match (caller.token_id(), caller.session()) {
            (Some(token_id), _) => self.revoke_token(issuer, token_id),
            (None, Some(session)) => self.revoke_session(issuer, session),
            (None, None) => {
                let issued = caller.issued_at_unix().unwrap_or_else(|| self.now_seconds());
                self.revoke(Target::Subject(issuer, caller.subject()), Issued::Until(issued))
            }
        }
    }

    /// Whether these credentials still count.
    ///
    /// An [`Authenticator`](super::Authenticator) that keeps what it verified asks again at each
    /// use; with the same [`Principal`] that costs a comparison, as long as nothing was revoked.
    ///
    /// # Errors
    ///
    /// `invalid_token` for what is revoked, and for what could not be: credentials that do not say
    /// when they were issued and when they end, or that live longer than
    /// [`longest_token_life`](RevocationsBuilder::longest_token_life). Unavailable while nobody
    /// knows what is revoked.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use secure_runtime::Principal;
    /// use secure_runtime::authentication::Revocations;
    ///
    /// let revocations = Revocations::in_memory();
    /// let now = SystemTime::now();
    /// let caller = Principal::builder("alice").issuer("shop").issued_at(now);
    /// let caller = caller.expires_at(now + Duration::from_secs(600)).build();
    /// assert!(revocations.check(&caller).is_ok());
    ///
    /// drop(revocations.revoke_subject_until("shop", "alice", now));
    /// assert!(revocations.check(&caller).is_err());
    /// ```
    #[inline]
    pub fn check(&self, caller: &Principal) -> Result<(), Refusal> {
        let version = self.0.list.version();
        if caller.is_cleared_at(version) {
            return Ok(());
        }
        self.look_up(caller, version).map_err(Refusal::from)
    }

    /// What the list holds.
    #[must_use]
    pub fn statistics(&self) -> RevocationStatistics {
        let (entries, coarse) = self.0.list.count();
        RevocationStatistics {
            entries,
            capacity: self.0.list.capacity(),
            coarse,
            is_readable: self.0.list.version() != UNREADABLE,
        }
    }

    /// Out of line: most of the time nothing was revoked since.
    #[inline(never)]
    fn look_up(&self, caller: &Principal, version: u64) -> Result<(), Uncleared> {
        if version == UNREADABLE {
            return Err(Uncleared::Unreadable);
        }
        let (Some(issued_at), Some(expires_at)) =
            (caller.issued_at_unix(), caller.expires_at_unix())
        else {
            return Err(Uncleared::Undated);
        };
        if expires_at.saturating_sub(issued_at) > self.0.longest_seconds {
            return Err(Uncleared::LivesTooLong);
        }
        let issuer = caller.issuer().unwrap_or_default();
        let targets = [
            Some(Target::Issuer(issuer)),
            Some(Target::Subject(issuer, caller.subject())),
            caller.token_id().map(|id| Target::Token(issuer, id)),
            caller.session().map(|id| Target::Session(issuer, id)),
        ];
        if self.0.list.holds(issued_at, targets.into_iter().flatten()) {
            return Err(Uncleared::Revoked);
        }
        caller.clear_at(version);
        Ok(())
    }

    fn revoke(&self, target: Target<'_>, issued: Issued) -> Revoked {
        if issued.is_ahead_of(self.now_seconds()) {
            return Revoked::known(Err(RevocationError::InTheFuture));
        }
        self.0.keep(target, issued);
        #[cfg(feature = "redis")]
        if let Some(store) = &self.0.store {
            return store.add(target, issued);
        }
        Revoked::known(Ok(()))
    }

    fn now_seconds(&self) -> u64 {
        self.0.clock.now().unix_seconds()
    }
}

impl Inner {
    /// Revokes in this process.
    fn keep(&self, target: Target<'_>, issued: Issued) {
        if self.list.add(target, issued, self.clock.now()) == Kept::Coarsely {
            tracing::error!(
                "the list of revocations is full: everything that the issuer has issued until now, \
                 on a clock that may be ahead, is revoked instead"
            );
        }
    }
}

/// Why credentials do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Uncleared {
    Revoked,
    Undated,
    LivesTooLong,
    Unreadable,
}

impl From<Uncleared> for Refusal {
    fn from(uncleared: Uncleared) -> Self {
        match uncleared {
            Uncleared::Revoked => Self::invalid_token("the token was revoked"),
            Uncleared::Undated => Self::invalid_token(
                "the token could not be revoked: it does not say when it was issued and when it ends",
            ),
            Uncleared::LivesTooLong => Self::invalid_token(
                "the token lives longer than revocations are kept: see `longest_token_life`",
            ),
            Uncleared::Unreadable => Self::unavailable("nobody knows now what is revoked"),
        }
    }
}

/// How full it is, and no name of anybody.
impl fmt::Debug for Revocations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Revocations").field("statistics", &self.statistics()).finish()
    }
}
