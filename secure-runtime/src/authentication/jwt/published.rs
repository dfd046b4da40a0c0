//! Settings of [`Jwt`] about keys: the keys, and how published ones are fetched and refreshed.

#[cfg(feature = "discovery")]
use std::path::PathBuf;
use std::time::Duration;

use super::{Algorithm, Jwt, Key};

impl Jwt {
    /// Adds a key. Keys of one algorithm are distinguished by their [`kid`](Key::kid).
    pub fn key(mut self, key: Key) -> Self {
        self.keys.push(key);
        self
    }

    /// Accepts keys of these algorithms alone. By default, a published key may be for any of the
    /// asymmetric ones, and an RSA key that names none is for `RS256`: else, for the first RSA
    /// algorithm here. An entry of a key set never verifies with two (RFC 8725 section 3.1).
    pub fn algorithms(mut self, accepted: impl IntoIterator<Item = Algorithm>) -> Self {
        self.accepted = Some(accepted.into_iter().collect());
        self
    }

    /// How often published keys are fetched again; 5 minutes by default, a second at
    /// least. A key that its issuer has withdrawn may still be accepted for that long by a service with
    /// steady traffic; after a pause of twice that time, the next request waits for a new set.
    pub fn refresh_every(mut self, interval: Duration) -> Self {
        self.refresh = interval;
        self
    }

    /// How long published keys serve while no newer set can be fetched; an hour unless said
    /// otherwise. After that every token is answered with 503.
    pub fn keys_last(mut self, duration: Duration) -> Self {
        self.longest = duration;
        self
    }

    /// Lets documents be fetched from this host over plain HTTP, and lets metadata lead to it even if
    /// it is in a private network. The host is a name or an address without scheme, port and path, and
    /// is compared exactly: subdomains are other hosts. Call it once for each host; a text that is no
    /// host is a startup error.
    ///
    /// Over plain HTTP, everybody on the way can replace the keys, and then sign tokens that this service accepts. Only
    /// right where the network itself protects what is sent, such as a service mesh or the network of
    /// one machine's containers.
    ///
    /// ```
    /// use secure_runtime::authentication::Jwt;
    ///
    /// let jwt = Jwt::jwks_url("http://keycloak:8080/realms/shop/protocol/openid-connect/certs")
    ///     .dangerously_allow_http("keycloak")
    ///     .issuer("https://login.example/realms/shop")
    ///     .audience("shop");
    /// ```
    #[cfg(feature = "discovery")]
    pub fn dangerously_allow_http(mut self, host: impl Into<String>) -> Self {
        self.fetching.allow_http(host.into());
        self
    }

    /// Trusts the certificate authorities in this PEM bundle, in addition to those of the system: for
    /// providers whose certificates a private authority has signed. Call it once for each bundle; one
    /// that holds no certificate is a startup error.
    ///
    /// ```no_run
    /// use secure_runtime::authentication::Jwt;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let jwt = Jwt::discover("https://login.internal.example")
    ///     .root_certificates(std::fs::read("/etc/ssl/internal-authority.pem")?)
    ///     .audience("shop");
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "discovery")]
    pub fn root_certificates(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.fetching.trust(pem.as_ref().to_vec());
        self
    }

    /// Sends what fetches keys and metadata through this proxy: an address of `http` or `https`, with a user name and a
    /// password if it wants them. Anything else is a startup error. This machine's loopback is reached
    /// without it, and the environment (`HTTPS_PROXY`) is ignored in any case.
    ///
    /// ```
    /// use secure_runtime::authentication::Jwt;
    ///
    /// let jwt = Jwt::discover("https://issuer.example")
    ///     .proxy("http://proxy.internal.example:3128")
    ///     .audience("shop");
    /// ```
    #[cfg(feature = "discovery")]
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.fetching.go_through(url.into());
        self
    }

    /// Sends the token in this file as `Authorization: Bearer` (RFC 6750 section 2.1) when keys and
    /// metadata are fetched, as the API server of Kubernetes wants it. The file is read anew at each
    /// fetch, because Kubernetes replaces it; it has at most 64 KiB and is not writable for everybody. A
    /// file that cannot be read lets the fetch fail. The token is sent over HTTPS, and to hosts that
    /// [`dangerously_allow_http`](Self::dangerously_allow_http) names.
    ///
    /// ```no_run
    /// use secure_runtime::authentication::{Jwt, Profile};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let account = "/var/run/secrets/kubernetes.io/serviceaccount";
    /// let jwt = Jwt::jwks_url("https://kubernetes.default.svc/openid/v1/jwks")
    ///     .root_certificates(std::fs::read(format!("{account}/ca.crt"))?)
    ///     .fetch_with_bearer_file(format!("{account}/token"))
    ///     .issuer("https://kubernetes.default.svc.cluster.local")
    ///     .profile(Profile::Jwt)
    ///     .audience("shop");
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "discovery")]
    pub fn fetch_with_bearer_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.fetching.send_bearer(path.into());
        self
    }
}

#[cfg(all(test, feature = "discovery"))]
mod tests {
    use super::*;
    use crate::testing::Issuer;

    fn faults(jwt: Jwt) -> Vec<String> {
        let errors = jwt.check().err().into_iter().flatten();
        errors.map(|error| error.to_string()).collect()
    }

    #[test]
    fn how_keys_are_fetched_is_checked_when_the_service_starts() {
        let good = || Jwt::discover("https://issuer.example").audience("shop");
        let inside = |host: &str| {
            let jwt = Jwt::jwks_url("http://keycloak:8080/certs").issuer("https://issuer.example");
            jwt.audience("shop").dangerously_allow_http(host)
        };
        let apart = || Jwt::metadata_url("https://issuer.example/elsewhere").audience("shop");
        let authority = include_str!("../http/certificates/authority.pem");
        for jwt in [
            good().proxy("http://proxy:3128"),
            good().root_certificates(authority).fetch_with_bearer_file("/nowhere"),
            inside("keycloak"),
            apart().issuer("https://issuer.example/name"),
        ] {
            assert_eq!(faults(jwt), Vec::<String>::new());
        }
        for (jwt, expected) in [
            (good().proxy("proxy"), "proxy is not a URL"),
            (good().root_certificates("none"), "not in PEM form"),
            (good().dangerously_allow_http("http://keycloak"), "without scheme, port and path"),
            (inside("other"), r#"`.dangerously_allow_http("keycloak")`"#),
            (apart(), "no issuer"),
            (Issuer::es256().jwt().proxy("http://proxy"), "keys are given"),
        ] {
            let found = faults(jwt);
            assert!(matches!(found.as_slice(), [one] if one.contains(expected)), "{found:?}");
        }
    }

    #[test]
    fn a_description_shows_no_password_of_a_proxy() {
        let jwt = Jwt::discover("https://issuer.example").proxy("http://user:s3cr3t@proxy");
        assert!(!format!("{jwt:?}").contains("s3cr3t"));
    }
}
