//! Opaque tokens and their introspection endpoint: correct answers, and answers that are wrong, late or
//! missing.

mod answers;
mod memory;
mod outages;
mod revocation;
mod signed;

use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use futures_util::future::join_all;
use secure_runtime::authentication::{
    Attempt, ClientKey, IntoAuthenticator, Introspection, Jwt, RefusalCode, Verdict,
};
use secure_runtime::testing::{FakeClock, Issuer, authenticate, verify_signature};
use secure_runtime::{Clock, Principal, Security, SecurityBuilder, secure};
use secure_tests::{Answer, IntrospectionEndpoint, Manners, TestServer, bearer};
use serde_json::{Value, json};

use crate::Runs;

#[secure(scopes = "orders:read")]
#[get("/orders")]
async fn orders(caller: Principal, runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().body(caller.subject().to_owned())
}

#[secure(fresh = "30s", acr = "mfa")]
#[get("/transfer")]
async fn transfer(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

const ISSUER: &str = "https://issuer.test";
const MODULE: &str = module_path!();

/// An introspection endpoint, and a service that uses it.
struct World {
    endpoint: IntrospectionEndpoint,
    clock: FakeClock,
    security: Security,
    server: TestServer,
    runs: Runs,
}

/// The configuration that matches the endpoint.
fn fitting(endpoint: &IntrospectionEndpoint) -> Introspection {
    let (id, secret) = IntrospectionEndpoint::CLIENT;
    let at = Introspection::at(endpoint.url()).client_secret_basic(id, secret);
    at.issuer(ISSUER).audience("test")
}

impl World {
    fn new() -> Self {
        Self::with(fitting)
    }

    fn with(description: impl FnOnce(&IntrospectionEndpoint) -> Introspection) -> Self {
        Self::built(|builder, endpoint| builder.authenticator("opaque", description(endpoint)))
    }

    fn built(
        build: impl FnOnce(SecurityBuilder, &IntrospectionEndpoint) -> SecurityBuilder,
    ) -> Self {
        Self::at(FakeClock::new(), build)
    }

    fn at(
        clock: FakeClock,
        build: impl FnOnce(SecurityBuilder, &IntrospectionEndpoint) -> SecurityBuilder,
    ) -> Self {
        let endpoint = IntrospectionEndpoint::start();
        let builder = Security::builder().answers_for(MODULE).clock(clock.clone());
        let security = build(builder, &endpoint).build().unwrap();
        let runs = Runs::default();
        let data = web::Data::new(runs.clone());
        let shared = security.clone();
        let server = TestServer::run(move || {
            let api = secure_runtime::scope("").service(orders).service(transfer);
            actix_web::App::new().app_data(shared.clone()).app_data(data.clone()).service(api)
        });
        Self { endpoint, clock, security, server, runs }
    }

    /// The answer about a valid token of this subject, which expires in a minute.
    fn active(&self, subject: &str) -> Value {
        let now = self.clock.now().unix_seconds();
        json!({
            "active": true, "sub": subject, "iss": ISSUER, "aud": "test", "scope": "orders:read",
            "client_id": "app", "token_type": "Bearer", "iat": now, "exp": now + 60,
        })
    }

    fn know(&self, token: &str) {
        self.endpoint.know(token, self.active("ada"));
    }

    /// The status for a token; asserts that the handler ran exactly if it is 200.
    async fn answer(&self, token: &str) -> Answer {
        let before = self.runs.so_far();
        let answer = self.server.get("/orders", &[&bearer(token)]).await;
        assert_eq!(self.runs.so_far() - before, usize::from(answer.status == 200), "{answer:?}");
        answer
    }

    async fn status(&self, token: &str) -> u16 {
        self.answer(token).await.status
    }

    /// Asserts 401 `invalid_token`.
    async fn is_refused(&self, token: &str, what: &str) {
        let answer = self.answer(token).await;
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
        answer.problem(401);
        let challenge = answer.header("www-authenticate").unwrap();
        assert_eq!(challenge, r#"Bearer realm="api", error="invalid_token""#, "{what}");
    }

    /// Asserts 503 without a challenge, because the client does not need another token.
    async fn is_unavailable(&self, token: &str, what: &str) {
        let answer = self.answer(token).await;
        assert_eq!(answer.status, 503, "{what}: {answer:?}");
        answer.problem(503);
        assert_eq!(answer.header("www-authenticate"), None, "{what}");
    }
}
