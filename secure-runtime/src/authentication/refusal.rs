//! Why credentials were not accepted.

use std::sync::Arc;

/// Why credentials were not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub(crate) code: RefusalCode,
    /// For the log only.
    pub(crate) cause: Arc<str>,
    is_decided: bool,
}

/// The error of RFC 6750 section 3.1 that a [`Refusal`] becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalCode {
    /// 400 `invalid_request`: the credentials are not even well-formed, or sent twice.
    InvalidRequest,
    /// 401 `invalid_token`: expired, revoked, malformed, forged or not meant for this service.
    InvalidToken,
    /// 503: nobody can say now.
    Unavailable,
}

impl Refusal {
    fn new(code: RefusalCode, cause: Arc<str>) -> Self {
        Self { code, cause, is_decided: false }
    }

    /// The request itself is malformed: several credentials, an unusable header.
    pub fn invalid_request(cause: impl Into<Arc<str>>) -> Self {
        Self::new(RefusalCode::InvalidRequest, cause.into())
    }

    /// The credentials are expired, revoked, malformed, forged or meant for somebody else.
    ///
    /// `cause` goes to the log and never to the client; it must not contain the credentials.
    pub fn invalid_token(cause: impl Into<Arc<str>>) -> Self {
        Self::new(RefusalCode::InvalidToken, cause.into())
    }

    /// The credentials cannot be judged now.
    pub fn unavailable(cause: impl Into<Arc<str>>) -> Self {
        Self::new(RefusalCode::Unavailable, cause.into())
    }

    /// This authenticator is the one that the credentials were for, because they name its issuer,
    /// say. Where an endpoint accepts any of several, this refusal is then what the client and the log
    /// are told, whatever the others say, even if one of them cannot judge now: unless that one says
    /// that the credentials were for it, too.
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

    /// Whether the authenticator is the one that the credentials were for.
    #[must_use]
    pub fn is_decided(&self) -> bool {
        self.is_decided
    }

    /// Which error the client sees.
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
