//! An identity provider on loopback that serves metadata and keys, correctly or with a chosen fault.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::header;
use actix_web::{App, HttpRequest, HttpResponse, web};
use secure_runtime::testing::Issuer;
use serde_json::{Value, json};

use crate::TestServer;

/// How the provider answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    Good,
    /// Answers with this status and an empty body.
    Down(u16),
    /// Answers correctly, but late.
    Slow(Duration),
    /// Its metadata contain another issuer.
    OtherIssuer,
    /// Its metadata contain this address of the keys.
    KeysAt(String),
    /// It redirects the client to this address.
    Redirecting(String),
    /// It sends this many bytes before its answer.
    Padded(usize),
    /// It sends this text instead of its keys.
    Saying(String),
}

/// An identity provider with its keys and its current behaviour.
pub struct IdentityProvider {
    server: TestServer,
    state: Arc<Mutex<State>>,
}

struct State {
    keys: Vec<Value>,
    behaviour: Behaviour,
    /// How often its keys were fetched.
    asked: usize,
}

impl IdentityProvider {
    /// Starts a provider that publishes no key.
    pub fn start() -> Self {
        let state = State { keys: Vec::new(), behaviour: Behaviour::Good, asked: 0 };
        let state = Arc::new(Mutex::new(state));
        let shared = web::Data::from(Arc::clone(&state));
        let server = TestServer::run(move || {
            App::new()
                .app_data(shared.clone())
                .route("/.well-known/openid-configuration", web::get().to(metadata))
                .route("/keys", web::get().to(keys))
        });
        Self { server, state }
    }

    /// The provider's issuer identifier.
    pub fn issuer(&self) -> String {
        self.server.url("")
    }

    /// The address of its key set.
    pub fn keys_url(&self) -> String {
        self.server.url("/keys")
    }

    /// An `Issuer` with the provider's identifier; its key is not published yet.
    pub fn signing(&self, issuer: Issuer, kid: &str) -> Issuer {
        issuer.named(self.issuer()).kid(kid)
    }

    /// Publishes the keys of exactly these issuers.
    pub fn publish(&self, issuers: &[&Issuer]) {
        self.state().keys = issuers.iter().map(|issuer| issuer.jwk()).collect();
    }

    pub fn behave(&self, behaviour: Behaviour) {
        self.state().behaviour = behaviour;
    }

    /// How often its keys were fetched.
    pub fn asked(&self) -> usize {
        self.state().asked
    }

    /// Waits until its keys were fetched that often.
    pub async fn until_asked(&self, times: usize) {
        while self.asked() < times {
            actix_web::rt::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Shared = web::Data<Mutex<State>>;

async fn metadata(request: HttpRequest, state: Shared) -> HttpResponse {
    let host = format!("http://{}", request.connection_info().host());
    let (mut issuer, mut keys) = (host.clone(), format!("{host}/keys"));
    match &state.lock().unwrap_or_else(PoisonError::into_inner).behaviour {
        Behaviour::Down(_) => return HttpResponse::InternalServerError().finish(),
        Behaviour::OtherIssuer => issuer = "https://other.example".to_owned(),
        Behaviour::KeysAt(address) => keys = address.clone(),
        _ => {}
    }
    HttpResponse::Ok().json(json!({ "issuer": issuer, "jwks_uri": keys }))
}

async fn keys(state: Shared) -> HttpResponse {
    let (set, behaviour) = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.asked += 1;
        (json!({ "keys": state.keys }).to_string(), state.behaviour.clone())
    };
    match behaviour {
        Behaviour::Down(status) => {
            let status = actix_web::http::StatusCode::from_u16(status);
            HttpResponse::build(status.expect("a status")).finish()
        }
        Behaviour::Redirecting(address) => {
            HttpResponse::Found().insert_header((header::LOCATION, address)).finish()
        }
        Behaviour::Padded(bytes) => HttpResponse::Ok().body(" ".repeat(bytes) + &set),
        Behaviour::Saying(text) => HttpResponse::Ok().body(text),
        Behaviour::Slow(time) => {
            actix_web::rt::time::sleep(time).await;
            HttpResponse::Ok().body(set)
        }
        _ => HttpResponse::Ok().body(set),
    }
}
