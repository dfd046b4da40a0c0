//! For tests, of applications too: a clock that obeys, an issuer that mints any token, a way to
//! ask one authenticator, and a check that every route has a policy.
//!
//! Behind the feature `testing`, for `[dev-dependencies]`. A service refuses the keys of this module unless its
//! configuration accepts them.

mod assertions;
mod clock;
#[cfg(feature = "jwt")]
mod issuer;
#[cfg(feature = "jwt")]
mod ready;
mod requests;
mod routes;
#[cfg(feature = "jwt")]
mod token;

pub use assertions::{assert_admitted, assert_refused};
pub use clock::FakeClock;
#[cfg(feature = "jwt")]
pub use issuer::Issuer;
#[cfg(feature = "jwt")]
pub use ready::TestSecurity;
pub use requests::access_request;
pub use routes::{assert_all_routes_secured, mounted_routes};
#[cfg(feature = "jwt")]
pub use token::Token;

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::dev::ServiceResponse;
use actix_web::test::TestRequest;

#[cfg(feature = "api-keys")]
use crate::authentication::api_key::Document;
#[cfg(any(feature = "jwt", feature = "api-keys"))]
use crate::authentication::bearer_token;
use crate::authentication::{Attempt, Authenticator};
#[cfg(feature = "api-keys")]
use crate::authentication::{ConfigurationError, ConfigurationErrors};
#[cfg(feature = "jwt")]
use crate::authentication::{Key, open_with, read_key_set};
use crate::denial::Denial;
use crate::policy::shown;
#[cfg(feature = "introspection")]
use crate::principal::Principal;
use crate::request::RequestHead;
use crate::resource::{Granted, without_proof};
use crate::support::time::Moment;
use crate::transport::{self, TrustedProxies};

/// Runs an authenticator on a request with these header lines.
///
/// See [`Issuer`] for an example.
pub fn authenticate(
    authenticator: &dyn Authenticator,
    headers: &[(&str, &str)],
    now: Moment,
) -> Attempt {
    with_request(headers, |request| authenticator.authenticate(request, now))
}

/// Runs an authenticator on a whole request: for authenticators that read the application's data, the path, or
/// the extensions that a middleware has set.
///
/// ```
/// use actix_web::HttpMessage as _;
/// use actix_web::test::TestRequest;
/// use secure_runtime::authentication::{Attempt, FromMiddleware, IntoAuthenticator};
/// use secure_runtime::testing::{FakeClock, authenticate_request};
/// use secure_runtime::{Clock, Principal};
///
/// struct User(&'static str);
///
/// let authenticator =
///     FromMiddleware::<User>::new(|user| Principal::builder(user.0).build()).into_authenticator()?;
/// let request = TestRequest::default().to_http_request();
/// request.extensions_mut().insert(User("ada"));
/// let attempt = authenticate_request(&*authenticator, &request, FakeClock::new().now());
/// assert!(matches!(attempt, Attempt::Accepted(caller) if caller.subject() == "ada"));
/// # Ok::<(), secure_runtime::authentication::ConfigurationErrors>(())
/// ```
pub fn authenticate_request(
    authenticator: &dyn Authenticator,
    request: &HttpRequest,
    now: Moment,
) -> Attempt {
    authenticator.authenticate(&RequestHead::new(request), now)
}

