//! The head of a request: a read-only view without the body and without framework types.

mod cookies;
mod kept_head;
mod origin;

use std::borrow::Cow;
use std::cell::{Ref, RefMut};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::dev::Extensions;
use actix_web::http::header::{AUTHORIZATION, HeaderName};
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};

pub(crate) use cookies::cookies;
pub(crate) use kept_head::{KeptHead, Parameters};
pub(crate) use origin::is_origin;

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

    /// A value of the request's extensions: what a middleware of the application has left there.
    ///
    /// `None` too while code of the application holds the extensions mutably. The value is borrowed:
    /// keep it no longer than it is needed.
    #[must_use]
    pub fn extension<T: 'static>(&self) -> Option<Ref<'a, T>> {
        Ref::filter_map(extensions(self.0)?, |extensions| extensions.get()).ok()
    }

    /// A value of the application, from the nearest `app_data` that has one: a `T`, or a `web::Data<T>`.
    #[must_use]
    pub fn app_data<T: 'static>(&self) -> Option<&'a T> {
        let wrapped = || self.0.app_data::<Data<T>>().map(|data| &***data);
        self.0.app_data::<T>().or_else(wrapped)
    }

    /// A segment of the path by its name in the route's template, percent-decoded as `web::Path` does it:
    /// once, and what is not UTF-8 becomes U+FFFD.
    ///
    /// ```
    /// use secure_runtime::testing::with_request;
    ///
    /// // Without a route there is none.
    /// with_request(&[], |request| assert_eq!(request.path_parameter("id"), None));
    /// ```
    #[must_use]
    pub fn path_parameter(&self, name: &str) -> Option<Cow<'a, str>> {
        self.0.match_info().get(name).map(percent_decoded)
    }

    /// What `HttpServer::on_connect` has kept about the connection: the client's certificate, say.
    #[must_use]
    pub fn connection<T: 'static>(&self) -> Option<&'a T> {
        self.0.conn_data()
    }

    /// The request of actix-web, for what this crate knows of it.
    pub(crate) fn inner(&self) -> &'a HttpRequest {
        self.0
    }
}

/// Escapes that are none stay as they are.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let (mut decoded, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |place| char::from(*after.get(place)?).to_digit(16);
        match (digit(0), digit(1)) {
            (Some(high), Some(low)) if byte == b'%' => {
                decoded.push((high * 16 + low) as u8);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                decoded.push(byte);
                rest = after;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
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

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use actix_web::dev::Payload;
    use actix_web::test::TestRequest;
    use actix_web::{FromRequest, web};

    use super::*;

    #[test]
    fn a_path_parameter_is_decoded_as_the_extractor_does() {
        for text in ["plain", "a%20b", "%C3%A9", "%ff", "100%", "%zz", "%2", "%25%32%35", "%+1", ""]
        {
            let request = TestRequest::default().param("id", text).to_http_request();
            let head = RequestHead::new(&request);
            let mut path = web::Path::<String>::from_request(&request, &mut Payload::None);
            let context = &mut Context::from_waker(Waker::noop());
            let Poll::Ready(Ok(path)) = Pin::new(&mut path).poll(context) else { panic!("{text}") };
            assert_eq!(head.path_parameter("id").as_deref(), Some(path.as_str()), "{text}");
            assert_eq!(head.path_parameter("other"), None);
        }
    }

    #[test]
    fn extensions_are_found_by_type_unless_something_holds_them() {
        let request = TestRequest::default().to_http_request();
        request.extensions_mut().insert(7_u32);
        let head = RequestHead::new(&request);
        assert_eq!(head.extension::<u32>().map(|found| *found), Some(7));
        assert!(head.extension::<u64>().is_none());
        let held = request.extensions_mut();
        assert!(head.extension::<u32>().is_none());
        drop(held);
        assert!(head.extension::<u32>().is_some());
    }

    #[test]
    fn application_data_is_found_bare_and_as_data() {
        let request = TestRequest::default()
            .app_data(7_u32)
            .app_data(web::Data::new("text"))
            .to_http_request();
        let head = RequestHead::new(&request);
        assert_eq!(head.app_data::<u32>(), Some(&7));
        assert_eq!(head.app_data::<&str>(), Some(&"text"));
        assert_eq!(head.app_data::<u64>(), None);
    }
}
