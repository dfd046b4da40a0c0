//! The extractor for the time of the request: [`Moment`].

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::caller::PublishedCaller;
use crate::denial::Denial;
use crate::request::extensions;
use crate::security::Security;
use crate::support::time::Moment;

/// The time at which the pipeline read the clock for this request. Rate limits and token lifetimes
/// were checked with this time. In tests it comes from the [fake clock](crate::testing::FakeClock).
///
/// In a handler without authentication (`#[secure(public)]`, or no attribute), the clock of the
/// nearest [`Security`] is read again. Without a [`Security`], the request is refused with 500.
///
/// ```standalone_crate
/// use actix_web::get;
/// use secure_runtime::{Moment, secure};
///
/// #[secure]
/// #[get("/time")]
/// async fn time(now: Moment) -> String {
///     now.unix_seconds().to_string()
/// }
/// ```
impl FromRequest for Moment {
    type Error = Denial;
    type Future = Ready<Result<Self, Denial>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let entered = || extensions(request)?.get::<PublishedCaller>()?.entered;
        let read = || Some(request.app_data::<Security>()?.inner().clock.now());
        let missing = || {
            Denial::internal(
                "the handler asks for a `Moment`, and no `Security` is installed: add \
                 `.app_data(security.clone())` to the `App`",
            )
        };
        ready(entered().or_else(read).ok_or_else(missing))
    }
}
