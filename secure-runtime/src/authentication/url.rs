//! Addresses that may be fetched from: HTTPS, and plain HTTP to this machine's loopback or to a host
//! that the description allows.

use std::fmt;
use std::net::IpAddr;

use super::fetching::HttpHosts;
use crate::support::embedded_address::embedded_ipv4;

/// An address that may be fetched from. It is shown without its query, which may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Url(reqwest::Url);

impl Url {
    /// Parses an address. The error has the reason why it may not be fetched from, and the setting that allows it.
    pub(crate) fn checked(address: &str, allowed: &HttpHosts) -> Result<Self, String> {
        // What is no URL is not repeated: it may be anything.
        let url = reqwest::Url::parse(address)
            .map_err(|error| format!("the address is not a URL: {error}"))?;
        let url = Self(url);
        if !url.0.username().is_empty() || url.0.password().is_some() {
            return Err("a URL with credentials in it is not fetched from".to_owned());
        }
        match url.0.scheme() {
            "https" => Ok(url),
            "http" if url.is_local() || allowed.contain(&url) => Ok(url),
            "http" => Err(format!(
                "`{url}` is not HTTPS, and not on this machine's loopback: where the network \
                 between protects what is sent, allow the host with \
                 `.dangerously_allow_http({:?})`; keys may also come from a file with \
                 `Jwt::jwks_file(…)`",
                url.host_name()
            )),
            _ => Err(format!("`{url}` is not HTTPS, and not on this machine's loopback")),
        }
    }

    /// Reads an address that nothing is fetched from.
    pub(crate) fn unchecked(address: &str) -> Option<Self> {
        reqwest::Url::parse(address).ok().map(Self)
    }

    /// Whether it leads to this machine's loopback.
    pub(crate) fn is_local(&self) -> bool {
        self.host().map_or_else(|name| name == "localhost", |address| address.is_loopback())
    }

    /// Whether what is sent there is encrypted.
    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host as the description of an allowed one has it: an IPv6 address without brackets.
    pub(crate) fn host_name(&self) -> String {
        self.host().map_or_else(str::to_owned, |address| address.to_string())
    }

    /// The same host with this path and nothing else.
    pub(crate) fn with_path(&self, path: &str) -> Self {
        let mut url = self.0.clone();
        url.set_path(path);
        url.set_query(None);
        url.set_fragment(None);
        Self(url)
    }

    /// The path, without a slash at its end.
    pub(crate) fn path(&self) -> &str {
        self.0.path().trim_end_matches('/')
    }

    pub(crate) fn for_request(&self) -> reqwest::Url {
        self.0.clone()
    }

    /// How far inside it may lead. A name below `localhost` is this machine (RFC 6761 section 6.3); what
    /// other names resolve to is not known here.
    pub(crate) fn reach(&self) -> Reach {
        match self.host() {
            Ok(address) if address.is_loopback() || is_of_this_host(address) => Reach::Machine,
            Ok(address) if is_private(address) => Reach::Network,
            Ok(_) => Reach::World,
            Err(name) => match name.strip_suffix('.').unwrap_or(name) {
                name if name == "localhost" || name.ends_with(".localhost") => Reach::Machine,
                _ => Reach::World,
            },
        }
    }

    /// The address that stands as its host, else the name.
    fn host(&self) -> Result<IpAddr, &str> {
        let host = self.0.host_str().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        address.map(|address| address.to_canonical()).map_err(|_| host)
    }
}

/// How far inside an address may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    World,
    /// A network that others cannot reach.
    Network,
    Machine,
}

impl fmt::Display for Reach {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::World => "the world",
            Self::Network => "a private network",
            Self::Machine => "this machine",
        })
    }
}

/// "This host on this network" (RFC 1122 section 3.2.1.3), or no address at all.
fn is_of_this_host(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => matches!(address.octets(), [0, ..]),
        IpAddr::V6(address) => address.is_unspecified(),
    }
}

