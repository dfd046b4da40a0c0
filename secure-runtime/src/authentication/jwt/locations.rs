//! Settings of [`Jwt`] about the place of the token in a request: header, cookie, WebSocket subprotocol.

use super::Jwt;
use crate::authentication::token_location::TokenPlace;
use crate::request::FieldName;

/// A token is taken from one place only: `Authorization: Bearer`, or what the last call of these says.
impl Jwt {
    /// Takes the token from `Authorization` after this scheme, in place of `Bearer`. Challenges name
    /// the same scheme.
    ///
    /// ```
    /// # use secure_runtime::authentication::Jwt;
    /// # let secret = b"a secret of 32 bytes or still more";
    /// let jwt = Jwt::hs256(secret).scheme("Token");
    /// ```
    pub fn scheme(mut self, scheme: &'static str) -> Self {
        self.place = TokenPlace::Scheme(scheme);
        self
    }

    /// Takes the token from a header of this name, which holds nothing else: where a proxy in front
    /// has authenticated the caller, and says so in a header of its own. The token is verified as any
    /// other.
    ///
    /// ```
    /// # use secure_runtime::authentication::Jwt;
    /// # let secret = b"a secret of 32 bytes or still more";
    /// let jwt = Jwt::hs256(secret).header("cf-access-jwt-assertion");
    /// ```
    pub fn header(mut self, name: impl AsRef<str>) -> Self {
        match FieldName::parse(name.as_ref()) {
            Some(name) => self.place = TokenPlace::Header(name),
            None => self
                .faults
                .push(format!("`{}` is not a name of a header", name.as_ref().escape_debug())),
        }
        self
    }

    /// Takes the token from this cookie, for requests that change nothing (`GET`, `HEAD`, `OPTIONS`),
    /// and for others that come from a page of one of these origins: a browser sends a cookie with
    /// requests that other sites cause, too. They are known by `Sec-Fetch-Site: same-origin`, or by
    /// `Origin`. For other requests the cookie is ignored: they are answered like requests without
    /// credentials, and the log says why at `info`.
    ///
    /// Handlers of `GET` must change nothing.
    ///
    /// ```
    /// # use secure_runtime::authentication::Jwt;
    /// # let secret = b"a secret of 32 bytes or still more";
    /// let jwt = Jwt::hs256(secret).cookie("__Host-session", ["https://shop.example"]);
    /// ```
    pub fn cookie<O: Into<Box<str>>>(
        mut self,
        name: impl Into<Box<str>>,
        origins: impl IntoIterator<Item = O>,
    ) -> Self {
        let origins = origins.into_iter().map(Into::into).collect();
        self.place = TokenPlace::Cookie { name: name.into(), origins };
        self
    }

    /// Takes the token from `Sec-WebSocket-Protocol`, where it follows this entry: browsers can set no
    /// other header for a WebSocket.
    ///
    /// `new WebSocket(url, ["access_token", token])` sends `access_token, TOKEN`. The handler must
    /// answer the handshake with the subprotocol `access_token`, never with the token.
    ///
    /// ```
    /// # use secure_runtime::authentication::Jwt;
    /// # let secret = b"a secret of 32 bytes or still more";
    /// let jwt = Jwt::hs256(secret).websocket_subprotocol("access_token");
    /// ```
    pub fn websocket_subprotocol(mut self, name: impl Into<Box<str>>) -> Self {
        self.place = TokenPlace::Subprotocol(name.into());
        self
    }
}
