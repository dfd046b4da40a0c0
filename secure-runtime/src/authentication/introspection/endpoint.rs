//! Settings of [`Introspection`](super::Introspection) about the connection: HTTP, certificates, proxy; and test keys.

use super::Introspection;

impl Introspection {
    /// Accepts a client key or client secret that is published with this crate for tests: a startup error
    /// otherwise. Everybody knows it, and can ask the endpoint as this client. For tests only.
    pub fn dangerously_accept_test_keys(mut self) -> Self {
        self.test_keys = true;
        self
    }

    /// Lets documents be fetched from this host over plain HTTP, and lets metadata lead to it even if
    /// it is in a private network. The host is a name or an address without scheme, port and path, and
    /// is compared exactly: subdomains are other hosts. Call it once for each host; a text that is no
    /// host is a startup error.
    ///
    /// Over plain HTTP, everybody on the way can replace the answers, and read the tokens and the client's secret. Only
    /// right where the network itself protects what is sent, such as a service mesh or the network of
    /// one machine's containers.
    ///
    /// ```
    /// use secure_runtime::authentication::Introspection;
    ///
    /// # let secret = "from your configuration";
    /// let opaque = Introspection::at("http://keycloak:8080/realms/shop/protocol/openid-connect/token/introspect")
    ///     .dangerously_allow_http("keycloak")
    ///     .client_secret_basic("shop-api", secret)
    ///     .issuer("https://login.example/realms/shop")
    ///     .audience("shop");
    /// ```
    pub fn dangerously_allow_http(mut self, host: impl Into<String>) -> Self {
        self.fetching.allow_http(host.into());
        self
    }

    /// Trusts the certificate authorities in this PEM bundle, in addition to those of the system: for
    /// providers whose certificates a private authority has signed. Call it once for each bundle; one
    /// that holds no certificate is a startup error.
    ///
    /// ```no_run
    /// use secure_runtime::authentication::Introspection;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # let secret = "from your configuration";
    /// let opaque = Introspection::discover("https://login.internal.example")
    ///     .root_certificates(std::fs::read("/etc/ssl/internal-authority.pem")?)
    ///     .client_secret_basic("shop-api", secret)
    ///     .audience("shop");
    /// # Ok(())
    /// # }
    /// ```
    pub fn root_certificates(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.fetching.trust(pem.as_ref().to_vec());
        self
    }

    /// Sends the questions, and what fetches metadata, through this proxy: an address of `http` or `https`, with a user name and a
    /// password if it wants them. Anything else is a startup error. This machine's loopback is reached
    /// without it, and the environment (`HTTPS_PROXY`) is ignored in any case.
    ///
    /// ```
    /// use secure_runtime::authentication::Introspection;
    ///
    /// # let secret = "from your configuration";
    /// let opaque = Introspection::discover("https://issuer.example")
    ///     .proxy("http://proxy.internal.example:3128")
    ///     .client_secret_basic("shop-api", secret)
    ///     .audience("shop");
    /// ```
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.fetching.go_through(url.into());
        self
    }

    /// Sends requests without client authentication: for endpoints that are protected by their network, such as the
    /// administrative port of Ory Hydra. Every other endpoint demands a client (RFC 7662 section 2.1).
    /// Giving a client as well is a startup error.
    ///
    /// ```
    /// use secure_runtime::authentication::Introspection;
    ///
    /// let opaque = Introspection::at("http://hydra:4445/admin/oauth2/introspect")
    ///     .dangerously_allow_http("hydra")
    ///     .without_client()
    ///     .issuer("https://login.example")
    ///     .audience("shop");
    /// ```
    pub fn without_client(mut self) -> Self {
        self.without_client = true;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(opaque: Introspection) -> Vec<String> {
        let opaque = opaque.issuer("https://issuer.example").audience("shop");
        let errors = opaque.check().err().into_iter().flatten();
        errors.map(|error| error.to_string()).collect()
    }

    #[test]
    fn an_endpoint_has_one_client_or_is_said_to_have_none() {
        let at = || Introspection::at("https://issuer.example/introspect");
        let hydra = || Introspection::at("http://hydra:4445/admin/oauth2/introspect");
        let allowed = || hydra().dangerously_allow_http("hydra").without_client();
        for opaque in [at().client_secret_basic("a", "b"), at().without_client(), allowed()] {
            assert_eq!(faults(opaque), Vec::<String>::new());
        }
        for (opaque, expected) in [
            (at(), "`.without_client()`"),
            (at().without_client().client_secret_basic("a", "b"), "remove one of the two"),
            (hydra().without_client(), r#"`.dangerously_allow_http("hydra")`"#),
            (allowed().proxy("proxy"), "proxy is not a URL"),
            (allowed().root_certificates("none"), "not in PEM form"),
        ] {
            let found = faults(opaque);
            assert!(matches!(found.as_slice(), [one] if one.contains(expected)), "{found:?}");
        }
    }
}
