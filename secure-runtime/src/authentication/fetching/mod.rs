//! How documents of an identity provider are fetched: which hosts may be asked over plain HTTP, which
//! certificate authorities are trusted, through which proxy, and with which token.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use reqwest::{Certificate, ClientBuilder, NoProxy, Proxy};

use super::http::FetchError;
use super::jwt::contains_test_key;
use super::url::Url;
use super::{ConfigurationError, ConfigurationErrorKind, Faults, local_file};

/// The settings.
#[derive(Clone, Default)]
pub(crate) struct Fetching {
    http_hosts: Vec<String>,
    root_certificates: Vec<Vec<u8>>,
    /// A file of certificates, and what else may be meant where it cannot be read.
    root_certificates_file: Option<(PathBuf, &'static str)>,
    proxy: Option<String>,
    bearer_file: Option<PathBuf>,
}

impl Fetching {
    pub(crate) fn allow_http(&mut self, host: String) {
        self.http_hosts.push(host);
    }

    pub(crate) fn trust(&mut self, pem: Vec<u8>) {
        self.root_certificates.push(pem);
    }

    /// The same of a file, which is read when the service starts.
    pub(crate) fn trust_file(&mut self, path: PathBuf, otherwise: &'static str) {
        self.root_certificates_file = Some((path, otherwise));
    }

    pub(crate) fn go_through(&mut self, proxy: String) {
        self.proxy = Some(proxy);
    }

    pub(crate) fn send_bearer(&mut self, path: PathBuf) {
        self.bearer_file = Some(path);
    }

    /// Checks the description; adds what is wrong with it. What is returned is complete only where
    /// nothing was.
    pub(crate) fn check(&self, faults: &mut Faults) -> Arc<Transport> {
        let mut transport =
            Transport { bearer_file: self.bearer_file.clone(), ..Default::default() };
        for host in &self.http_hosts {
            faults.extend(transport.http_hosts.allow(host).err().map(ConfigurationError::invalid));
        }
        for pem in &self.root_certificates {
            match certificates(pem) {
                Ok(found) => transport.root_certificates.extend(found),
                Err(fault) => faults.push(fault),
            }
        }
        if let Some((path, otherwise)) = &self.root_certificates_file {
            let read = std::fs::read(path);
            match read
                .map_err(|error| ConfigurationError::unreadable(error.to_string()))
                .and_then(|pem| certificates(&pem))
            {
                Ok(found) => transport.root_certificates.extend(found),
                Err(fault) if fault.kind() == ConfigurationErrorKind::TestKey => {
                    faults.push(fault.prefixed(format_args!("`{}`: ", path.display())));
                }
                Err(fault) => faults.push(ConfigurationError::unreadable(format!(
                    "`{}`: {fault}; {otherwise}",
                    path.display()
                ))),
            }
        }
        match self.proxy.as_deref().map(proxy).transpose() {
            Ok(found) => transport.proxy = found,
            Err(fault) => faults.push(ConfigurationError::invalid(fault)),
        }
        Arc::new(transport)
    }

    /// Whether there is a setting that only has an effect if something is fetched.
    pub(crate) fn is_used(&self) -> bool {
        let Self { http_hosts, root_certificates, root_certificates_file, proxy, bearer_file } =
            self;
        !http_hosts.is_empty()
            || !root_certificates.is_empty()
            || root_certificates_file.is_some()
            || proxy.is_some()
            || bearer_file.is_some()
    }
}

/// Neither the proxy's address, which may hold a password, nor certificates.
impl fmt::Debug for Fetching {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Fetching")
            .field("http_hosts", &self.http_hosts)
            .field("has_proxy", &self.proxy.is_some())
            .field("bearer_file", &self.bearer_file)
            .finish_non_exhaustive()
    }
}

/// A description without fault.
#[derive(Default)]
pub(crate) struct Transport {
    pub(crate) http_hosts: HttpHosts,
    root_certificates: Vec<Certificate>,
    proxy: Option<CheckedProxy>,
    bearer_file: Option<PathBuf>,
}

struct CheckedProxy {
    proxy: Proxy,
    is_encrypted: bool,
}

impl Transport {
    /// Whether what goes through the proxy is encrypted on the way to it.
    pub(crate) fn has_encrypted_proxy(&self) -> bool {
        self.proxy.as_ref().is_some_and(|proxy| proxy.is_encrypted)
    }

