//! Compressed bodies (`Content-Encoding`): refused, unless the endpoint allows the coding; then
//! decoded before an extractor reads them.
//!
//! A few bytes can decode to millions. So `max_body` limits the bytes that arrive, and the decoded
//! bytes as well. A body is decoded a few kilobytes at a time, and only as far as it is read.
//!
//! actix-web's extractors decode a body according to its header, without a limit. So the middleware
//! of every secured scope removes the coding from the header, if an endpoint of the program allows
//! one.

#[cfg(feature = "compression")]
use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_ENCODING;

use crate::denial::Denial;
use crate::pipeline::refused::Refused;
use crate::policy::Policy;

/// A coding that can be decoded.
///
/// Brotli is not supported: a client can make a decoder allocate 16 MiB with a few bytes,
/// regardless of `max_body`. Deflate is not supported because its clients disagree on the format
/// (RFC 9110 section 8.4.1.2), and it does not define whether bytes after its end belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "compression"), expect(dead_code, reason = "nothing decodes them"))]
pub(crate) enum Coding {
    Gzip,
}

/// The coding of the body; `None` if it has none.
///
/// # Errors
///
/// 415, unless the endpoint allows the coding.
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

    /// In the extensions of a request: the coding that was removed from its header.
    struct RemovedCoding(Coding);

    /// Whether an endpoint of the program allows compressed bodies.
    static IS_ASKED_FOR: LazyLock<bool> = LazyLock::new(|| {
        inventory::endpoints().iter().any(|it| !it.policy.content_encodings.is_empty())
    });

    /// Removes a known coding from the header; the pipeline decodes the body. Several codings, and
    /// unknown ones, stay in the header: such a body is refused.
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
        // actix-web panics if a middleware holds a clone of the request.
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

    /// The coding that [`remove_header`] has removed.
    pub(super) fn removed_coding(request: &HttpRequest) -> Option<Coding> {
        request.extensions().get::<RemovedCoding>().map(|removed_coding| removed_coding.0)
    }

    /// The decoded body.
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

    /// How many bytes are decoded before other tasks run and the deadline is checked. Without this,
    /// a body that decodes to nothing would never yield.
    const CHUNK_BYTES: usize = 16 * 1024;

    /// The encoded body, which yields after each chunk.
    struct Coded {
        body: Body,
        /// The rest of the chunk that is being read.
        rest: Bytes,
        /// Whether a chunk was read since the last yield.
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

    /// The body's own error, or a coding error.
    fn error(error: io::Error) -> PayloadError {
        match error.downcast::<PayloadError>() {
            Ok(of_the_body) => of_the_body,
            Err(_) => PayloadError::EncodingCorrupted,
        }
    }
}
