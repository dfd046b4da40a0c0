//! Rejected credentials: the cause, and the response.

use std::sync::Arc;

use crate::denial::Denial;

/// Rejected credentials, or an authenticator that cannot decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub(crate) code: RefusalCode,
    /// For the log only.
    pub(crate) cause: Arc<str>,
    /// For the client.
    pub(crate) detail: Option<Arc<str>>,
    is_decided: bool,
}

/// What a [`Refusal`] becomes: an error of RFC 6750 section 3.1, or another status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalCode {
    /// 400 `invalid_request`: the credentials are not even well-formed, or sent twice.
    InvalidRequest,
    /// 401 `invalid_token`: expired, revoked, malformed, forged or not meant for this service.
    InvalidToken,
    /// 403: the credentials are good, and their owner may not use the service: a locked user.
    Forbidden,
    /// 503: the authenticator cannot decide now.
    Unavailable,
}

impl Refusal {
    fn new(code: RefusalCode, cause: Arc<str>) -> Self {
        Self { code, cause, detail: None, is_decided: false }
    }

    /// The request itself is malformed: several credentials, an unusable header.
    #[must_use = "a refusal has no effect until it is returned"]
    pub fn invalid_request(cause: impl Into<Arc<str>>) -> Self {
        Self::new(RefusalCode::InvalidRequest, cause.into())
    }

    /// The credentials are expired, revoked, malformed, forged or meant for somebody else.
    ///
    /// `cause` goes to the log and never to the client; it must not contain the credentials.
    #[must_use = "a refusal has no effect until it is returned"]
    pub fn invalid_token(cause: impl Into<Arc<str>>) -> Self {
        Self::new(RefusalCode::InvalidToken, cause.into())
    }

    /// The credentials are good, but the caller may not use the service at all: a locked user, or one that has
    /// not accepted the terms. Permissions for single endpoints belong into their rules.
    ///
    /// ```
    /// use secure_runtime::authentication::Refusal;
    ///
    /// let refusal = Refusal::forbidden("user 7 is locked since May").with_detail("your account is locked");
    /// ```
    #[must_use = "a refusal has no effect until it is returned"]
    pub fn forbidden(cause: impl Into<Arc<str>>) -> Self {
        Self::new(RefusalCode::Forbidden, cause.into())
    }

    /// Sets a sentence that the client receives.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Arc<str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The authenticator cannot decide now: 503.
    #[must_use = "a refusal has no effect until it is returned"]
    pub fn unavailable(cause: impl Into<Arc<str>>) -> Self {
        Self::new(RefusalCode::Unavailable, cause.into())
    }

    /// Marks that the credentials were for this authenticator, because they contain its issuer for example.
    /// If an endpoint accepts any of several authenticators, the response and the log then have this refusal,
    /// even if another authenticator could not decide; unless that one marked its refusal as well.
    ///
    /// ```
    /// use secure_runtime::authentication::Refusal;
    ///
    /// let refusal = Refusal::invalid_token("the ticket has expired").decided();
    /// ```
    #[must_use]
    pub fn decided(mut self) -> Self {
        self.is_decided = true;
        self
    }

    /// Whether the credentials were for this authenticator.
    #[must_use]
    pub fn is_decided(&self) -> bool {
        self.is_decided
    }

    /// The error code for the client.
    #[must_use]
    pub fn code(&self) -> RefusalCode {
        self.code
    }

    /// The cause, for logs and tests.
    #[must_use]
    pub fn cause(&self) -> &str {
        &self.cause
    }
}

/// A 401 is [`Refusal::invalid_token`], a 403 or 404 [`Refusal::forbidden`], a 400
/// [`Refusal::invalid_request`]; everything else is [`Refusal::unavailable`], as it says nothing about the
/// credentials.
impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        let code = match denial.kind().status() {
            400 => RefusalCode::InvalidRequest,
            401 => RefusalCode::InvalidToken,
            403 | 404 => RefusalCode::Forbidden,
            _ => RefusalCode::Unavailable,
        };
        let detail = denial.detail().map(Arc::from);
        Self { detail, ..Self::new(code, denial.cause().into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::denial::DenialKind;

    #[test]
    fn a_denial_is_a_refusal_of_its_status_or_says_nothing_about_the_credentials() {
        for (kind, expected) in [
            (DenialKind::InvalidToken, RefusalCode::InvalidToken),
            (DenialKind::Unauthenticated, RefusalCode::InvalidToken),
            (DenialKind::Forbidden, RefusalCode::Forbidden),
            (DenialKind::NotFound, RefusalCode::Forbidden),
            (DenialKind::InvalidCredentials, RefusalCode::InvalidRequest),
            (DenialKind::Internal, RefusalCode::Unavailable),
            (DenialKind::Throttled, RefusalCode::Unavailable),
            (DenialKind::Unavailable, RefusalCode::Unavailable),
        ] {
            let refusal = Refusal::from(Denial::new(kind, "cause").with_detail("detail"));
            let found = (refusal.code(), refusal.cause(), refusal.detail.as_deref());
            assert_eq!(found, (expected, "cause", Some("detail")));
        }
    }
}
