//! The head of a request, as the security core sees it: no body, no framework types in its API.

mod kept_head;

use std::cell::{Ref, RefMut};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::dev::Extensions;
use actix_web::http::header::{AUTHORIZATION, HeaderName};
use actix_web::{HttpMessage, HttpRequest};

pub(crate) use kept_head::{KeptHead, Parameters};

/// A read-only view of a request's head.
///
/// It has no way to the body: what decides before extraction cannot read it.
#[derive(Clone, Copy)]
pub struct RequestHead<'a>(&'a HttpRequest);

impl<'a> RequestHead<'a> {
    pub(crate) fn new(request: &'a HttpRequest) -> Self {
        Self(request)
    }

    /// The first field line of this name, as bytes. `name` is compared without regard to case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.0.headers().get(name).map(|value| value.as_bytes())
    }

    /// Every field line of this name, in the order received.
    pub fn header_lines(&self, name: &str) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.0.headers().get_all(name).map(|value| value.as_bytes())
    }

    /// Every `Authorization` line; its name need not be parsed for each request.
    pub(crate) fn authorization(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.0.headers().get_all(AUTHORIZATION).map(|value| value.as_bytes())
    }

    /// Every field line of this name, which was parsed before.
    pub(crate) fn lines_of(&self, name: &FieldName) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.0.headers().get_all(&name.0).map(|value| value.as_bytes())
    }

    /// The method, `GET`.
    #[must_use]
    pub fn method(&self) -> &'a str {
        self.0.method().as_str()
    }

    /// The path of the request target, not decoded.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.0.path()
    }

    /// The query of the request target without `?`; empty if there is none.
    #[must_use]
    pub fn query(&self) -> &'a str {
        self.0.query_string()
    }
}

/// The name of a header, parsed once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldName(HeaderName);

impl FieldName {
    /// A name of RFC 9110 section 5.1, in whatever case; `None` if it is not one.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        HeaderName::from_bytes(name.as_bytes()).ok().map(Self)
    }

    /// The name in lower case.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Method and path; any header, and the query too, may hold credentials.
impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RequestHead")
            .field("method", &self.method())
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}

/// What is left in a request; `None` while code of the application holds it, as an extractor or a handler
/// that waits may do. What else cannot be asked would panic there.
pub(crate) fn extensions(request: &HttpRequest) -> Option<Ref<'_, Extensions>> {
    catch_unwind(AssertUnwindSafe(|| request.extensions())).ok()
}

/// The same, to leave something there.
pub(crate) fn extensions_mut(request: &HttpRequest) -> Option<RefMut<'_, Extensions>> {
    catch_unwind(AssertUnwindSafe(|| request.extensions_mut())).ok()
}
