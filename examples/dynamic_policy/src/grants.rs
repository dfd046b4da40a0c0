//! The trait `Grants`, which the three stores of grants (SQLite, Casbin, Cedar) implement.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use secure_runtime::authorization::AccessRequest;

/// The error of a decision or of a change. A decision that fails denies the request.
pub type Failure = Box<dyn Error + Send + Sync>;

/// A boxed future, so that `Grants` can be used as a trait object.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + 'a>>;

/// A grant: the subject may perform the action on the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub subject: String,
    pub action: String,
    pub document: String,
}

/// A store of grants: it is consulted for each request, and can change while the program runs.
pub trait Grants: Send + Sync {
    /// Whether this grant exists.
    fn permits<'a>(&'a self, asked: &'a Grant) -> Answer<'a, bool>;

    /// Adds a grant, or removes it.
    fn change<'a>(&'a self, grant: &'a Grant, is_granted: bool) -> Answer<'a, ()>;
}

impl Grant {
    /// The grant that a request needs; `None` if the request is anonymous or its path has no document.
    pub fn of(asked: &AccessRequest) -> Option<Self> {
        Some(Self {
            subject: asked.caller()?.subject().to_owned(),
            action: asked.action().to_owned(),
            document: asked.parameter("document")?.to_owned(),
        })
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} may {} {}", self.subject, self.action, self.document)
    }
}
