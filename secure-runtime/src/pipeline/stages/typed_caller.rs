//! [`Caller`]: the caller as a type of the application.

use std::any::type_name;
use std::fmt;
use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::caller::extract_caller;
use crate::denial::Denial;
use crate::principal::Principal;

/// The caller as a type of the application: a handler's parameter, and an operand of rules.
///
/// The value is the one that the authenticator, or its [enrichment](crate::authentication::Enrich),
/// added with [`PrincipalBuilder::extension`](crate::PrincipalBuilder::extension). It is loaded at
/// most once per request, before any rule. It is shared, so extracting it copies a pointer. A
/// `Caller` derefs to its value; [`principal`](Self::principal) has the subject, roles and scopes.
///
/// | the request | `Caller<T>` | `Option<Caller<T>>` |
/// |---|---|---|
/// | has a caller with a `T` | the value | `Some` |
/// | has no caller (`auth = optional`) | 401 | `None` |
/// | has a caller without a `T` | 500, and an error in the log | `None`, and an error in the log |
///
/// A rule that mentions it is decided before the request's body is read, because the caller is
/// known by then:
///
/// ```standalone_crate
/// use actix_web::{delete, web};
/// use secure_runtime::{Caller, secure};
///
/// struct User { moderates: Vec<u32> }
///
/// impl User {
///     fn is_moderator_of(&self, forum: u32) -> bool {
///         self.moderates.contains(&forum)
///     }
/// }
///
/// #[secure(allow = user.is_moderator_of(**forum), rate = "100/h")]
/// #[delete("/forums/{forum}/posts")]
/// async fn purge(forum: web::Path<u32>, user: Caller<User>) -> String {
///     format!("{} purged forum {forum}", user.principal().subject())
/// }
/// ```
pub struct Caller<T> {
    principal: Principal,
    value: Arc<T>,
}

impl<T> Caller<T> {
    /// The authenticated caller: subject, roles, scopes.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The shared value, for a task that outlives the request.
    #[must_use]
    pub fn into_inner(self) -> Arc<T> {
        self.value
    }
}

impl<T> Deref for Caller<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Copies a pointer.
impl<T> Clone for Caller<T> {
    fn clone(&self) -> Self {
        Self { principal: self.principal.clone(), value: Arc::clone(&self.value) }
    }
}

/// Prints only the principal, because the value may contain data that must not be logged.
impl<T> fmt::Debug for Caller<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Caller").field("principal", &self.principal).finish_non_exhaustive()
    }
}

impl<T: Send + Sync + 'static> FromRequest for Caller<T> {
    type Error = Denial;
    type Future = Ready<Result<Self, Denial>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(extract_caller(request, "Caller").and_then(|principal| match principal.shared() {
            Some(value) => Ok(Self { principal, value }),
            None => Err(without_value::<T>()),
        }))
    }
}

/// Logged here as well, because an `Option<Caller<T>>` drops the error.
#[cold]
fn without_value<T>() -> Denial {
    let wanted = type_name::<T>();
    let cause = format!(
        "the handler asks for `Caller<{wanted}>`, and the caller's principal has no extension of \
         that type: its authenticator, or the enrichment of it, adds one with \
         `PrincipalBuilder::extension`"
    );
    tracing::error!(cause, "a principal has no extension of the type that `Caller<T>` needs");
    Denial::internal(cause)
}