/// Private (RFC 1918, RFC 4193, RFC 3879), of this link alone (RFC 3927, RFC 4291), behind a carrier's
/// NAT (RFC 6598), or of a translator or a tunnel, which may lead to any of these.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let is_carriers = first == 100 && (64..128).contains(&second);
            address.is_private() || address.is_link_local() || is_carriers
        }
        IpAddr::V6(address) => {
            let [first, ..] = address.segments();
            let is_site_local = first & 0xffc0 == 0xfec0;
            address.is_unique_local()
                || address.is_unicast_link_local()
                || is_site_local
                || embedded_ipv4(address).is_some()
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.0.port().map_or_else(String::new, |port| format!(":{port}"));
        let (scheme, host) = (self.0.scheme(), self.0.host_str().unwrap_or_default());
        write!(formatter, "{scheme}://{host}{port}{}", self.0.path())?;
        formatter.write_str(if self.0.query().is_some() { "?…" } else { "" })
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{self}\"")
    }
}

/// An address as a description has it, unchecked: shown as a [`Url`], and not at all where it is none.
#[derive(Clone)]
pub(crate) struct Address(pub(crate) String);

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match reqwest::Url::parse(&self.0) {
            Ok(url) => fmt::Debug::fmt(&Url(url), formatter),
            Err(_) => formatter.write_str("not a URL"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(address: &str) -> Result<Url, String> {
        Url::checked(address, &HttpHosts::default())
    }

    #[test]
    fn a_host_that_is_allowed_is_that_one_host() {
        let mut hosts = HttpHosts::default();
        for host in ["keycloak", "10.0.0.7", "fd00::7", "Hydra.Internal"] {
            hosts.allow(host).unwrap();
        }
        for good in [
            "http://keycloak:8080/keys",
            "http://KEYCLOAK/keys",
            "http://10.0.0.7/keys",
            "http://[fd00::7]:4445/",
            "http://hydra.internal/",
        ] {
            assert!(Url::checked(good, &hosts).is_ok(), "{good}");
        }
        for (bad, name) in [
            ("http://keycloak.example/keys", "keycloak.example"),
            ("http://keycloa/keys", "keycloa"),
            ("http://10.0.0.70/keys", "10.0.0.70"),
            ("http://[fd00::8]/", "fd00::8"),
        ] {
            let fault = Url::checked(bad, &hosts).unwrap_err();
            assert!(fault.contains(&format!("`.dangerously_allow_http({name:?})`")), "{fault}");
        }
        for bad in ["ftp://keycloak/", "http://user:secret@keycloak/"] {
            assert!(Url::checked(bad, &hosts).is_err(), "{bad}");
        }
        for bad in ["", "http://keycloak", "keycloak:8080", "keycloak/", "a b", "me@keycloak", "*"]
        {
            assert!(HttpHosts::default().allow(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_are_https_or_on_this_machine() {
        for good in [
            "https://issuer.example/keys",
            "http://127.0.0.1:8080/keys",
            "http://localhost/keys",
            "http://[::1]:1/keys",
            "https://10.0.0.1/keys",
        ] {
            assert!(checked(good).is_ok(), "{good}");
        }
        for bad in [
            "http://issuer.example/keys",
            "http://169.254.169.254/keys",
            "http://localhost.example/keys",
            "http://127.0.0.1.example/keys",
            "file:///etc/passwd",
            "ftp://issuer.example/keys",
            "https://user:secret@issuer.example/keys",
            "issuer.example",
            "",
        ] {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }

    /// What stands in the log, in errors and in debug output.
    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        let shown = "https://issuer.example:8443/keys?…";
        for good in ["?k=s3cr3t", "?s3cr3t", "?k=s3cr3t#s3cr3t"] {
            let address = format!("https://issuer.example:8443/keys{good}");
            let url = checked(&address).unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?} {:?}", Address(address)), format!("{shown:?} {shown:?}"));
        }
        for bad in [
            "https://user:s3cr3t@issuer.example",
            "https://s3cr3t@issuer.example",
            "http://issuer.example/?k=s3cr3t",
            "s3cr3t",
            "https://[s3cr3t",
        ] {
            let fault = checked(bad).unwrap_err();
            assert!(!fault.contains("s3cr3t"), "{fault}");
            assert!(!format!("{:?}", Address(bad.to_owned())).contains("s3cr3t"), "{bad}");
        }
        let plain = checked("https://[2001:db8::1]/keys").unwrap();
        assert_eq!(plain.to_string(), "https://[2001:db8::1]/keys");
    }
}
