//! The thread that sends introspection requests: one request for each flight, a bounded number at once,
//! each with a timeout.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Mutex, Semaphore};

use super::answer::Expectations;
use super::client::Credentials;
use super::outcome::Outcome;
use super::request::{End, Order};
use super::single_flight::{CROWDED, OUT_OF_REACH};
use crate::authentication::fetching::Transport;
use crate::authentication::http::{self, Http, JSON, Reply, Url};
use crate::authentication::json::{Json, Object};
use crate::authentication::jwt::JwtAuthenticator;
use crate::authentication::metadata::Metadata;
use crate::support::time::Moment;

/// Everything that asking needs.
pub(super) struct Exchange {
    pub(super) endpoint: Endpoint,
    pub(super) credentials: Credentials,
    pub(super) expectations: Arc<Expectations>,
    pub(super) signed: Option<Arc<JwtAuthenticator>>,
    pub(super) transport: Arc<Transport>,
    pub(super) timeout: Duration,
    pub(super) at_once: usize,
}

/// Where the question goes.
pub(super) enum Endpoint {
    At(Url),
    /// Where this issuer's metadata say, once they have been read.
    Discovered {
        metadata: Metadata,
        found: Mutex<Option<Url>>,
    },
}

/// An [`Exchange`] on its thread.
struct Running {
    exchange: Exchange,
    http: Http,
    turns: Semaphore,
}

impl Exchange {
    /// Asks until the authenticator is gone; ends the thread's life.
    pub(super) fn run(self, mut orders: UnboundedReceiver<Order>) -> Result<(), String> {
        // Made and dropped on this thread: a runtime must not end within another.
        let runtime = http::runtime()?;
        let running = Arc::new(Running {
            http: Http::new(Arc::clone(&self.transport), self.timeout),
            turns: Semaphore::new(self.at_once),
            exchange: self,
        });
        runtime.block_on(async {
            while let Some(order) = orders.recv().await {
                let running = Arc::clone(&running);
                drop(tokio::spawn(async move { running.fly(order).await }));
            }
        });
        Ok(())
    }
}

impl Running {
    async fn fly(&self, order: Order) {
        let timeout = self.exchange.timeout;
        let end = match tokio::time::timeout(timeout, self.turns.acquire()).await {
            Ok(Ok(_turn)) if order.may_call() => {
                match tokio::time::timeout(timeout, self.ask(&order)).await {
                    Ok(end) => end,
                    Err(_) => End::OutOfReach(format!("no answer within {timeout:?}")),
                }
            }
            Ok(_) => End::Unasked(OUT_OF_REACH),
            Err(_) => End::Unasked(CROWDED),
        };
        order.land(end);
    }

    async fn ask(&self, order: &Order) -> End {
        let Exchange { endpoint, credentials, signed, .. } = &self.exchange;
        let address = match endpoint.address(&self.http).await {
            Ok(address) => address,
            Err(cause) => return End::OutOfReach(cause),
        };
        let expected_type = if signed.is_some() { SIGNED } else { JSON };
        let Some(form) = credentials.form(&order.token, expected_type, order.moment()) else {
            return End::Unasked("the client's proof cannot be signed");
        };
        let reply = match self.http.post(&address, form, MOST_BYTES).await {
            Ok(reply) if is_about_the_token(&reply) => {
                return End::Answered(Outcome::Refused(
                    "the provider does not introspect tokens of this kind \
                     (`unsupported_token_type`)",
                ));
            }
            Ok(reply) if is_about_the_provider(reply.status) => {
                endpoint.forget().await;
                return End::OutOfReach(format!("`{address}` answered {}", reply.status));
            }
            Ok(reply) => reply,
            Err(cause) => {
                endpoint.forget().await;
                return End::OutOfReach(cause.to_string());
            }
        };
        End::Answered(match body(reply, expected_type) {
            Ok(answer) => self.read(answer, order.moment()).await,
            Err(cause) => Outcome::Unknown(cause),
        })
    }

    async fn read(&self, answer: String, now: Moment) -> Outcome {
        let Exchange { expectations, signed, .. } = &self.exchange;
        let Some(signed) = signed else { return expectations.read(&answer, now) };
        match open(signed, answer.as_bytes(), now).await {
            Ok(answer) => expectations.read(&answer, now),
            Err(cause) => Outcome::Unknown(cause),
        }
    }
}

/// The answer within a signed one (RFC 9701 section 5).
async fn open(
    signed: &JwtAuthenticator,
    document: &[u8],
    now: Moment,
) -> Result<String, &'static str> {
    let payload = signed.open_document(document, SIGNED, now).await?;
    let claims = Object::parse(&payload).map_err(|_| "the signed answer is not a strict object")?;
    signed.check_document(&claims, now)?;
    let members: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&payload).map_err(|_| "the signed answer is not a strict object")?;
    match members.get("token_introspection") {
        Some(answer) => Ok(answer.to_string()),
        None => Err("the signed answer has no `token_introspection`"),
    }
}

impl Endpoint {
    async fn address(&self, http: &Http) -> Result<Url, String> {
        match self {
            Self::At(address) => Ok(address.clone()),
            Self::Discovered { metadata, found } => {
                // Requests that arrive meanwhile wait for the same answer.
                let mut found = found.lock().await;
                if let Some(address) = &*found {
                    return Ok(address.clone());
                }
                let address = metadata.find("introspection_endpoint", http).await?;
                Ok(found.insert(address).clone())
            }
        }
    }

    /// Has the metadata read again: the endpoint may have moved.
    async fn forget(&self) {
        if let Self::Discovered { found, .. } = self {
            found.lock().await.take();
        }
    }
}

/// Whether an error says that tokens of this kind are not introspected, JWTs say: it is an answer about
/// the token (RFC 7009 section 2.2.1 has the code, providers answer it here too).
fn is_about_the_token(reply: &Reply) -> bool {
    let error = |body: &[u8]| {
        let body = std::str::from_utf8(body).ok()?;
        let body = Object::parse_at_most(body, MOST_VALUES).ok()?;
        Some(
            matches!(body.get("error"), Some(Json::Text(code)) if code == "unsupported_token_type"),
        )
    };
    matches!(reply.status, 400..=499) && reply.body.as_deref().and_then(error).unwrap_or_default()
}

/// Whether a status says something about the provider, or about what it thinks of this service,
/// and not about one token. 403 is what firewalls in front of it answer to a token that reads like an
/// attack: sending one must not end the questions of others.
fn is_about_the_provider(status: u16) -> bool {
    matches!(status, 300..=399 | 401 | 404 | 405 | 410 | 429 | 502..=504)
}

/// What an answer holds, if it is one.
fn body(reply: Reply, expected_type: &str) -> Result<String, &'static str> {
    match reply.status {
        200 => {}
        400 => {
            return Err("the endpoint answered 400: it does not take the question or the client");
        }
        403 => return Err("the endpoint, or what stands in front of it, answered 403"),
        500 => return Err("the endpoint answered 500"),
        _ => return Err("the endpoint answered neither 200 nor an error that it should"),
    }
    let media_type = reply.media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case(expected_type) {
        return Err(if expected_type == SIGNED {
            "the answer is not signed"
        } else {
            "the answer is not `application/json`"
        });
    }
    let body = reply.body.ok_or("the answer is too long")?;
    String::from_utf8(body).map_err(|_| "the answer is not UTF-8")
}

/// RFC 9701 section 4.
const SIGNED: &str = "application/token-introspection+jwt";

/// What an error may hold.
const MOST_VALUES: usize = 100;

/// What an answer may be long. It is kept with the caller.
const MOST_BYTES: usize = 64 * 1024;
