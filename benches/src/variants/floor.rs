//! The minimum cost of the attribute's features: each necessary call into actix-web, `validator` and a cache,
//! once, and nothing else.
//!
//! It has only this endpoint, no other configuration, and no readable refusals. It is not an alternative; it
//! shows how much of a request is not caused by this crate.

use std::hash::{BuildHasher, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, Service, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{
    App, Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, Responder, error, post, test,
    web,
};
use futures_core::Stream;
use quick_cache::sync::Cache;
use validator::Validate;

use super::claims::Verifier;
use crate::Failure;
use crate::drive::JSON_LIMIT;
use crate::fixture::{Algorithm, Fixture};
use crate::order::{NewOrder, Receipt};

struct Guard {
    verifier: Verifier,
    tokens: Cache<Box<[u8]>, Arc<Caller>, quick_cache::UnitWeighter, LastBytes>,
    started: Instant,
    limit_name: HeaderName,
    limit: HeaderValue,
    policy_name: HeaderName,
    policy: HeaderValue,
}

struct Caller {
    is_admin: bool,
    expires: u64,
    /// When all of the caller's permits are available again, in nanoseconds.
    full: AtomicU64,
}

/// Hashes the end of a token, where its signature is.
#[derive(Clone, Default)]
struct LastBytes(u64);

impl BuildHasher for LastBytes {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }
}

impl Hasher for LastBytes {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk() {
            self.0 = (self.0 ^ u64::from_le_bytes(*last)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The time that one permit takes to refill, at a million a second.
const PERMIT: u64 = 1_000;
const BURST: u64 = 1_000_000 * PERMIT;

/// The maximum length of a body.
const MOST: usize = JSON_LIMIT;

impl Guard {
    fn caller(&self, request: &HttpRequest, now: u64) -> Option<Arc<Caller>> {
        let token = request.headers().get(header::AUTHORIZATION)?.as_bytes();
        let token = token.strip_prefix(b"Bearer ")?;
        let caller = self.tokens.get(token).or_else(|| {
            let claims = self.verifier.verify(std::str::from_utf8(token).ok()?)?;
            let is_admin = claims.roles.iter().any(|role| role == "admin");
            let caller = Arc::new(Caller { is_admin, expires: u64::MAX, full: AtomicU64::new(0) });
            self.tokens.insert(token.into(), Arc::clone(&caller));
            Some(caller)
        })?;
        (now < caller.expires).then_some(caller)
    }
}

impl Caller {
    fn takes_a_permit(&self, now: u64) -> bool {
        let take = |full: u64| {
            let next = full.max(now) + PERMIT;
            (next <= now + BURST).then_some(next)
        };
        self.full.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).is_ok()
    }
}

/// A body stream that ends with an error if the body is too large.
struct Bounded {
    body: Payload,
    left: usize,
}

impl Stream for Bounded {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.body).poll_next(context);
        if let Poll::Ready(Some(Ok(chunk))) = &polled {
            match self.left.checked_sub(chunk.len()) {
                Some(left) => self.left = left,
                None => return Poll::Ready(Some(Err(PayloadError::Overflow))),
            }
        }
        polled
    }
}

#[post("/orders")]
async fn place_order(
    request: HttpRequest,
    payload: web::Payload,
    guard: web::Data<Guard>,
) -> Result<HttpResponse, Error> {
    let now = u64::try_from(guard.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let caller =
        guard.caller(&request, now).ok_or_else(|| error::ErrorUnauthorized("invalid token"))?;
    if !caller.is_admin {
        return Err(error::ErrorForbidden("not an admin"));
    }
    if !caller.takes_a_permit(now) {
        return Err(error::ErrorTooManyRequests("slow down"));
    }
    request.extensions_mut().insert(caller);
    let body: Pin<Box<dyn Stream<Item = _>>> =
        Box::pin(Bounded { body: payload.into_inner(), left: MOST });
    let mut payload = Payload::Stream { payload: body };
    let order = web::Json::<NewOrder>::from_request(&request, &mut payload).await?.into_inner();
    order.validate().map_err(error::ErrorBadRequest)?;
    let mut response = web::Json(Receipt::from(order)).respond_to(&request).map_into_boxed_body();
    response.headers_mut().append(guard.policy_name.clone(), guard.policy.clone());
    response.headers_mut().append(guard.limit_name.clone(), guard.limit.clone());
    Ok(response)
}

/// The application.
///
/// # Errors
///
/// When the key cannot be read.
pub async fn application(
    fixture: &Fixture,
    algorithm: Algorithm,
) -> Result<
    impl Service<actix_http::Request, Response = ServiceResponse<impl MessageBody>, Error = Error>,
    Failure,
> {
    let guard = web::Data::new(Guard {
        verifier: Verifier::new(fixture, algorithm)?,
        tokens: Cache::with(
            1_000,
            1_000,
            quick_cache::UnitWeighter,
            LastBytes(0),
            Default::default(),
        ),
        started: Instant::now(),
        limit_name: HeaderName::from_static("ratelimit"),
        limit: HeaderValue::from_static("\"default\";r=999999;t=1"),
        policy_name: HeaderName::from_static("ratelimit-policy"),
        policy: HeaderValue::from_static("\"default\";q=1000000;w=1"),
    });
    let application = App::new()
        .app_data(guard)
        .app_data(web::JsonConfig::default().limit(JSON_LIMIT))
        .service(web::scope("/api").service(place_order));
    Ok(test::init_service(application).await)
}
