//! The place of credentials in a request, before they are verified.

use crate::request::RequestHead;

/// The place of the credentials of one scheme in a request.
///
/// Credentials in the same place are one credential, which several authenticators may understand.
/// An endpoint that accepts any of several schemes rejects a request with credentials in two places, because
/// it is ambiguous (RFC 6750 section 2).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Presented<'a> {
    /// Nowhere.
    Absent,
    /// In the header field of this name.
    Header(&'a str),
    /// In the query's parameter of this name.
    Query(&'a str),
    /// In the cookie of this name. A browser adds it to every request, so other credentials are allowed
    /// beside it.
    Cookie(&'a str),
    /// With the connection, like a client certificate. Other credentials are allowed beside it.
    Connection,
}

impl<'a> Presented<'a> {
    /// In the header field of this name, if the request has it.
    ///
    /// ```
    /// use secure_runtime::authentication::Presented;
    /// use secure_runtime::testing::with_request;
    ///
    /// with_request(&[("x-device", "d1")], |request| {
    ///     assert!(matches!(Presented::by_header(request, "x-device"), Presented::Header("x-device")));
    ///     assert!(matches!(Presented::by_header(request, "x-other"), Presented::Absent));
    /// });
    /// ```
    #[must_use]
    pub fn by_header(request: &RequestHead<'_>, name: &'a str) -> Self {
        request.header(name).map_or(Self::Absent, |_| Self::Header(name))
    }

    /// Whether both say where credentials are, and it is not the same place.
    pub(crate) fn conflicts_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Absent | Self::Connection | Self::Cookie(_), _)
            | (_, Self::Absent | Self::Connection | Self::Cookie(_)) => false,
            (Self::Header(one), Self::Header(other)) => !one.eq_ignore_ascii_case(other),
            (Self::Query(one), Self::Query(other)) => one != other,
            (Self::Header(_), Self::Query(_)) | (Self::Query(_), Self::Header(_)) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_places_conflict_and_one_does_not() {
        let conflict = |one: Presented<'_>, other: Presented<'_>, expected| {
            assert_eq!(one.conflicts_with(&other), expected, "{one:?} {other:?}");
            assert_eq!(other.conflicts_with(&one), expected, "{other:?} {one:?}");
        };
        conflict(Presented::Header("authorization"), Presented::Header("Authorization"), false);
        conflict(Presented::Header("authorization"), Presented::Header("x-api-key"), true);
        conflict(Presented::Header("key"), Presented::Query("key"), true);
        conflict(Presented::Query("key"), Presented::Query("key"), false);
        conflict(Presented::Query("key"), Presented::Query("Key"), true);
        conflict(Presented::Header("key"), Presented::Absent, false);
        conflict(Presented::Header("key"), Presented::Connection, false);
        conflict(Presented::Connection, Presented::Absent, false);
        conflict(Presented::Header("authorization"), Presented::Cookie("session"), false);
    }
}
