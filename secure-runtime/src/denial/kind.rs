//! The outcomes of a refused request that a client can tell apart.

/// One row for each kind: its description, its name, its status and its title.
macro_rules! kinds {
    ($($(#[$documentation:meta])* $name:ident = $status:literal $title:literal,)*) => {
        /// The outcomes a client can tell apart.
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

            /// The status phrase of RFC 9110 section 15 (RFC 6585 for 428 and 429).
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
    /// 401 `invalid_token`: the credentials are not good.
    InvalidToken = 401 "Unauthorized",
    /// 401 `insufficient_user_authentication`: the caller has to sign in again, by better means or
    /// just now (RFC 9470 section 3).
    InsufficientAuthentication = 401 "Unauthorized",
    /// 403: the caller may not do this.
    Forbidden = 403 "Forbidden",
    /// 403 `insufficient_scope`: a token with more scope could do this.
    InsufficientScope = 403 "Forbidden",
    /// 404: a path segment does not name anything this endpoint knows.
    NotFound = 404 "Not Found",
    /// 406: the application has no representation that the client accepts.
    NotAcceptable = 406 "Not Acceptable",
    /// 408: the body did not arrive in time.
    Timeout = 408 "Request Timeout",
    /// 409: the request conflicts with the state of what it is about.
    Conflict = 409 "Conflict",
    /// 410: what was there is gone for good.
    Gone = 410 "Gone",
    /// 412: a precondition of the request, such as `If-Match`, does not hold.
    PreconditionFailed = 412 "Precondition Failed",
    /// 413: the body is larger than allowed.
    TooLarge = 413 "Content Too Large",
    /// 415: the body's media type is not one the endpoint reads.
    UnsupportedMediaType = 415 "Unsupported Media Type",
    /// 422: the content breaks validation rules.
    Invalid = 422 "Unprocessable Content",
    /// 426: the endpoint speaks WebSocket only (RFC 9110 section 15.5.22).
    UpgradeRequired = 426 "Upgrade Required",
    /// 428: the request has to be conditional (RFC 6585 section 3).
    PreconditionRequired = 428 "Precondition Required",
    /// 429: a limit is used up.
    Throttled = 429 "Too Many Requests",
    /// 500: something on this side is wrong, and the request was refused because of it.
    Internal = 500 "Internal Server Error",
    /// 503: something this endpoint needs is not there now.
    Unavailable = 503 "Service Unavailable",
}

impl DenialKind {
    /// The error code of RFC 6750 section 3.1, where the kind has one.
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

    /// The kind that an application's error of this status is refused as; `None` if there is none.
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
