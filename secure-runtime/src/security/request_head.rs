//! The parts of a request's head that depend on the configured proxies: client IP, scheme and host.

use std::net::IpAddr;

use actix_web::http::header::HOST;

use super::Security;
use crate::request::RequestHead;
use crate::transport::{self, TrustedProxies, forwarded_host, forwarded_scheme};

/// Forwarding headers count only where the nearest [`Security`] in `app_data` names the peer as a
/// [trusted proxy](crate::SecurityBuilder::trusted_proxies).
impl<'a> RequestHead<'a> {
    /// The client IP by which limits and bans count. `None` if the connection has no address (a Unix socket)
    /// and no trusted proxy passes one.
    ///
    /// ```
    /// use secure_runtime::testing::with_request;
    ///
    /// // No proxy is configured, so the header is ignored.
    /// with_request(&[("x-forwarded-for", "192.0.2.9")], |request| {
    ///     assert_eq!(request.client_address(), None);
    /// });
    /// ```
    #[must_use]
    pub fn client_address(&self) -> Option<IpAddr> {
        transport::client_address(self, self.peer(), self.proxies())
    }

    /// The scheme that the client used, `http` or `https`: that of the connection, or the one that a trusted
    /// proxy passes (see [`TrustedProxies::overwrite_scheme`]).
    ///
    /// ```
    /// use secure_runtime::testing::with_request;
    ///
    /// let headers = [("x-forwarded-proto", "https"), ("host", "shop.example")];
    /// with_request(&headers, |request| {
    ///     assert_eq!(request.scheme(), "http");
    ///     assert_eq!(request.host(), Some("shop.example"));
    /// });
    /// ```
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        let of_the_connection =
            || if self.inner().app_config().secure() { "https" } else { "http" };
        forwarded_scheme(self, self.peer(), self.proxies()).unwrap_or_else(of_the_connection)
    }

    /// The host of the request, with the port if the client sent one: the authority of the request's target
    /// (RFC 9112 section 3.2.2, `:authority` in HTTP/2), otherwise the `Host` field, or the one that a
    /// trusted proxy passes (see [`TrustedProxies::overwrite_host`]). `None` if there is none, or more than
    /// one.
    ///
    /// The client chooses this value: compare it with the names of the service before you rely on it.
    #[must_use]
    pub fn host(&self) -> Option<&'a str> {
        forwarded_host(self, self.peer(), self.proxies()).or_else(|| {
            let request = self.inner();
            if let Some(authority) = request.uri().authority() {
                return transport::host(authority.as_str().as_bytes());
            }
            let mut lines = request.headers().get_all(HOST);
            match (lines.next(), lines.next()) {
                (Some(line), None) => transport::host(line.as_bytes()),
                _ => None,
            }
        })
    }

    fn peer(&self) -> Option<IpAddr> {
        self.inner().peer_addr().map(|address| address.ip())
    }

    fn proxies(&self) -> Option<&'a TrustedProxies> {
        self.inner().app_data::<Security>()?.inner().proxies.as_ref()
    }
}
