//! What is fetched over HTTP: one bounded document.
//!
//! 1. HTTPS only; plain HTTP to this machine's own loopback, for development and sidecars.
//! 2. No redirect is followed: an answer cannot lead anywhere but where the configuration says.
//! 3. A document has at most 512 KiB, and five seconds from the look-up of the name to its last byte.
//! 4. No proxy of the environment, no cookies, no credentials.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::ACCEPT;
use reqwest::redirect::Policy;

/// Fetches documents, on the thread that asks for them.
pub(crate) struct Client {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
}

impl Client {
    pub(crate) fn new() -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("no runtime for HTTP: {error}"))?;
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .user_agent(concat!("secure-runtime/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("no HTTP client: {error}"))?;
        Ok(Self { runtime, client })
    }

    /// The document at this address, which must answer 200.
    pub(crate) fn get(&self, Url(address): &Url) -> Result<String, String> {
        let failed = |error: reqwest::Error| format!("`{address}`: {}", error.without_url());
        let document = async {
            let request = self.client.get(address.clone()).header(ACCEPT, "application/json");
            let mut response = request.send().await.map_err(failed)?;
            if response.status() != reqwest::StatusCode::OK {
                return Err(format!("`{address}` answered {}", response.status().as_u16()));
            }
            let mut document = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(failed)? {
                if document.len() + chunk.len() > MOST_BYTES {
                    return Err(format!("`{address}` answered more than {MOST_BYTES} bytes"));
                }
                document.extend_from_slice(&chunk);
            }
            String::from_utf8(document).map_err(|_| format!("`{address}` answered no UTF-8"))
        };
        // The timers of the client start on the runtime.
        self.runtime.block_on(document)
    }
}

/// An address that may be fetched from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url(reqwest::Url);

impl Url {
    /// Reads an address; the error says why it may not be fetched from.
    pub(crate) fn checked(address: &str) -> Result<Self, String> {
        let url = reqwest::Url::parse(address)
            .map_err(|error| format!("`{address}` is not a URL: {error}"))?;
        let url = Self(url);
        if !url.0.username().is_empty() || url.0.password().is_some() {
            return Err("a URL with credentials in it is not fetched from".to_owned());
        }
        match url.0.scheme() {
            "https" => Ok(url),
            "http" if url.is_local() => Ok(url),
            _ => Err(format!("`{address}` is not HTTPS, and not on this machine's loopback")),
        }
    }

    /// Whether it leads to this machine's loopback.
    pub(crate) fn is_local(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        address.map_or(host == "localhost", |address| address.to_canonical().is_loopback())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

const TIMEOUT: Duration = Duration::from_secs(5);
const MOST_BYTES: usize = 512 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_https_or_on_this_machine() {
        for good in [
            "https://issuer.example/keys",
            "http://127.0.0.1:8080/keys",
            "http://localhost/keys",
            "http://[::1]:1/keys",
            "https://10.0.0.1/keys",
        ] {
            assert!(Url::checked(good).is_ok(), "{good}");
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
            assert!(Url::checked(bad).is_err(), "{bad}");
        }
        let fault = Url::checked("https://user:s3cr3t@issuer.example").unwrap_err();
        assert!(!fault.contains("s3cr3t"));
    }
}
