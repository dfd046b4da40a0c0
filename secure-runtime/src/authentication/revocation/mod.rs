//! Revocation lists: credentials that verify, but are rejected because they were revoked.
//!
//! 1. A revocation affects one token (`jti`), one session (`sid`), one subject, an issuer, or everything. For the
//!    last three, it affects what was issued until a time.
//! 2. A revocation takes effect when the call returns, also for cached tokens: a cache hit compares one number to
//!    detect new revocations.
//! 3. Times are whole seconds. A token that was issued in the second of the revocation is revoked.
//! 4. A token that cannot be revoked is rejected: one without `iat` or `exp`, or that lives longer than
//!    revocations are kept.
//! 5. The list is bounded. A revocation that does not fit is replaced by a coarser one, and none is lost.
//! 6. Fail closed: if a shared list (in Redis, feature `redis`) cannot be read, the response is 503.
//!
//! The client receives the same response for a revoked token as for an expired one: 401 `invalid_token`.

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
/// An authenticator with a clone, set by [`Jwt::revocations`](super::Jwt::revocations) or
/// `Introspection::revocations`, rejects revoked tokens from the moment when the revoking call returns. An
/// authenticator of an application calls [`check`](Self::check) for every caller before it accepts it.
///
/// Each method takes the issuer, because the names of subjects, sessions and tokens are unique within it.
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

/// The number of entries in a list of revocations, and its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevocationStatistics {
    /// Tokens, sessions, subjects and issuers that are revoked.
    pub entries: usize,
    /// The maximal number of entries.
    pub capacity: usize,
    /// Revocations that did not fit. Each revoked everything that its issuer had issued until then.
    pub coarse: u64,
    /// Whether the list is up to date: `false` before it was read from its store, and while the store is
    /// unreachable.
    pub is_readable: bool,
}

impl Revocations {
    /// A list of this process, with the defaults of [`RevocationsBuilder`].
    #[must_use]
    pub fn in_memory() -> Self {
        Self::builder().in_memory()
    }

    /// Starts a list with other settings.
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

    /// Revokes the credentials of this caller: the token if it has a `jti`, else the session if it has a
    /// `sid`, else every token of the subject that was issued until then. For a logout endpoint. Credentials
    /// without a time of issue or an end, such as an API key, are [out of reach](RevocationError::OutOfReach).
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

    /// Checks that these credentials are not revoked.
    ///
    /// An [`Authenticator`](super::Authenticator) with a cache calls it at each use. With the same
    /// [`Principal`], that costs one comparison as long as nothing was revoked.
    ///
    /// # Errors
    ///
    /// `invalid_token` for revoked credentials, and for credentials that cannot be revoked: without a time of
    /// issue or an end, or with a longer life than
    /// [`longest_token_life`](RevocationsBuilder::longest_token_life). Unavailable while the list is not up
    /// to date.
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

    /// The number of entries, and the state of the list.
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
