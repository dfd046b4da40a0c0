//! The HTTP client for key sets, metadata and introspection: one bounded response for each request.
//!
//! 1. HTTPS only; plain HTTP to this machine's own loopback, for development and sidecars, and to
//!    hosts that the description allows.
//! 2. No redirect is followed: an answer cannot lead to an address that is not configured.
//! 3. A document has at most 512 KiB, and five seconds from the look-up of the name to its last byte,
//!    unless a setting changes that.
//! 4. No proxy of the environment, no cookies, no credentials but those that the description gives.
//! 5. A client is made when it is first needed, and tried again at each fetch where that failed. Plain
//!    HTTP needs no certificate authorities, so it works on machines that have none.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION};
#[cfg(feature = "introspection")]
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;

pub(crate) use super::fetch_error::FetchError;
use super::fetching::Transport;
pub(crate) use super::url::{Address, Url};

/// Fetches documents, on the calling thread.
pub(crate) struct Client {
    runtime: tokio::runtime::Runtime,
    http: Http,
}

impl Client {
    pub(crate) fn new(transport: Arc<Transport>) -> Result<Self, String> {
        Ok(Self { runtime: runtime()?, http: Http::new(transport, TIMEOUT) })
    }

    /// Does something with the client, on this thread, until it is done.
    pub(crate) fn run<T>(&self, work: impl AsyncFnOnce(&Http) -> T) -> T {
        self.runtime.block_on(work(&self.http))
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
pub(crate) struct Http {
    transport: Arc<Transport>,
    timeout: Duration,
    /// For addresses on plain HTTP: without the certificate authorities of the system.
    plain: OnceLock<reqwest::Client>,
    encrypted: OnceLock<reqwest::Client>,
}

impl Http {
    pub(crate) fn new(transport: Arc<Transport>, timeout: Duration) -> Self {
        Self { transport, timeout, plain: OnceLock::new(), encrypted: OnceLock::new() }
    }

    /// Where plain HTTP may be sent to.
    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The client for this address.
    fn client(&self, address: &Url) -> Result<reqwest::Client, FetchError> {
        let needs_authorities = address.is_https() || self.transport.has_encrypted_proxy();
        let made = if needs_authorities { &self.encrypted } else { &self.plain };
        if let Some(client) = made.get() {
            return Ok(client.clone());
        }
        let builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(self.timeout)
            .pool_idle_timeout(IDLE)
            .user_agent(concat!("secure-runtime/", env!("CARGO_PKG_VERSION")));
        let client = self.transport.applied_to(builder, needs_authorities).build();
        let client = client.map_err(FetchError::no_client)?;
        Ok(made.get_or_init(|| client).clone())
    }

    /// The document at this address, which must answer 200. It is asked for once more where the
    /// connection ended without an answer, as by [`post`](Self::post); the time is for both attempts
    /// together.
    pub(crate) async fn get(&self, address: &Url, accept: &str) -> Result<String, FetchError> {
        match tokio::time::timeout(self.timeout, self.get_late(address, accept)).await {
            Ok(document) => document,
            Err(_) => Err(FetchError::late(address, self.timeout)),
        }
    }

    async fn get_late(&self, address: &Url, accept: &str) -> Result<String, FetchError> {
        let mut request = self.client(address)?.get(address.for_request()).header(ACCEPT, accept);
        if let Some(bearer) = self.transport.bearer_for(address)? {
            request = request.header(AUTHORIZATION, bearer);
        }
        let failed = |error| FetchError::of(address, error);
        let again = request.try_clone();
        let mut response = sent(request, again).await.map_err(failed)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(FetchError::status(address, response.status().as_u16()));
        }
        let document = body(&mut response, MOST_BYTES).await.map_err(failed)?;
        let document =
            document.ok_or_else(|| format!("`{address}` answered more than {MOST_BYTES} bytes"))?;
        String::from_utf8(document).map_err(|_| format!("`{address}` answered no UTF-8").into())
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
    ) -> Result<Reply, FetchError> {
        let mut request =
            self.client(address)?.post(address.for_request()).header(ACCEPT, accept).body(form);
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let failed = |error| FetchError::of(address, error);
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

/// What a key set is asked for as (RFC 7517 section 8.5.2): some servers answer 406 to the latter alone.
pub(crate) const KEY_SET: &str = "application/jwk-set+json, application/json";
pub(crate) const JSON: &str = "application/json";

const TIMEOUT: Duration = Duration::from_secs(5);
const MOST_BYTES: usize = 512 * 1024;
/// Shorter than servers keep an idle connection.
const IDLE: Duration = Duration::from_secs(4);

#[cfg(test)]
mod tests;
