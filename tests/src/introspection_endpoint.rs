//! A token introspection endpoint on loopback (RFC 7662) that answers for its known tokens, correctly or with
//! a chosen fault.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{App, HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use crate::TestServer;

/// How the endpoint answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manners {
    Good,
    /// Answers with this status and an empty body.
    Down(u16),
    /// Answers with this status and this JSON.
    Failing(u16, String),
    /// Holds each request until the behaviour changes, then answers correctly.
    Holding,
    /// Redirects the client to this address.
    Redirecting(String),
    /// Sends this many bytes before its answer.
    Padded(usize),
    /// Answers with this media type and this text.
    Saying(&'static str, String),
    /// Closes the connection in the middle of the answer.
    Breaking,
}

/// An introspection endpoint with its tokens, its client and its current behaviour.
pub struct IntrospectionEndpoint {
    server: TestServer,
    state: Arc<Mutex<State>>,
}

struct State {
    tokens: HashMap<String, Value>,
    manners: Manners,
    signer: Option<Signer>,
    judge: Judge,
    asked: usize,
    at_once: usize,
    most_at_once: usize,
    last: Option<Question>,
}

/// Turns the answer about a token into a signed one (RFC 9701).
type Signer = Box<dyn Fn(&Value) -> String + Send>;

/// Whether the request's client authentication is valid.
type Judge = Arc<dyn Fn(&Question) -> bool + Send + Sync>;

/// The parts of an introspection request that tests check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    pub authorization: Option<String>,
    pub accept: Option<String>,
    pub form: HashMap<String, String>,
}

impl IntrospectionEndpoint {
    /// The id and the secret of the only accepted client.
    pub const CLIENT: (&str, &str) = ("shop api", "s3cr3t:+%/ of the client");

    /// Starts an endpoint without tokens.
    pub fn start() -> Self {
        let state = State {
            tokens: HashMap::new(),
            manners: Manners::Good,
            signer: None,
            judge: Arc::new(is_the_client),
            asked: 0,
            at_once: 0,
            most_at_once: 0,
            last: None,
        };
        let state = Arc::new(Mutex::new(state));
        let shared = web::Data::from(Arc::clone(&state));
        let server = TestServer::run(move || {
            App::new()
                .app_data(shared.clone())
                .app_data(web::FormConfig::default().limit(1 << 20))
                .route("/.well-known/openid-configuration", web::get().to(metadata))
                .route("/introspect", web::post().to(introspect))
        });
        Self { server, state }
    }

    /// The issuer whose metadata contain this endpoint.
    pub fn issuer(&self) -> String {
        self.server.url("")
    }

    pub fn url(&self) -> String {
        self.server.url("/introspect")
    }

    /// Adds a token with its answer.
    pub fn know(&self, token: impl Into<String>, answer: Value) {
        self.state().tokens.insert(token.into(), answer);
    }

    /// Revokes a token: removes it, so that it is reported as inactive.
    pub fn revoke(&self, token: &str) {
        self.state().tokens.remove(token);
    }

    pub fn behave(&self, manners: Manners) {
        self.state().manners = manners;
    }

    /// Signs all further answers (RFC 9701).
    pub fn sign(&self, signer: impl Fn(&Value) -> String + Send + 'static) {
        self.state().signer = Some(Box::new(signer));
    }

    /// Replaces the check of the [client](Self::CLIENT)'s secret with this function.
    pub fn judge_clients(&self, judge: impl Fn(&Question) -> bool + Send + Sync + 'static) {
        self.state().judge = Arc::new(judge);
    }

    /// The number of introspection requests.
    pub fn asked(&self) -> usize {
        self.state().asked
    }

    /// The largest number of introspection requests in flight at once.
    pub fn most_at_once(&self) -> usize {
        self.state().most_at_once
    }

    /// The last introspection request.
    pub fn last(&self) -> Option<Question> {
        self.state().last.clone()
    }

