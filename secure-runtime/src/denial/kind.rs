//! [`DenialKind`]: the kinds of refusals that a client can tell apart, with status and title.

/// One row per kind: its description, its name, its status and its title.
macro_rules! kinds {
    ($($(#[$documentation:meta])* $name:ident = $status:literal $title:literal,)*) => {
        /// The kind of a refusal, as the client can tell it apart: its HTTP status, its title and,
        /// for some, an error code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum DenialKind {
            $($(#[$documentation])* $name,)*
        }

        impl DenialKind {
            /// Every kind, in the order of the status codes.
            ///
            /// ```
            /// use secure_runtime::DenialKind;
            ///
            /// assert!(DenialKind::all().all(|kind| (400..600).contains(&kind.status())));
            /// ```
            pub fn all() -> impl Iterator<Item = Self> {
                [$(Self::$name),*].into_iter()
            }

            /// The HTTP status code.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The status phrase of RFC 9110 section 15 (RFC 6585 for 428 and 429): the `title` of
            /// the problem.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

kinds! {
    /// 400: the request cannot be read.
    Malformed = 400 "Bad Request",
    /// 400 `invalid_request`: the credentials are malformed or sent twice (RFC 6750 section 3.1).
    InvalidCredentials = 400 "Bad Request",
    /// 401: no credentials were sent.
    Unauthenticated = 401 "Unauthorized",
    /// 401 `invalid_token`: the credentials are not valid.
    InvalidToken = 401 "Unauthorized",
    /// 401 `insufficient_user_authentication`: the caller must sign in again, with a stronger
    /// method or more recently (RFC 9470 section 3).
    InsufficientAuthentication = 401 "Unauthorized",
    /// 403: the caller may not do this.
    Forbidden = 403 "Forbidden",
    /// 403 `insufficient_scope`: a token with more scopes would be permitted.
    InsufficientScope = 403 "Forbidden",
    /// 404: nothing exists at the path, or the endpoint hides it.
    NotFound = 404 "Not Found",
    /// 406: the application has no representation that the client accepts.
    NotAcceptable = 406 "Not Acceptable",
    /// 408: the body did not arrive in time.
    Timeout = 408 "Request Timeout",
    /// 409: the request conflicts with the state of the resource.
    Conflict = 409 "Conflict",
    /// 410: the resource was removed permanently.
    Gone = 410 "Gone",
    /// 412: a precondition of the request, such as `If-Match`, does not hold.
    PreconditionFailed = 412 "Precondition Failed",
    /// 413: the body is larger than allowed.
    TooLarge = 413 "Content Too Large",
    /// 415: the endpoint does not read the body's media type.
    UnsupportedMediaType = 415 "Unsupported Media Type",
    /// 422: the content breaks validation rules.
    Invalid = 422 "Unprocessable Content",
    /// 426: the endpoint speaks WebSocket only (RFC 9110 section 15.5.22).
    UpgradeRequired = 426 "Upgrade Required",
    /// 428: the request must be conditional (RFC 6585 section 3).
    PreconditionRequired = 428 "Precondition Required",
    /// 429: a limit is used up.
    Throttled = 429 "Too Many Requests",
    /// 500: a fault of the server, because of which the request was refused.
    Internal = 500 "Internal Server Error",
    /// 503: a service that the endpoint needs is unavailable.
    Unavailable = 503 "Service Unavailable",
}

impl DenialKind {
    /// The error code of RFC 6750 section 3.1, or of RFC 9470 section 3, if the kind has one.
    #[must_use]
    pub const fn error_code(self) -> Option<&'static str> {
        match self {
            Self::InvalidCredentials => Some("invalid_request"),
            Self::InvalidToken => Some("invalid_token"),
            Self::InsufficientAuthentication => Some("insufficient_user_authentication"),
            Self::InsufficientScope => Some("insufficient_scope"),
            _ => None,
        }
    }

    /// The kind for an application's error of this status; `None` if there is none.
    pub(crate) fn of_status(status: u16) -> Option<Self> {
        Self::all().find(|kind| kind.status() == status)
    }
}

#[cfg(test)]
mod tests {
    use super::DenialKind;

    #[test]
    fn a_status_stands_for_the_plain_kind() {
        for kind in DenialKind::all() {
            let plain = DenialKind::of_status(kind.status()).unwrap();
            assert_eq!((plain.status(), plain.error_code()), (kind.status(), None));
        }
        assert_eq!(DenialKind::of_status(418), None);
        assert!(DenialKind::all().is_sorted_by_key(DenialKind::status));
    }
}
