//! Where grants are kept: what the three engines have in common.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use secure_runtime::authorization::AccessRequest;

/// Why nothing was decided, or changed.
pub type Failure = Box<dyn Error + Send + Sync>;

/// An answer that takes a while.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + 'a>>;

/// Who may do what to which document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub subject: String,
    pub action: String,
    pub document: String,
}

/// What decides: asked about each request, and changed while the program runs.
pub trait Grants: Send + Sync {
    /// Whether there is such a grant.
    fn permits<'a>(&'a self, asked: &'a Grant) -> Answer<'a, bool>;

    /// Adds a grant, or takes it away.
    fn change<'a>(&'a self, grant: &'a Grant, is_granted: bool) -> Answer<'a, ()>;
}

impl Grant {
    /// What a request asks for; `None` where there is no caller, or no document in the path.
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
