//! Counts the values of a body (elements, members, pairs) while an extractor reads it, for
//! `max_validated_values`.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::dev::Payload as Body;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest};
use futures_core::Stream;

use crate::validation::{BodyValues, ValueCount};

/// In the extensions of a request: the count of its body.
struct Counted(Rc<Cell<BodyValues>>);

/// The count of the request's body; the default if nothing was counted.
pub(in crate::pipeline) fn counted(request: &HttpRequest) -> BodyValues {
    request.extensions().get::<Counted>().map(|counted| counted.0.get()).unwrap_or_default()
}

/// Whether a body may have more than this many values. A body whose length the server itself
/// enforces has at most as many values as bytes.
pub(in crate::pipeline) fn may_have_more(most: usize, body: &Body, announced: Option<u64>) -> bool {
    let is_enforced = !matches!(body, Body::Stream { .. });
    let is_short = announced.and_then(|length| usize::try_from(length).ok()) <= Some(most);
    !(is_enforced && announced.is_some() && is_short)
}

/// Counts the values of a body while an extractor reads it.
pub(in crate::pipeline) fn count(request: &HttpRequest, body: &mut Body, most: usize) {
    let values = Rc::new(Cell::new(BodyValues::default()));
    request.extensions_mut().insert(Counted(Rc::clone(&values)));
    let counting = Counting { body: body.take(), most, count: ValueCount::default(), values };
    *body = Body::Stream { payload: Box::pin(counting) };
}

struct Counting {
    body: Body,
    most: usize,
    count: ValueCount,
    values: Rc<Cell<BodyValues>>,
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
            });
        }
        polled
    }
}