    /// A client of this description; with the certificate authorities of the system where they are
    /// needed.
    pub(crate) fn applied_to(
        &self,
        builder: ClientBuilder,
        needs_authorities: bool,
    ) -> ClientBuilder {
        let certificates = self.root_certificates.iter().cloned();
        let builder = match needs_authorities {
            true => builder.tls_certs_merge(certificates),
            false => builder.tls_certs_only(certificates),
        };
        match &self.proxy {
            None => builder,
            Some(checked) => builder.proxy(checked.proxy.clone()),
        }
    }

    /// The `Authorization` of a fetch from this address, if the description has one: read anew, because
    /// such files are replaced while the service runs.
    pub(crate) fn bearer_for(&self, address: &Url) -> Result<Option<HeaderValue>, FetchError> {
        let Some(path) = &self.bearer_file else { return Ok(None) };
        if !address.is_https() && !self.http_hosts.contain(address) {
            return Ok(None);
        }
        let failed =
            |fault: &str| format!("the file of the bearer token `{}` {fault}", path.display());
        let text = local_file::read(path, MOST_BEARER_BYTES).map_err(|fault| failed(&fault))?;
        let mut value = HeaderValue::from_str(&format!("Bearer {}", text.trim()))
            .map_err(|_| failed("has characters that no token has"))?;
        if text.trim().is_empty() {
            return Err(failed("is empty").into());
        }
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

/// The hosts that may be called over plain HTTP, and that metadata may lead to wherever they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct HttpHosts(Vec<String>);

impl HttpHosts {
    /// Allows a host; the error is why this is none.
    pub(crate) fn allow(&mut self, host: &str) -> Result<(), String> {
        let fault = || {
            format!(
                "{host:?} is not a host that plain HTTP can be allowed for: expected a name or an \
                 address, without scheme, port and path"
            )
        };
        let is_other = |character: char| {
            !character.is_alphanumeric() && !matches!(character, '.' | '-' | '_' | ':')
        };
        if host.is_empty() || host.contains(is_other) {
            return Err(fault());
        }
        let authority = match host.parse::<std::net::Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) if host.contains(':') => return Err(fault()),
            Err(_) => host.to_owned(),
        };
        let url = Url::unchecked(&format!("http://{authority}/")).ok_or_else(fault)?;
        self.0.push(url.host_name());
        Ok(())
    }

    pub(crate) fn contain(&self, url: &Url) -> bool {
        let name = url.host_name();
        self.0.contains(&name)
    }
}

/// The certificates in a PEM bundle, if they are certificates of authorities.
fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, ConfigurationError> {
    let none = || {
        ConfigurationError::invalid(
            "a root certificate is not in PEM form, expected `-----BEGIN CERTIFICATE-----`",
        )
    };
    let certificates = Certificate::from_pem_bundle(pem).map_err(|_| none())?;
    let read = decoded(pem).filter(|read| read.len() == certificates.len()).ok_or_else(none)?;
    if certificates.is_empty() {
        return Err(none());
    }
    if read.iter().any(|der| contains_test_key(der)) {
        return Err(ConfigurationError::new(
            ConfigurationErrorKind::TestKey,
            "a root certificate has a test key of this crate, with which everybody can sign",
        ));
    }
    // The library looks into them when it makes a client.
    let client = ClientBuilder::new().no_proxy().tls_certs_only(certificates.clone()).build();
    match client {
        Ok(_) => Ok(certificates),
        Err(_) => Err(ConfigurationError::invalid(
            "a root certificate is not an X.509 certificate that can be trusted",
        )),
    }
}

/// The certificates in a PEM bundle as DER (RFC 7468 section 5); `None` if one cannot be decoded.
fn decoded(pem: &[u8]) -> Option<Vec<Vec<u8>>> {
    let text = String::from_utf8_lossy(pem);
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    let decode = |block: &str| {
        let body: String = block.split_once("-----END")?.0.split_ascii_whitespace().collect();
        STANDARD.decode(body).ok()
    };
    blocks.map(decode).collect()
}

/// This machine is never called through a proxy.
fn proxy(address: &str) -> Result<CheckedProxy, String> {
    // What is no URL is not repeated, nor are its credentials.
    let url = reqwest::Url::parse(address)
        .map_err(|error| format!("the address of the proxy is not a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("the proxy's address is not of `http` or `https`".to_owned());
    }
    let is_encrypted = url.scheme() == "https";
    let proxy = Proxy::all(url).map_err(|_| "the proxy's address cannot be used".to_owned())?;
    let proxy = proxy.no_proxy(NoProxy::from_string("localhost,127.0.0.0/8,::1"));
    Ok(CheckedProxy { proxy, is_encrypted })
}

/// Tokens of service accounts have some 1,200.
const MOST_BEARER_BYTES: u64 = 64 * 1024;

#[cfg(test)]
mod tests;
