//! What is sent and fetched over HTTP: one bounded answer.
//!
//! 1. HTTPS only; plain HTTP to this machine's own loopback, for development and sidecars.
//! 2. No redirect is followed: an answer cannot lead anywhere but where the configuration says.
//! 3. A document has at most 512 KiB, and five seconds from the look-up of the name to its last byte,
//!    unless the description says otherwise.
//! 4. No proxy of the environment, no cookies, no credentials but those that the description gives.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::ACCEPT;
#[cfg(feature = "introspection")]
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;

use crate::embedded_address::embedded_ipv4;

/// Fetches documents, on the thread that asks for them.
pub(crate) struct Client {
    runtime: tokio::runtime::Runtime,
    http: Http,
}

impl Client {
    pub(crate) fn new() -> Result<Self, String> {
        Ok(Self { runtime: runtime()?, http: Http::new(TIMEOUT)? })
    }

    /// The document at this address, which must answer 200.
    pub(crate) fn get(&self, address: &Url) -> Result<String, String> {
        self.runtime.block_on(async {
            // For both attempts together. Timers start on the runtime.
            let get = tokio::time::timeout(TIMEOUT, self.http.get(address));
            let late = |_| Err(format!("`{address}` did not answer within {TIMEOUT:?}"));
            get.await.unwrap_or_else(late)
        })
    }
}

/// A runtime for the thread that makes it.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // They look names up, and one that hangs must not take another thread each time.
        .max_blocking_threads(16)
        .build()
        .map_err(|error| format!("no runtime for HTTP: {error}"))
}

/// The client itself; its futures live on a [`runtime`].
pub(crate) struct Http(reqwest::Client);

impl Http {
    pub(crate) fn new(timeout: Duration) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(timeout)
            .pool_idle_timeout(IDLE)
            .user_agent(concat!("secure-runtime/", env!("CARGO_PKG_VERSION")))
            .build();
        client.map(Self).map_err(|error| format!("no HTTP client: {error}"))
    }

    /// The document at this address, which must answer 200. It is asked for once more where the
    /// connection ended without an answer, as by [`post`](Self::post).
    pub(crate) async fn get(&self, address: &Url) -> Result<String, String> {
        let request = self.0.get(address.0.clone()).header(ACCEPT, "application/json");
        let failed = |error| failed(address, error);
        let again = request.try_clone();
        let mut response = sent(request, again).await.map_err(failed)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(format!("`{address}` answered {}", response.status().as_u16()));
        }
        let document = body(&mut response, MOST_BYTES).await.map_err(failed)?;
        let document =
            document.ok_or_else(|| format!("`{address}` answered more than {MOST_BYTES} bytes"))?;
        String::from_utf8(document).map_err(|_| format!("`{address}` answered no UTF-8"))
    }

    /// What is answered to a form that is sent to this address, whatever the status; the error is why
    /// there is no answer.
    ///
    /// It is sent once more where the connection ended without an answer: an idle one may end while
    /// it is taken. The form must be one that may be sent twice.
    #[cfg(feature = "introspection")]
    pub(crate) async fn post(
        &self,
        address: &Url,
        Form { accept, authorization, body: form }: Form<'_>,
        most_bytes: usize,
    ) -> Result<Reply, String> {
        let mut request = self.0.post(address.0.clone()).header(ACCEPT, accept).body(form);
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let failed = |error| failed(address, error);
        let again = request.try_clone();
        let mut response = sent(request, again).await.map_err(failed)?;
        let mut types = response.headers().get_all(CONTENT_TYPE).iter();
        let media_type = match (types.next(), types.next()) {
            (Some(one), None) => one.to_str().unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        Ok(Reply {
            status: response.status().as_u16(),
            media_type,
            body: body(&mut response, most_bytes).await.map_err(failed)?,
        })
    }
}

/// What is sent.
#[cfg(feature = "introspection")]
pub(crate) struct Form<'a> {
    pub(crate) accept: &'static str,
    pub(crate) authorization: Option<&'a HeaderValue>,
    pub(crate) body: String,
}

/// What comes back.
#[cfg(feature = "introspection")]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Empty where there is none, or more than one.
    pub(crate) media_type: String,
    /// Nothing where it was too long.
    pub(crate) body: Option<Vec<u8>>,
}

/// Sends a request, and once more where the connection ended without an answer.
async fn sent(
    request: reqwest::RequestBuilder,
    again: Option<reqwest::RequestBuilder>,
) -> Result<reqwest::Response, reqwest::Error> {
    match (request.send().await, again) {
        (Err(error), Some(again)) if !error.is_connect() && !error.is_timeout() => {
            again.send().await
        }
        (sent, _) => sent,
    }
}

/// Reads what an answer holds, unless that is more than so many bytes.
async fn body(
    response: &mut reqwest::Response,
    most: usize,
) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut document = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if document.len() + chunk.len() > most {
            return Ok(None);
        }
        document.extend_from_slice(&chunk);
    }
    Ok(Some(document))
}

fn failed(address: &Url, error: reqwest::Error) -> String {
    format!("`{address}`: {}", error.without_url())
}

/// An address that may be fetched from. It is shown without its query, which may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Url(reqwest::Url);

impl Url {
    /// Reads an address; the error says why it may not be fetched from.
    pub(crate) fn checked(address: &str) -> Result<Self, String> {
        // What is no URL is not repeated: it may be anything.
        let url = reqwest::Url::parse(address)
            .map_err(|error| format!("the address is not a URL: {error}"))?;
        let url = Self(url);
        if !url.0.username().is_empty() || url.0.password().is_some() {
            return Err("a URL with credentials in it is not fetched from".to_owned());
        }
        match url.0.scheme() {
            "https" => Ok(url),
            "http" if url.is_local() => Ok(url),
            _ => Err(format!("`{url}` is not HTTPS, and not on this machine's loopback")),
        }
    }

    /// Whether it leads to this machine's loopback.
    pub(crate) fn is_local(&self) -> bool {
        self.host().map_or_else(|name| name == "localhost", |address| address.is_loopback())
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

const TIMEOUT: Duration = Duration::from_secs(5);
const MOST_BYTES: usize = 512 * 1024;
/// Shorter than servers keep a connection that nobody uses.
const IDLE: Duration = Duration::from_secs(4);

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
    }

    /// What stands in the log, in errors and in debug output.
    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        let shown = "https://issuer.example:8443/keys?…";
        for good in ["?k=s3cr3t", "?s3cr3t", "?k=s3cr3t#s3cr3t"] {
            let address = format!("https://issuer.example:8443/keys{good}");
            let url = Url::checked(&address).unwrap();
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
            let fault = Url::checked(bad).unwrap_err();
            assert!(!fault.contains("s3cr3t"), "{fault}");
            assert!(!format!("{:?}", Address(bad.to_owned())).contains("s3cr3t"), "{bad}");
        }
        let plain = Url::checked("https://[2001:db8::1]/keys").unwrap();
        assert_eq!(plain.to_string(), "https://[2001:db8::1]/keys");
    }
}
