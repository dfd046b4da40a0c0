//! The deadline of a body (`body_timeout`), also if the handler reads the body itself.
//!
//! The pipeline waits for extractors, and stops at the deadline. If the handler reads the body
//! itself, the body ends with an error at the deadline. Bytes that have arrived by then are still
//! passed on.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::rt::time::{Sleep, sleep};
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest};
use futures_core::Stream;

use super::body::{BoxedStream, Fault};
use crate::pipeline::gate::Gate;

/// The body with a deadline. Bytes that arrive at the minimum rate extend the deadline.
pub(super) fn within(limit: Duration, gate: &Gate<'_>, body: BoxedStream) -> BoxedStream {
    Box::pin(Timed {
        body,
        deadline: Box::pin(sleep(limit)),
        rate: gate.security.inner().body_rate,
        arrived: 0,
        request: gate.request.clone(),
    })
}

struct Timed {
    body: BoxedStream,
    deadline: Pin<Box<Sleep>>,
    rate: Option<NonZeroU32>,
    /// The bytes that have arrived since the deadline was last extended.
    arrived: u64,
    request: HttpRequest,
}

impl Timed {
    fn poll_deadline(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Self { deadline, rate, arrived, .. } = self;
        let earned = || time_of(std::mem::take(arrived), (*rate)?);
        poll_extended(deadline.as_mut(), context, earned)
    }
}

/// The time that these bytes may take at the minimum rate; `None` if it is zero.
pub(super) fn time_of(bytes: u64, rate: NonZeroU32) -> Option<Duration> {
    let milliseconds = bytes.saturating_mul(1000) / u64::from(rate.get());
    (milliseconds > 0).then(|| Duration::from_millis(milliseconds))
}

/// Polls a deadline. When it is reached, it is extended by the time that was earned until then.
pub(super) fn poll_extended(
    mut deadline: Pin<&mut Sleep>,
    context: &mut Context<'_>,
    earned: impl FnOnce() -> Option<Duration>,
) -> Poll<()> {
    ready!(deadline.as_mut().poll(context));
    let Some(earned) = earned() else { return Poll::Ready(()) };
    let later = deadline.deadline() + earned;
    deadline.as_mut().reset(later);
    deadline.poll(context)
}

impl Stream for Timed {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.body.as_mut().poll_next(context);
        if let Poll::Ready(read) = polled {
            if let Some(Ok(chunk)) = &read {
                self.arrived += chunk.len() as u64;
            }
            return Poll::Ready(read);
        }
        ready!(self.poll_deadline(context));
        self.request.extensions_mut().insert(Fault::TooSlow);
        Poll::Ready(Some(Err(PayloadError::Io(std::io::ErrorKind::TimedOut.into()))))
    }
}