    /// Waits until there were this many introspection requests.
    pub async fn until_asked(&self, times: usize) {
        while self.asked() < times {
            actix_web::rt::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

type Shared = web::Data<Mutex<State>>;

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn metadata(request: HttpRequest) -> HttpResponse {
    let host = format!("http://{}", request.connection_info().host());
    let endpoint = format!("{host}/introspect");
    HttpResponse::Ok().json(json!({ "issuer": host, "introspection_endpoint": endpoint }))
}

async fn introspect(
    request: HttpRequest,
    form: web::Form<HashMap<String, String>>,
    state: Shared,
) -> HttpResponse {
    let line = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let question = Question {
        authorization: line(header::AUTHORIZATION).map(str::to_owned),
        accept: line(header::ACCEPT).map(str::to_owned),
        form: form.into_inner(),
    };
    {
        let mut state = lock(&state);
        state.asked += 1;
        state.at_once += 1;
        state.most_at_once = state.most_at_once.max(state.at_once);
        state.last = Some(question.clone());
    }
    while lock(&state).manners == Manners::Holding {
        actix_web::rt::time::sleep(Duration::from_millis(1)).await;
    }
    let mut state = lock(&state);
    state.at_once -= 1;
    answer(&state, &question)
}

fn answer(state: &State, question: &Question) -> HttpResponse {
    if !(state.judge)(question) {
        return HttpResponse::Unauthorized().json(json!({ "error": "invalid_client" }));
    }
    let (media_type, text) = state.about(question.form.get("token"));
    let mut ok = HttpResponse::Ok();
    ok.content_type(media_type);
    match &state.manners {
        Manners::Good | Manners::Holding => ok.body(text),
        Manners::Down(status) => {
            let status = StatusCode::from_u16(*status).expect("a status");
            HttpResponse::build(status).body(text)
        }
        Manners::Failing(status, text) => {
            let status = StatusCode::from_u16(*status).expect("a status");
            HttpResponse::build(status).content_type("application/json").body(text.clone())
        }
        Manners::Redirecting(address) => {
            let address = (header::LOCATION, address.clone());
            HttpResponse::TemporaryRedirect().insert_header(address).body(text)
        }
        Manners::Padded(bytes) => ok.body(" ".repeat(*bytes) + &text),
        Manners::Saying(media_type, text) => ok.content_type(*media_type).body(text.clone()),
        Manners::Breaking => {
            // The announced length is larger than the body.
            ok.no_chunking(text.len() as u64 + 100);
            let part = futures_util::stream::once(async move {
                Ok::<_, actix_web::Error>(web::Bytes::from(text))
            });
            ok.streaming(part)
        }
    }
}

impl State {
    /// The answer about a token, with its media type.
    fn about(&self, token: Option<&String>) -> (&'static str, String) {
        let known = token.and_then(|token| self.tokens.get(token)).cloned();
        let about = known.unwrap_or_else(|| json!({ "active": false }));
        match &self.signer {
            None => ("application/json", about.to_string()),
            Some(sign) => ("application/token-introspection+jwt", sign(&about)),
        }
    }
}

/// Whether the client is authenticated in the header or in the body, but not in both.
fn is_the_client(question: &Question) -> bool {
    let (id, secret) = IntrospectionEndpoint::CLIENT;
    let in_body = question.form.get("client_id").map(String::as_str) == Some(id)
        && question.form.get("client_secret").map(String::as_str) == Some(secret);
    // base64 of `shop+api:s3cr3t%3A%2B%25%2F+of+the+client` (RFC 6749 section 2.3.1).
    let expected = "Basic c2hvcCthcGk6czNjcjN0JTNBJTJCJTI1JTJGK29mK3RoZStjbGllbnQ=";
    match &question.authorization {
        None => in_body,
        Some(line) => line == expected && !question.form.contains_key("client_secret"),
    }
}
