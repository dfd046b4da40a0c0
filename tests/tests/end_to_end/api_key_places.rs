//! The places of an API key in a request: its own header, `Authorization`, the query; beside other credentials.

use actix_web::{HttpResponse, get};
use secure_runtime::authentication::api_key::{ApiKeys, MemoryKeyStore};
use secure_runtime::{Security, secure};
use secure_tests::{Answer, TestServer, bearer};

use crate::Runs;
use crate::api_keys::{SERVED, World, billing, header, key, serve};

#[actix_web::test]
async fn the_authorization_header_with_a_scheme() {
    let world = World::with(|keys| keys.authorization("ApiKey").realm("shop"));
    let key = world.added(billing());
    let line = |scheme: &str| format!("authorization: {scheme} {}", key.expose());
    world.accepts(&[&line("ApiKey")]).await;
    world.accepts(&[&line("apikey ")]).await;
    let challenge = r#"ApiKey realm="shop""#;
    for (status, line) in [
        (401, line("Bearer")),
        (401, line("ApiKeys")),
        (401, header(key.expose())),
        (401, "authorization: ApiKey x".to_owned()),
        (401, format!("{} x", line("ApiKey"))),
        (400, "authorization: ApiKey".to_owned()),
        (400, line("ApiKey,")),
    ] {
        assert_eq!(world.refuses(status, &[&line]).await, challenge, "{line}");
    }
    let line = line("ApiKey");
    assert_eq!(world.refuses(400, &[&line, &line]).await, challenge);
}

#[actix_web::test]
async fn as_bearer_tokens_keys_have_the_challenges_of_bearer_tokens() {
    let world = World::with(|keys| keys.authorization("Bearer"));
    let good = world.added(billing());
    world.accepts(&[&bearer(good.expose())]).await;
    assert_eq!(world.refuses(401, &[]).await, r#"Bearer realm="api""#);
    let invalid = r#"Bearer realm="api", error="invalid_token""#;
    assert_eq!(world.refuses(401, &[&bearer("x.y.z")]).await, invalid);
    assert_eq!(world.refuses(401, &[&bearer(key(billing()).expose())]).await, invalid);
    let request = r#"Bearer realm="api", error="invalid_request""#;
    assert_eq!(world.refuses(400, &[&bearer("x"), &bearer("y")]).await, request);
}

#[actix_web::test]
async fn the_query_is_read_only_if_that_was_asked_for() {
    let world = World::with(|keys| keys.dangerously_from_query("api_key"));
    let key = world.added(billing());
    let key = key.expose();
    let status = async |query: &str, headers: &[&str]| {
        world.server.get(&format!("/orders?{query}"), headers).await.status
    };
    assert_eq!(status(&format!("api_key={key}"), &[]).await, 200);
    assert_eq!(status(&format!("page=2&api_key={key}&x"), &[]).await, 200);
    assert_eq!(status("page=2", &[&header(key)]).await, 200);
    world.runs.reset();
    for (expected, query) in [
        (401, "page=2".to_owned()),
        (401, "api_key=x".to_owned()),
        (401, format!("API_KEY={key}")),
        (401, format!("api%5Fkey={key}")),
        (401, format!("api_key=%73{}", &key[1..])),
        (400, "api_key".to_owned()),
        (400, "api_key=".to_owned()),
        (400, format!("api_key={key}&api_key={key}")),
        (400, format!("api_key=&api_key={key}")),
    ] {
        assert_eq!(status(&query, &[]).await, expected, "{query}");
    }
    // Two readers might use different ones.
    assert_eq!(status(&format!("api_key={key}"), &[&header(key)]).await, 400);
    assert_eq!(status(&format!("api_key={key}"), &[&header("")]).await, 400);
    assert_eq!(world.runs.so_far(), 0);
}

/// Accepts tokens of an issuer, or keys.
#[actix_web::test]
async fn beside_tokens_either_is_good_and_both_at_once_are_refused() {
    let (builder, issuer, _) = crate::security(SERVED);
    let (store, runs) = (MemoryKeyStore::new(), Runs::default());
    let key = key(billing());
    store.add(key.record()).unwrap();
    let keys = ApiKeys::new(store).dangerously_from_query("api_key");
    let security = builder.authenticator("api_key", keys).build().unwrap();
    let server = serve(&security, &runs);
    let token = bearer(&issuer.token("ada").scope("orders:read").sign());
    let (key, in_query) = (header(key.expose()), format!("/orders?api_key={}", key.expose()));
    for (path, headers) in [("/orders", &[&*key][..]), ("/orders", &[&*token]), (&*in_query, &[])] {
        assert_eq!(server.get(path, headers).await.status, 200);
    }
    assert_eq!(runs.so_far(), 3);
    let challenges = |answer: &Answer| -> Vec<String> {
        let lines = answer.headers.iter().filter(|(name, _)| name == "www-authenticate");
        lines.map(|(_, value)| value.clone()).collect()
    };
    let of_the_key = r#"ApiKey realm="api", header="x-api-key""#;
    let answer = server.get("/orders", &[&header("x")]).await;
    answer.problem(401);
    assert_eq!(challenges(&answer), [r#"Bearer realm="api""#, of_the_key]);
    for (path, headers) in [
        ("/orders", &[&*token, &*key][..]),
        ("/orders", &[&*token, "x-api-key: "]),
        ("/orders", &["authorization: Bearer x", &*key]),
        (&*in_query, &[&*token]),
        (&*in_query, &[&*key]),
        ("/orders?api_key", &[&*key]),
        ("/orders?api_key", &[&*token]),
    ] {
        let answer = server.get(path, headers).await;
        answer.problem(400);
        assert_eq!(challenges(&answer).len(), 2, "{answer:?}");
    }
    assert_eq!(runs.so_far(), 3);
}

mod dangerous {
    use super::*;

    #[secure(auth = any(api_key, jwt), fresh = "5m")]
    #[get("/everything")]
    pub(super) async fn erase() -> HttpResponse {
        HttpResponse::Ok().finish()
    }
}

#[actix_web::test]
async fn a_key_says_nothing_of_anybody_who_signed_in() {
    let module = concat!(module_path!(), "::dangerous");
    let keys = ApiKeys::new(MemoryKeyStore::new());
    let alone = Security::builder()
        .answers_for(module)
        .authenticator("api_key", keys)
        .named_authenticator("jwt", ApiKeys::new(MemoryKeyStore::new()));
    let fault = alone.build().unwrap_err().to_string();
    assert!(fault.contains("can tell how and when a caller signed in"), "{fault}");

    let (builder, issuer, clock) = crate::security(module);
    let store = MemoryKeyStore::new();
    let good = key(billing());
    store.add(good.record()).unwrap();
    let security = builder.named_authenticator("api_key", ApiKeys::new(store)).build().unwrap();
    let server = TestServer::start(&security, || dangerous::erase);
    let answer = server.get("/everything", &[&header(good.expose())]).await;
    answer.problem(401);
    let now = secure_runtime::Clock::now(&clock).unix_seconds();
    let signed_in = issuer.token("ada").claim("auth_time", now).sign();
    assert_eq!(server.get("/everything", &[&bearer(&signed_in)]).await.status, 200);
}
