//! The request to the application's own policy, and its decision.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use crate::principal::Principal;
use crate::request::{KeptHead, Parameters, RequestHead};

/// One request to the function of [`SecurityBuilder::decide`](crate::SecurityBuilder::decide): may this caller
/// perform this action here?
///
/// The resource is in the path: its [parameters](Self::parameter), with the [template](Self::template) of the
/// route. The body has not been read, and nothing has been loaded.
pub struct AccessRequest {
    caller: Option<Principal>,
    action: Arc<str>,
    parameters: Parameters,
    head: KeptHead,
    is_about_head: Cell<bool>,
}

impl AccessRequest {
    pub(crate) fn new(
        caller: Option<Principal>,
        action: Arc<str>,
        parameters: Parameters,
        head: KeptHead,
    ) -> Self {
        Self { caller, action, parameters, head, is_about_head: Cell::new(false) }
    }

    /// The caller; `None` for an anonymous request (`auth = optional`).
    #[must_use]
    pub fn caller(&self) -> Option<&Principal> {
        self.caller.as_ref()
    }

    /// The name of the action: that of the key `action`, or the handler's with its module,
    /// `shop::secrets::list`.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The value of the path segment with this name, decoded as [`web::Path`](actix_web::web::Path)
    /// decodes it for the handler. `None` if no segment has the name, and if several have: a scope's and
    /// the route's, say.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut named = self.parameters().filter(|(known, _)| *known == name);
        let (_, value) = named.next()?;
        named.next().is_none().then_some(value)
    }

    /// All named segments of the path with their values, those of scopes first.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The method, `GET`.
    #[must_use]
    pub fn method(&self) -> &str {
        self.head.head().method()
    }

    /// The path of the request, not decoded.
    #[must_use]
    pub fn path(&self) -> &str {
        self.head.head().path()
    }

    /// The template that the path matched, with those of the scopes around it: `/shops/{shop}/orders/{id}`.
    #[must_use]
    pub fn template(&self) -> Option<String> {
        self.head.template()
    }

    /// The whole head of the request: headers and the query.
    ///
    /// A decision that was made after this call is not
    /// [cached](crate::SecurityBuilder::decide_cached), because the next request of this caller may
    /// have other headers.
    #[must_use]
    pub fn head(&self) -> RequestHead<'_> {
        self.is_about_head.set(true);
        self.head.head()
    }

    /// Whether the decision may depend on headers or the query.
    pub(crate) fn is_about_head(&self) -> bool {
        self.is_about_head.get()
    }
}

/// Headers and the query may hold credentials.
impl fmt::Debug for AccessRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AccessRequest")
            .field("caller", &self.caller)
            .field("action", &self.action)
            .field("method", &self.method())
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

/// The decision of an application's own policy: made from a `bool`, or with a cause and a detail.
///
/// ```
/// use secure_runtime::authorization::AccessDecision;
///
/// assert!(AccessDecision::from(true).is_permitted());
/// let closed = AccessDecision::forbid()
///     .because("the shop of the order is closed")
///     .with_detail("this shop takes no orders now");
/// assert!(!closed.is_permitted());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessDecision {
    is_permitted: bool,
    reason: Option<Cow<'static, str>>,
    detail: Option<Cow<'static, str>>,
}

impl AccessDecision {
    /// The request goes on.
    #[must_use]
    pub fn permit() -> Self {
        Self { is_permitted: true, reason: None, detail: None }
    }

    /// The request is refused: 403, or 404 with the key `hide`; 401 where the caller is anonymous.
    #[must_use]
    pub fn forbid() -> Self {
        Self { is_permitted: false, ..Self::permit() }
    }

    /// Adds the cause of a denial, for the log; clients never receive it.
    #[must_use]
    pub fn because(self, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }

    /// Adds a sentence to a denial for the client, the `detail` of the problem. With `hide` it is left out.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// Whether the request goes on.
    #[must_use]
    pub fn is_permitted(&self) -> bool {
        self.is_permitted
    }

    pub(crate) fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    pub(crate) fn detail(&self) -> Option<Cow<'static, str>> {
        self.detail.clone()
    }
}

impl From<bool> for AccessDecision {
    fn from(is_permitted: bool) -> Self {
        Self { is_permitted, ..Self::permit() }
    }
}

/// What the function of [`SecurityBuilder::decide`](crate::SecurityBuilder::decide) may return: a `bool`,
/// an [`AccessDecision`], or a `Result` of one of them with an error that can be printed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no answer to an access request",
    label = "expected `bool`, `AccessDecision`, or a `Result` of one of them"
)]
pub trait IntoAccessDecision {
    /// The answer.
    ///
    /// # Errors
    ///
    /// The reason why there is no decision, for the log: the response is 503.
    fn into_access_decision(self) -> Result<AccessDecision, String>;
}

impl IntoAccessDecision for bool {
    fn into_access_decision(self) -> Result<AccessDecision, String> {
        Ok(self.into())
    }
}

impl IntoAccessDecision for AccessDecision {
    fn into_access_decision(self) -> Result<AccessDecision, String> {
        Ok(self)
    }
}

impl<T: Into<AccessDecision>, E: fmt::Display> IntoAccessDecision for Result<T, E> {
    fn into_access_decision(self) -> Result<AccessDecision, String> {
        self.map(Into::into).map_err(|error| error.to_string())
    }
}
