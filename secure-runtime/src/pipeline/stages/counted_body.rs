//! A body whose values are counted on its way to an extractor, where its content is validated.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::dev::Payload as Body;
use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_ENCODING;
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest};
use futures_core::Stream;

use crate::validation::{BodyValues, ValueCount};

/// Where the count of a body is found once it was read.
struct Counted(Rc<Cell<BodyValues>>);

/// What was counted of the request's body; nothing, where nothing had to be.
pub(in crate::pipeline) fn counted(request: &HttpRequest) -> BodyValues {
    request.extensions().get::<Counted>().map(|counted| counted.0.get()).unwrap_or_default()
}

/// Whether a body may have more than so many values. One of a length that the server itself enforces
/// has no more values than bytes.
pub(in crate::pipeline) fn may_have_more(
    most: usize,
    (body, announced): (&Body, Option<u64>),
    request: &HttpRequest,
) -> bool {
    let is_enforced = !matches!(body, Body::Stream { .. });
    let is_short = announced.and_then(|length| usize::try_from(length).ok()) <= Some(most);
    !(is_enforced && announced.is_some() && is_short) || is_compressed(request)
}

/// Has the values of a body counted while an extractor reads it.
pub(in crate::pipeline) fn count(request: &HttpRequest, body: &mut Body, most: usize) {
    let is_compressed = is_compressed(request);
    let values = Rc::new(Cell::new(BodyValues { is_compressed, ..BodyValues::default() }));
    request.extensions_mut().insert(Counted(Rc::clone(&values)));
    let counting =
        Counting { body: body.take(), most, count: ValueCount::default(), values, is_compressed };
    *body = Body::Stream { payload: Box::pin(counting) };
}

/// Whether an extractor may decompress the body: how large it becomes cannot be seen here.
fn is_compressed(request: &HttpRequest) -> bool {
    let mut encodings = request.headers().get_all(CONTENT_ENCODING);
    encodings.any(|encoding| !encoding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"))
}

struct Counting {
    body: Body,
    most: usize,
    count: ValueCount,
    values: Rc<Cell<BodyValues>>,
    is_compressed: bool,
}

impl Stream for Counting {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.body).poll_next(context);
        if let Poll::Ready(Some(Ok(chunk))) = &polled {
            self.count.read(chunk);
            self.values.set(BodyValues {
                too_many_in_json: self.count.of_json() > self.most,
                too_many_in_form: self.count.of_form() > self.most,
                is_compressed: self.is_compressed,
            });
        }
        polled
    }
}
