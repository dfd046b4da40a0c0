//! Bodies that are compressed (`Content-Encoding`): refused, unless the endpoint asks for it; then decoded
//! before an extractor reads them.
//!
//! A few bytes may be millions once they are decoded. So what arrives is bounded by `max_body`, and what
//! it is decoded to as well, a few kilobytes at a time: nothing is decoded that is not read.
//!
//! actix-web's extractors decode by themselves what the header says is coded, without a bound. So the
//! middleware of every secured scope takes the coding out of the header, where an endpoint of the program
//! asks for one.

#[cfg(feature = "compression")]
use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_ENCODING;

use crate::denial::Denial;
use crate::pipeline::refused::Refused;
use crate::policy::Policy;

/// How a body may be coded.
///
/// Brotli is left out: a decoder takes 16 MiB for a client that says so in a few bytes, whatever
/// `max_body` is. Deflate is left out because its clients do not agree what it is (RFC 9110 section
/// 8.4.1.2), and nothing says that bytes behind its end belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "compression"), expect(dead_code, reason = "nothing decodes them"))]
pub(crate) enum Coding {
    Gzip,
}

/// The coding of the body; `None`: it has none.
///
/// # Errors
///
/// 415, unless the endpoint asks for the coding.
#[inline]
pub(super) fn check(request: &HttpRequest, policy: &Policy) -> Result<Option<Coding>, Refused> {
    if request.headers().contains_key(CONTENT_ENCODING) { find(request, policy) } else { Ok(None) }
}

#[cold]
fn find(request: &HttpRequest, policy: &Policy) -> Result<Option<Coding>, Refused> {
    if let Some(coding) = removed_coding(request) {
        let is_asked_for = policy.content_encodings.contains(&coding.name());
        return if is_asked_for { Ok(Some(coding)) } else { Err(unsupported(policy)) };
    }
    let is = |name: &str| {
        let mut codings = request.headers().get_all(CONTENT_ENCODING);
        codings.all(|it| it.as_bytes().trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
    };
    if is("identity") {
        return Ok(None);
    }
    let expected = policy.content_encodings;
    Err(match expected.iter().any(|name| is(name)) {
        true => refused(
            "the body was not decoded: the handler is not mounted in `secure_runtime::scope`",
            expected,
        ),
        false => unsupported(policy),
    })
}

fn unsupported(policy: &Policy) -> Refused {
    let cause = "the body's `Content-Encoding` is not one that the endpoint accepts";
    refused(cause, policy.content_encodings)
}

fn refused(cause: &'static str, expected: &'static [&'static str]) -> Refused {
    Box::new(Denial::unsupported_coding(cause, expected))
}

impl Coding {
    #[cfg(feature = "compression")]
    const ALL: [Self; 1] = [Self::Gzip];

    /// Its name in the registry of content codings.
    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
        }
    }
}

#[cfg(not(feature = "compression"))]
fn removed_coding(_: &HttpRequest) -> Option<Coding> {
    None
}

#[cfg(feature = "compression")]
pub(super) use decoding::decoded;
#[cfg(feature = "compression")]
pub(crate) use decoding::remove_header;
#[cfg(feature = "compression")]
use decoding::removed_coding;

#[cfg(feature = "compression")]
mod decoding {
    use std::io;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::pin::Pin;
    use std::sync::LazyLock;
    use std::task::{Context, Poll, ready};

    use actix_web::dev::{Payload as Body, ServiceRequest};
    use actix_web::error::PayloadError;
    use actix_web::http::header::HeaderValue;
    use actix_web::web::Bytes;
    use async_compression::tokio::bufread::GzipDecoder;
    use futures_core::Stream;
    use tokio::io::AsyncRead;
    use tokio_util::io::{ReaderStream, StreamReader};

    use super::{CONTENT_ENCODING, Coding, HttpMessage, HttpRequest};
    use crate::inventory;

    /// Left in a request whose header no longer says how its body is coded.
    struct RemovedCoding(Coding);

    /// Whether an endpoint of the program asks for compressed bodies.
    static IS_ASKED_FOR: LazyLock<bool> = LazyLock::new(|| {
        inventory::endpoints().iter().any(|it| !it.policy.content_encodings.is_empty())
    });

