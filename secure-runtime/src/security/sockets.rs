//! Settings of the builder for long-lived streams: WebSockets and server-sent events.

use std::time::Duration;

use super::SecurityBuilder;
use crate::request::is_origin;

/// What holds for all of them.
pub(crate) struct Sockets {
    /// The origins whose pages may open a WebSocket with credentials that a browser sends by itself;
    /// `None`: those of the host that is asked.
    pub(crate) origins: Option<Box<[Box<str>]>>,
    /// How often credentials are looked at while nothing is sent.
    pub(crate) recheck_every: Duration,
}

impl Default for Sockets {
    fn default() -> Self {
        Self { origins: None, recheck_every: Duration::from_secs(5) }
    }
}

impl Sockets {
    /// What is wrong with them.
    pub(super) fn faults(&self) -> impl Iterator<Item = String> {
        let wrong = self.origins.iter().flatten().filter(|origin| !is_origin(origin));
        let wrong = wrong.map(|origin| {
            format!(
                "`{}` of `websocket_origins` is not an origin, expected a scheme, a host in lower case and \
                 a port where it is not the usual one: `https://shop.example`",
                origin.escape_debug()
            )
        });
        let zero = self.recheck_every.is_zero().then(|| {
            String::from("`recheck_streams_every` expects more than no time at all: `5s`")
        });
        wrong.chain(zero)
    }
}

impl SecurityBuilder {
    /// Sets the origins whose pages may open a `websocket` with credentials that a browser sends by itself,
    /// such as a cookie or a client certificate (RFC 6455 section 10.2). Default: pages of the requested host
    /// (`Host`).
    ///
    /// Other credentials, such as a token in a header, cannot be sent by a foreign page. `Jwt::cookie` has
    /// origins of its own and needs none here.
    ///
    /// ```
    /// use secure_runtime::Security;
    ///
    /// let builder = Security::builder().websocket_origins(["https://app.example"]);
    /// # drop(builder);
    /// ```
    pub fn websocket_origins<O: Into<Box<str>>>(
        mut self,
        origins: impl IntoIterator<Item = O>,
    ) -> Self {
        self.sockets.origins = Some(origins.into_iter().map(Into::into).collect());
        self
    }

    /// Sets how often the credentials of a caller are looked at while a WebSocket or a stream of
    /// server-sent events is open and nothing is sent: so long at most after a revocation the stream
    /// ends. It ends at the expiry in any case. Default: 5 seconds.
    pub fn recheck_streams_every(mut self, pause: Duration) -> Self {
        self.sockets.recheck_every = pause;
        self
    }
}