/// Calls `look` with the head of a request with these header lines.
///
/// ```
/// use secure_runtime::testing::with_request;
///
/// let lines = with_request(&[("x-a", "1"), ("X-A", "2")], |head| head.header_lines("x-a").count());
/// assert_eq!(lines, 2);
/// ```
pub fn with_request<T>(headers: &[(&str, &str)], look: impl FnOnce(&RequestHead<'_>) -> T) -> T {
    let request = headers
        .iter()
        .fold(TestRequest::default(), |request, line| request.append_header(*line))
        .to_http_request();
    look(&RequestHead::new(&request))
}

/// The client IP behind these proxies, for these header lines. `peer` is the other end of the connection, `None`
/// for a Unix socket.
///
/// ```
/// use secure_runtime::{TrustedProxies, testing::client_address};
///
/// let peer = "10.0.0.7".parse().ok();
/// let chain = [("x-forwarded-for", "1.2.3.4, 192.0.2.9")]; // the left one is the client's invention
/// let proxies = TrustedProxies::new(["10.0.0.0/8"])?;
/// assert_eq!(client_address(&proxies, peer, &chain), "192.0.2.9".parse().ok());
/// // One hop too many, and clients choose their address.
/// assert_eq!(client_address(&TrustedProxies::hops(2), peer, &chain), "1.2.3.4".parse().ok());
/// # Ok::<(), secure_runtime::InvalidNetwork>(())
/// ```
#[must_use]
pub fn client_address(
    proxies: &TrustedProxies,
    peer: Option<IpAddr>,
    headers: &[(&str, &str)],
) -> Option<IpAddr> {
    with_request(headers, |request| transport::client_address(request, peer, Some(proxies)))
}

/// The denial of a response, with the cause, which clients do not receive. `None` if the request was not refused
/// by a [`Denial`].
///
/// ```standalone_crate
/// use actix_web::{App, get, test};
/// use secure_runtime::{secure, testing::{self, TestSecurity}};
///
/// #[secure(roles = "staff", allow = !role("intern"))]
/// #[get("/payroll")]
/// async fn payroll() -> &'static str {
///     "7"
/// }
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let TestSecurity { security, issuer, .. } = TestSecurity::new()?;
/// let app = test::init_service(App::new().app_data(security).service(payroll)).await;
/// let token = issuer.token("kim").role("staff").role("intern").sign();
/// let call = test::TestRequest::get().uri("/payroll").insert_header(("authorization", format!("Bearer {token}")));
/// let response = test::call_service(&app, call.to_request()).await;
/// assert_eq!(testing::denial(&response).unwrap().cause(), r#"`!role("intern")` does not hold"#);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn denial<Body>(response: &ServiceResponse<Body>) -> Option<Denial> {
    Denial::of(response.response()).cloned()
}

/// A resource as after a successful check of its rules; see [`Granted`].
pub fn granted<T>(resource: T) -> Granted<T> {
    without_proof(resource)
}

/// The payload of a JWS whose signature this key made, or why it is refused: for test vectors whose
/// payload is no claim set.
///
/// # Errors
///
/// Every fault of the key, or the first fault of the token.
#[cfg(feature = "jwt")]
#[doc(hidden)]
pub fn verify_signature(key: Key, token: &[u8]) -> Result<Vec<u8>, String> {
    open_with(key, token).map_err(|faults| faults.join("; "))
}

/// How many keys of a published set can be used, and why others cannot. For the fuzzer.
///
/// # Errors
///
/// Why the document is not a key set, or has no usable key.
#[cfg(feature = "jwt")]
#[doc(hidden)]
pub fn published_keys(document: &str) -> Result<(usize, Vec<String>), String> {
    read_key_set(document)
}

/// What the text of a policy, as an expansion leaves it, comes to; `None` if it cannot be read and
/// admits nobody. For the fuzzer. What is read lives as long as the program.
#[doc(hidden)]
#[must_use]
pub fn written_policy(text: &str) -> Option<String> {
    shown(text)
}

/// How many API keys a file of them holds. For the fuzzer.
///
/// # Errors
///
/// Everything that is wrong with the file.
#[cfg(feature = "api-keys")]
#[doc(hidden)]
pub fn key_file(text: &str) -> Result<usize, ConfigurationErrors> {
    match Document::read(text) {
        Ok(document) => Ok(document.records().count()),
        Err(faults) => {
            let faults = faults.into_iter().map(ConfigurationError::unreadable).collect();
            ConfigurationErrors::collected(faults).map_or(Ok(0), Err)
        }
    }
}

/// What an `Authorization` line holds of the `Bearer` scheme: nothing, a token, or a fault. For the
/// fuzzer.
///
/// # Errors
///
/// Why the line breaks the grammar of RFC 6750 section 2.1.
#[cfg(any(feature = "jwt", feature = "api-keys"))]
#[doc(hidden)]
pub fn bearer_credentials(line: &[u8]) -> Result<Option<&[u8]>, &'static str> {
    bearer_token(line)
}

/// What an introspection endpoint's answer comes to under this description: the caller, or why there
/// is none. For test vectors and the fuzzer.
///
/// # Errors
///
/// Why the answer names no caller, or the description is wrong.
#[cfg(feature = "introspection")]
#[doc(hidden)]
pub fn introspected(
    description: crate::authentication::Introspection,
    answer: &str,
    now: Moment,
) -> Result<Principal, String> {
    crate::authentication::read_answer(description, answer, now)
}