    /// Takes the coding out of the header, for the pipeline to decode the body. Several codings stay, and
    /// unknown ones: nobody decodes them.
    #[inline]
    pub(crate) fn remove_header(request: &mut ServiceRequest) {
        if *IS_ASKED_FOR && request.headers().contains_key(CONTENT_ENCODING) {
            let _ = remove_known(request);
        }
    }

    #[cold]
    fn remove_known(request: &mut ServiceRequest) -> Option<()> {
        let mut lines = request.headers().get_all(CONTENT_ENCODING);
        let (Some(line), None) = (lines.next(), lines.next()) else { return None };
        let coding = named(line.as_bytes().trim_ascii())?;
        // actix-web panics where a middleware around holds a copy of the request.
        let replace = || {
            let identity = HeaderValue::from_static("identity");
            request.headers_mut().insert(CONTENT_ENCODING, identity);
        };
        catch_unwind(AssertUnwindSafe(replace)).ok()?;
        request.extensions_mut().insert(RemovedCoding(coding));
        Some(())
    }

    /// `x-gzip` is `gzip` (RFC 9110 section 8.4.1.3).
    fn named(name: &[u8]) -> Option<Coding> {
        let name = if name.eq_ignore_ascii_case(b"x-gzip") { b"gzip" } else { name };
        Coding::ALL.into_iter().find(|it| name.eq_ignore_ascii_case(it.name().as_bytes()))
    }

    /// What [`take`] has found.
    pub(super) fn removed_coding(request: &HttpRequest) -> Option<Coding> {
        request.extensions().get::<RemovedCoding>().map(|removed_coding| removed_coding.0)
    }

    /// What a coded body is decoded to.
    pub(in crate::pipeline::stages) fn decoded(
        coding: Coding,
        body: Body,
    ) -> impl Stream<Item = Result<Bytes, PayloadError>> + Unpin {
        let coded = StreamReader::new(Coded { body, rest: Bytes::new(), has_read: false });
        match coding {
            Coding::Gzip => {
                let mut decoder = GzipDecoder::new(coded);
                // A gzip body may have several members (RFC 1952 section 2.2).
                decoder.multiple_members(true);
                Decoded(ReaderStream::new(decoder))
            }
        }
    }

    /// What is decoded before others have their turn, and before the time is looked at: a body that is
    /// decoded to nothing ends no turn by itself.
    const CHUNK_BYTES: usize = 16 * 1024;

    /// A body for a reader, a turn at a time.
    struct Coded {
        body: Body,
        /// Of the chunk that is being read.
        rest: Bytes,
        /// Whether this turn has read something.
        has_read: bool,
    }

    impl Stream for Coded {
        type Item = io::Result<Bytes>;

        fn poll_next(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Self::Item>> {
            let this = &mut *self;
            if std::mem::take(&mut this.has_read) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            if this.rest.is_empty() {
                this.rest = match ready!(Pin::new(&mut this.body).poll_next(context)) {
                    Some(Ok(chunk)) => chunk,
                    Some(Err(error)) => return Poll::Ready(Some(Err(io::Error::other(error)))),
                    None => return Poll::Ready(None),
                };
            }
            this.has_read = true;
            let turn = this.rest.len().min(CHUNK_BYTES);
            Poll::Ready(Some(Ok(this.rest.split_to(turn))))
        }
    }

    struct Decoded<R>(ReaderStream<R>);

    impl<R: AsyncRead + Unpin> Stream for Decoded<R> {
        type Item = Result<Bytes, PayloadError>;

        fn poll_next(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Self::Item>> {
            let polled = Pin::new(&mut self.0).poll_next(context);
            polled.map(|chunk| chunk.map(|chunk| chunk.map_err(error)))
        }
    }

    /// The body's own error, or that it is not coded as it says.
    fn error(error: io::Error) -> PayloadError {
        match error.downcast::<PayloadError>() {
            Ok(of_the_body) => of_the_body,
            Err(_) => PayloadError::EncodingCorrupted,
        }
    }
}
