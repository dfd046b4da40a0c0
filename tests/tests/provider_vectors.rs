//! Public conformance cases for discovery and key sets, over HTTP on loopback. Every case that this crate
//! decides differently is listed with the reason.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, web};
use secure_runtime::Clock;
use secure_runtime::authentication::{
    Attempt, Authenticator, IntoAuthenticator, Jwt, RefusalCode, Verdict,
};
use secure_runtime::testing::{FakeClock, Issuer, authenticate};
use secure_tests::TestServer;
use serde_json::Value;

fn text(name: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/identity");
    fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The provider's documents; the provider's name in them is replaced by its address here.
#[derive(Default)]
struct Documents {
    metadata: (u16, String),
    keys: String,
    asked: usize,
}

type Shared = web::Data<Mutex<Documents>>;

async fn metadata(request: HttpRequest, documents: Shared) -> HttpResponse {
    let host = format!("http://{}", request.connection_info().host());
    let mut documents = documents.lock().unwrap();
    documents.asked += 1;
    let (status, text) = &documents.metadata;
    let status = actix_web::http::StatusCode::from_u16(*status).unwrap();
    HttpResponse::build(status).body(text.replace("https://provider.example.com", &host))
}

async fn keys(documents: Shared) -> HttpResponse {
    HttpResponse::Ok().body(documents.lock().unwrap().keys.clone())
}

struct World {
    documents: Arc<Mutex<Documents>>,
    issuer: Issuer,
    clock: FakeClock,
    authenticator: Arc<dyn Authenticator>,
    server: TestServer,
}

impl World {
    fn new() -> Self {
        let documents = Arc::new(Mutex::new(Documents::default()));
        let shared = web::Data::from(Arc::clone(&documents));
        let server = TestServer::run(move || {
            App::new()
                .app_data(shared.clone())
                .route("/.well-known/openid-configuration", web::get().to(metadata))
                .route("/jwks", web::get().to(keys))
        });
        let clock = FakeClock::new();
        let issuer = Issuer::es256().named(server.url("")).kid("known").clock(clock.clone());
        let authenticator = Jwt::discover(server.url(""))
            .dangerously_accept_test_keys()
            .audience("test")
            .into_authenticator();
        let authenticator = authenticator.unwrap();
        let world = Self { documents, issuer, clock, authenticator, server };
        world.says(200, &text("discovery/valid.json"));
        world.publishes(&[&world.issuer]);
        world
    }

    fn says(&self, status: u16, metadata: &str) {
        self.documents.lock().unwrap().metadata = (status, metadata.to_owned());
    }

    fn publishes(&self, issuers: &[&Issuer]) {
        let keys: Vec<_> = issuers.iter().map(|issuer| issuer.jwk()).collect();
        self.documents.lock().unwrap().keys = serde_json::json!({ "keys": keys }).to_string();
    }

    fn asked(&self) -> usize {
        self.documents.lock().unwrap().asked
    }

    async fn present(&self, issuer: &Issuer) -> Result<(), RefusalCode> {
        let line = format!("Bearer {}", issuer.token("ada").sign());
        let headers = [("authorization", line.as_str())];
        let verdict = match authenticate(&*self.authenticator, &headers, self.clock.now()) {
            Attempt::Accepted(_) => return Ok(()),
            Attempt::Refused(refusal) => return Err(refusal.code()),
            Attempt::Pending(waiting) => waiting.await,
            _ => panic!("no credentials"),
        };
        match verdict {
            Verdict::Refused(refusal) => Err(refusal.code()),
            _ => Ok(()),
        }
    }

    /// The result for a token signed with the provider's key, at a service that has just started.
    async fn first(change: impl FnOnce(&Self)) -> Result<(), RefusalCode> {
        let world = Self::new();
        change(&world);
        world.present(&world.issuer).await
    }
}

#[test]
fn every_case_of_both_suites_is_known() {
    for (suite, prefix, cases) in [("discovery.json", "DISC", 10), ("key-sets.json", "JWKS", 7)] {
        let suite: Value = serde_json::from_str(&text(suite)).unwrap();
        let ids = suite["tests"].as_array().unwrap().iter();
        let ids: Vec<_> = ids.map(|case| case["id"].as_str().unwrap().to_owned()).collect();
        let expected: Vec<_> = (1..=cases).map(|number| format!("{prefix}-{number:03}")).collect();
        assert_eq!(ids, expected);
    }
}

#[actix_web::test]
async fn metadata_are_read_as_the_cases_say() {
    const OUT_OF_REACH: Result<(), RefusalCode> = Err(RefusalCode::Unavailable);
    // DISC-001, 002 and 009: with all required members, and more.
    assert_eq!(World::first(|_| {}).await, Ok(()));
    // DISC-003
    let mismatch = text("discovery/issuer-mismatch.json");
    assert_eq!(World::first(|it| it.says(200, &mismatch)).await, OUT_OF_REACH);
    // DISC-006
    for status in [404, 500] {
        let valid = text("discovery/valid.json");
        assert_eq!(World::first(|it| it.says(status, &valid)).await, OUT_OF_REACH);
    }
    // DISC-007
    assert_eq!(World::first(|it| it.says(200, "<html>")).await, OUT_OF_REACH);
    // DISC-008
    let missing = text("discovery/missing-jwks-uri.json");
    assert_eq!(World::first(|it| it.says(200, &missing)).await, OUT_OF_REACH);
    // A difference: members that only clients need for signing in are not required here.
    let missing = text("discovery/missing-multiple-fields.json");
    assert_eq!(World::first(|it| it.says(200, &missing)).await, Ok(()));
    // DISC-010
    let plain = Jwt::discover("http://provider.example.com").audience("test");
    let faults = plain.into_authenticator().err().unwrap();
    assert!(faults.to_string().contains("is not HTTPS"), "{faults:?}");
}

#[actix_web::test]
async fn what_was_fetched_is_kept_and_fetched_again_when_it_is_due() {
    let world = World::new();
    // DISC-004 and JWKS-005, -001 and -003.
    for _ in 0..5 {
        assert_eq!(world.present(&world.issuer).await, Ok(()));
    }
    assert_eq!(world.asked(), 1);
    // DISC-005
    world.clock.advance(Duration::from_secs(601));
    assert_eq!(world.present(&world.issuer).await, Ok(()));
    assert_eq!(world.asked(), 2);
    // JWKS-004
    world.clock.advance(Duration::from_secs(2));
    let next = Issuer::rs256().named(world.server.url("")).kid("next").clock(world.clock.clone());
    assert_eq!(world.present(&next).await, Err(RefusalCode::InvalidToken));
    assert_eq!(world.asked(), 3);
    world.clock.advance(Duration::from_secs(2));
    world.publishes(&[&world.issuer, &next]);
    assert_eq!(world.present(&next).await, Ok(()));
    assert_eq!(world.asked(), 4);
    // A difference to JWKS-006: a token whose signature does not match the key that it names does not trigger a
    // fetch; otherwise anyone could trigger requests to the provider with forged tokens.
    world.clock.advance(Duration::from_secs(2));
    let forged = world.issuer.token("ada").tampered();
    let headers = [("authorization", format!("Bearer {forged}"))];
    let headers = headers.each_ref().map(|(name, line)| (*name, line.as_str()));
    let attempt = authenticate(&*world.authenticator, &headers, world.clock.now());
    assert!(
        matches!(attempt, Attempt::Refused(refusal) if refusal.code() == RefusalCode::InvalidToken)
    );
    assert_eq!(world.asked(), 4);
}

#[actix_web::test]
async fn a_set_that_is_none_verifies_nothing() {
    // JWKS-007
    for keys in [text("empty-jwks.json"), "{".to_owned(), "[]".to_owned(), String::new()] {
        let refused = World::first(|it| it.documents.lock().unwrap().keys = keys).await;
        assert_eq!(refused, Err(RefusalCode::Unavailable));
    }
    // JWKS-001 and 002: a set that contains only keys of others is valid, and has no key for this token.
    let others = text("valid-jwks.json");
    let refused = World::first(|it| it.documents.lock().unwrap().keys = others).await;
    assert_eq!(refused, Err(RefusalCode::InvalidToken));
}
