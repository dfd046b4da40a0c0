//! What the configuration says about a request's head: which proxies are believed.

use std::net::IpAddr;

use actix_web::http::header::HOST;

use super::Security;
use crate::request::RequestHead;
use crate::transport::{self, TrustedProxies, forwarded_host, forwarded_scheme};

/// Forwarding headers count only where the nearest [`Security`] in `app_data` names the peer as a
/// [trusted proxy](crate::SecurityBuilder::trusted_proxies).
impl<'a> RequestHead<'a> {
    /// The client's address: the one that limits and bans count by. `None` if the connection has none (a
    /// Unix socket) and no trusted proxy says it.
    ///
    /// ```
    /// use secure_runtime::testing::with_request;
    ///
    /// // Nobody has named a proxy, so the header is the client's invention.
    /// with_request(&[("x-forwarded-for", "192.0.2.9")], |request| {
    ///     assert_eq!(request.client_address(), None);
    /// });
    /// ```
    #[must_use]
    pub fn client_address(&self) -> Option<IpAddr> {
        transport::client_address(self, self.peer(), self.proxies())
    }

    /// The scheme that the client used, `http` or `https`: that of the connection, or what a trusted
    /// proxy says (see [`TrustedProxies::overwrite_scheme`]).
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

    /// The host that the client asked for, with the port if it sent one: the authority of the request's
    /// target (RFC 9112 section 3.2.2, `:authority` in HTTP/2), else the `Host` field, or what a trusted
    /// proxy says (see [`TrustedProxies::overwrite_host`]). `None` if there is none, or more than one.
    ///
    /// It is what the client has sent: compare it with the names of the service before relying on it.
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
