//! Public conformance cases for token introspection, over HTTP on loopback. Every case that this crate decides
//! differently is listed with the reason.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::fs;
use std::path::PathBuf;

use secure_runtime::Clock;
use secure_runtime::authentication::{
    Attempt, Authenticator, IntoAuthenticator, Introspection, RefusalCode, Verdict,
};
use secure_runtime::testing::{FakeClock, authenticate, introspected};
use secure_tests::{IntrospectionEndpoint, Manners, unix};
use serde_json::Value;

fn text(name: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/identity");
    fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn fixture(name: &str) -> Value {
    serde_json::from_str(&text(&format!("introspection/{name}"))).unwrap()
}

/// A time within the lifetime of the token in `active-response.json`.
fn clock() -> FakeClock {
    FakeClock::at(unix(1_419_350_300))
}

fn described(endpoint: &IntrospectionEndpoint) -> Introspection {
    let (id, secret) = IntrospectionEndpoint::CLIENT;
    let description = Introspection::at(endpoint.url()).issuer("https://server.example.com/");
    let audience = "https://protected.example.net/resource";
    description.client_secret_basic(id, secret).audience(audience)
}

async fn ask(authenticator: &dyn Authenticator, token: &str) -> Verdict {
    let line = format!("Bearer {token}");
    match authenticate(authenticator, &[("authorization", &line)], clock().now()) {
        Attempt::Accepted(caller) => panic!("seen before: {caller:?}"),
        Attempt::Pending(waiting) => waiting.await,
        _ => panic!("refused without a question"),
    }
}

fn code(verdict: Verdict) -> RefusalCode {
    match verdict {
        Verdict::Refused(refusal) => refusal.code(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_case_of_the_suite_is_known() {
    let suite: Value = serde_json::from_str(&text("introspection.json")).unwrap();
    let ids: Vec<_> = suite["tests"].as_array().unwrap().iter().map(|test| &test["id"]).collect();
    assert_eq!(ids, ["INTR-001", "INTR-002", "INTR-003", "INTR-004", "INTR-005", "INTR-006"]);
}

#[actix_web::test]
async fn intr_001_an_active_token_names_its_caller_and_every_member_stays_readable() {
    let endpoint = IntrospectionEndpoint::start();
    let authenticator = described(&endpoint).into_authenticator().unwrap();
    let answer = fixture("active-response.json");
    endpoint.know("token", answer.clone());
    let Verdict::Accepted(caller) = ask(&*authenticator, "token").await else { panic!("refused") };
    assert_eq!(caller.subject(), "Z5O3upPC88QrAjx00dis");
    assert_eq!(caller.issuer(), Some("https://server.example.com/"));
    assert_eq!(caller.scopes().collect::<Vec<_>>(), ["read", "write", "dolphin"]);
    assert_eq!(caller.expires_at(), Some(unix(1_419_356_238)));
    assert_eq!(caller.claims::<Value>().unwrap(), answer);
    // Before and after its lifetime the token is refused; `iat` may be up to five seconds in the future.
    for seconds in [1_419_350_232, 1_419_356_238] {
        let now = FakeClock::at(unix(seconds)).now();
        introspected(described(&endpoint), &answer.to_string(), now).unwrap_err();
    }
    // A difference: all members except `active` are optional (RFC 7662 section 2.2), but a caller needs a name.
    endpoint.know("minimal", fixture("active-minimal.json"));
    assert_eq!(code(ask(&*authenticator, "minimal").await), RefusalCode::InvalidToken);
}

#[test]
fn an_answer_says_how_the_caller_signed_in() {
    let mut answer = fixture("active-response.json");
    answer["acr"] = "mfa".into();
    answer["amr"] = serde_json::json!(["pwd", "otp"]);
    answer["auth_time"] = 1_419_350_000.into();
    let description = Introspection::at("https://server.example.com/introspect")
        .issuer("https://server.example.com/")
        .audience("https://protected.example.net/resource");
    let caller = introspected(description, &answer.to_string(), clock().now()).unwrap();
    assert_eq!((caller.acr(), caller.authenticated_at()), (Some("mfa"), Some(unix(1_419_350_000))));
    assert_eq!(caller.amr().collect::<Vec<_>>(), ["pwd", "otp"]);
}

#[actix_web::test]
async fn intr_002_an_inactive_token_is_invalid() {
    let endpoint = IntrospectionEndpoint::start();
    let authenticator = described(&endpoint).into_authenticator().unwrap();
    endpoint.know("token", fixture("inactive-response.json"));
    assert_eq!(code(ask(&*authenticator, "token").await), RefusalCode::InvalidToken);
}

#[actix_web::test]
async fn intr_003_and_004_the_client_is_in_one_place_and_the_hint_is_sent() {
    let endpoint = IntrospectionEndpoint::start();
    let (id, secret) = IntrospectionEndpoint::CLIENT;
    endpoint.know("token", fixture("active-response.json"));
    let authenticator = described(&endpoint).into_authenticator().unwrap();
    assert!(matches!(ask(&*authenticator, "token").await, Verdict::Accepted(_)));
    let question = endpoint.last().unwrap();
    assert!(question.authorization.unwrap().starts_with("Basic "));
    assert!(!question.form.contains_key("client_id") && question.form.len() == 2);
    assert_eq!(question.form["token_type_hint"], "access_token");

    let posting = Introspection::at(endpoint.url()).client_secret_post(id, secret);
    let posting = posting.issuer("https://server.example.com/").dangerously_accept_any_audience();
    let authenticator = posting.into_authenticator().unwrap();
    assert!(matches!(ask(&*authenticator, "token").await, Verdict::Accepted(_)));
    let question = endpoint.last().unwrap();
    assert_eq!(question.authorization, None);
    assert_eq!(
        (question.form["client_id"].as_str(), question.form["client_secret"].as_str()),
        (id, secret)
    );
    assert_eq!(question.form["token_type_hint"], "access_token");
}

#[actix_web::test]
async fn intr_005_a_client_that_is_refused_is_no_fault_of_the_token() {
    let endpoint = IntrospectionEndpoint::start();
    let authenticator = Introspection::at(endpoint.url())
        .client_secret_basic("another", "secret")
        .issuer("https://server.example.com/")
        .audience("https://protected.example.net/resource")
        .into_authenticator()
        .unwrap();
    // The endpoint answers as in `error-invalid-client.json`.
    assert_eq!(fixture("error-invalid-client.json")["error"], "invalid_client");
    endpoint.know("token", fixture("active-response.json"));
    assert_eq!(code(ask(&*authenticator, "token").await), RefusalCode::Unavailable);
    // The same body with a wrong status is not an answer either.
    let authenticator = described(&endpoint).into_authenticator().unwrap();
    let body = fixture("error-invalid-client.json").to_string();
    endpoint.behave(Manners::Saying("application/json", body));
    assert_eq!(code(ask(&*authenticator, "token").await), RefusalCode::Unavailable);
}

/// INTR-006: the document's own addresses are not on this machine. The unit test of the metadata reads a
/// document of this form; here an endpoint is found through its metadata.
#[actix_web::test]
async fn intr_006_the_endpoint_is_found_through_the_metadata() {
    let document = fixture("discovery-with-introspection.json");
    assert_eq!(document["introspection_endpoint"], "https://server.example.com/introspect");
    let endpoint = IntrospectionEndpoint::start();
    let (id, secret) = IntrospectionEndpoint::CLIENT;
    let authenticator = Introspection::discover(endpoint.issuer())
        .client_secret_basic(id, secret)
        .audience("https://protected.example.net/resource")
        .into_authenticator()
        .unwrap();
    let mut answer = fixture("active-response.json");
    answer["iss"] = endpoint.issuer().into();
    endpoint.know("token", answer);
    assert!(matches!(ask(&*authenticator, "token").await, Verdict::Accepted(_)));
}
