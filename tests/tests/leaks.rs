//! Secrets appear neither in `Debug` output nor in the log of refused requests.

use std::fmt::Debug;

use actix_web::{HttpResponse, get, post, web};
use secure_runtime::authentication::api_key::{
    ApiKey, ApiKeys, FileKeyStore, KeyRecord, KeyStore, Lookup, MemoryKeyStore,
};
use secure_runtime::authentication::{ClientKey, IntoAuthenticator, Introspection, Jwt, Key};
use secure_runtime::testing::{FakeClock, Issuer, with_request};
use secure_runtime::{Denial, DenialKind, Moment, Principal, Security, secure};
use secure_tests::{IntrospectionEndpoint, Manners, TestServer, bearer, log};
use serde::Deserialize;
use validator::Validate;

/// A text that every secret in this test contains.
const SECRET: &str = "s3cr3t";

#[derive(Deserialize, Validate)]
struct Login {
    #[validate(length(min = 10))]
    password: String,
}

#[derive(Deserialize, Validate)]
struct Page {
    #[validate(range(min = 1))]
    number: u32,
}

#[secure(roles = "admin", rate = "1/h")]
#[get("/admin")]
async fn admin() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[secure(public, validate(login), rate("1000/s", by = address))]
#[post("/login")]
async fn log_in(login: web::Json<Login>) -> HttpResponse {
    HttpResponse::Ok().json(login.password.len())
}

#[secure(public, validate(page))]
#[get("/pages")]
async fn pages(page: web::Query<Page>) -> HttpResponse {
    HttpResponse::Ok().json(page.number)
}

fn server() -> (TestServer, Issuer, FakeClock) {
    // The first call wins; all tests of this file share one recorded log.
    log::record();
    let clock = FakeClock::new();
    let issuer = Issuer::hs256_with(format!("{SECRET}{}", "x".repeat(32))).clock(clock.clone());
    let security = Security::builder().clock(clock.clone()).authenticator("jwt", issuer.jwt());
    let server = TestServer::start(&security.build().unwrap(), || {
        secure_runtime::scope("").service(admin).service(log_in).service(pages)
    });
    (server, issuer, clock)
}

/// The log so far, which must not contain a secret.
fn logged() -> String {
    let logged = log::lines().join("\n");
    assert!(!logged.contains(SECRET), "{logged}");
    assert!(!logged.contains("eyJ"), "a token: {logged}");
    logged
}

#[actix_web::test]
async fn refused_credentials_are_not_logged() {
    let (server, issuer, _) = server();
    // The log contains the subject of an accepted caller.
    let token = || issuer.token("alice").claim("email", SECRET);
    let refused = [
        token().sign(),
        token().tampered(),
        issuer.token(SECRET).tampered(),
        issuer.token(SECRET).unsigned(),
        issuer.token(SECRET).claim("exp", 1).sign(),
        issuer.token(SECRET).claim("aud", "other").sign(),
        token().unsigned(),
        token().claim("exp", 1).sign(),
        token().claim("exp", SECRET).sign(),
        token().claim("nbf", u32::MAX).sign(),
        // The log contains the claims that identify the token: `typ`, `iss`, `aud`.
        token().claim("iss", "https://elsewhere.test").sign(),
        token().claim("aud", "elsewhere").sign(),
        token().claim("roles", SECRET).sign(),
        token().claim("roles", serde_json::json!({ SECRET: [SECRET] })).sign(),
        token().claim("scope", serde_json::json!([SECRET, 1])).sign(),
        token().doubled("sub", SECRET).sign(),
        token().header("alg", SECRET).sign(),
        token().header("typ", "elsewhere").sign(),
        token().header("kid", SECRET).sign(),
        token().header("crit", serde_json::json!([SECRET])).sign(),
        token().header("jku", format!("https://{SECRET}")).sign(),
        token().raw_payload(format!("{{\"sub\":\"{SECRET}\"")).sign(),
        token().raw_payload(SECRET).sign(),
        token().raw_header(SECRET).sign(),
        format!("{SECRET}.{SECRET}.{SECRET}"),
        format!("{SECRET} {SECRET}"),
        SECRET.to_owned(),
    ];
    for token in &refused {
        let status = server.get("/admin", &[&bearer(token)]).await.status;
        assert!(matches!(status, 400 | 401 | 403), "{status}");
    }
    let two = [bearer(SECRET), bearer(SECRET)];
    assert_eq!(server.get("/admin", &[&two[0], &two[1]]).await.status, 400);
    let query = format!("/admin?access_token={SECRET}");
    assert_eq!(server.get(&query, &[&format!("cookie: {SECRET}")]).await.status, 401);
    // The accepted counterpart, and its limit.
    let root = bearer(&token().role("admin").sign());
    assert_eq!(server.get("/admin", &[&root]).await.status, 200);
    assert_eq!(server.get("/admin", &[&root]).await.status, 429);
    let lines = logged().lines().filter(|line| line.contains("admin")).count();
    assert!(lines > refused.len(), "every refusal is logged, without what was sent: {lines}");
}

/// A key with a secret that a test can search for.
fn api_key() -> String {
    let signed = format!("shop_4kPzX0aVbQ2e_{}", SECRET.repeat(5));
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut sum = !signed.bytes().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 * (sum & 1)))
    });
    let mut checksum = String::new();
    for _ in 0..6 {
        checksum.insert(0, char::from(digits[sum as usize % 62]));
        sum /= 62;
    }
    signed + &checksum
}

/// A key store in memory that records the requested ids.
struct Asked(MemoryKeyStore);

impl KeyStore for Asked {
    fn find(&self, id: &str, now: Moment) -> Lookup {
        assert!(!id.contains(SECRET), "a store learns the public part alone");
        self.0.find(id, now)
    }
}

#[actix_web::test]
async fn refused_api_keys_are_not_logged() {
    log::record();
    let (store, clock) = (MemoryKeyStore::new(), FakeClock::new());
    let keys = ApiKeys::new(Asked(store.clone())).dangerously_from_query("key");
    let builder = Security::builder().clock(clock).authenticator("api_key", keys);
    let security = builder.build().unwrap();
    assert!(logged().contains("API keys are taken from the parameter `key` of the query"));
    let server = TestServer::start(&security, || secure_runtime::scope("").service(admin));
    let key = api_key();
    let status =
        async |key: &str| server.get("/admin", &[&format!("x-api-key: {key}")]).await.status;
    // Unknown, expired, malformed in various ways, and without the role.
    assert_eq!(status(&key).await, 401);
    let record = |end| {
        let owner = Principal::builder("shop").expires_at(secure_tests::unix(end));
        let hash = ApiKey::parse(&key).ok().unwrap().hash();
        KeyRecord::new("shop_4kPzX0aVbQ2e", hash, owner).unwrap()
    };
    store.add(record(1)).unwrap();
    assert_eq!(status(&key).await, 401);
    for bad in [&key[1..], &key[..53], &format!("{key} {key}"), &format!("Bearer {key}"), SECRET] {
        assert_eq!(status(bad).await, 401, "{bad}");
    }
    let twice = format!("/admin?key={key}&key={key}");
    assert_eq!(server.get(&twice, &[]).await.status, 400);
    store.revoke("shop_4kPzX0aVbQ2e").unwrap();
    store.add(record(253_402_300_799)).unwrap();
    let answer = server.get(&format!("/admin?key={key}"), &[]).await;
    assert_eq!(answer.status, 403);
    assert!(!format!("{answer:?}").contains(SECRET));
    let lines = logged().lines().filter(|line| line.contains("API key")).count();
    assert!(lines >= 7, "refusals are logged, without what was sent: {lines}");
}

#[actix_web::test]
async fn what_an_introspection_endpoint_is_asked_and_answers_is_not_logged() {
    log::record();
    let endpoint = IntrospectionEndpoint::start();
    let (id, secret) = IntrospectionEndpoint::CLIENT;
    assert!(secret.contains(SECRET));
    let at = |secret: &str| {
        let at = Introspection::at(endpoint.url()).client_secret_basic(id, secret);
        at.issuer("https://issuer.test").audience("test")
    };
    let clock = FakeClock::new();
    let served = |introspection: Introspection| {
        let builder = Security::builder().clock(clock.clone());
        let security = builder.authenticator("opaque", introspection).build().unwrap();
        TestServer::start(&security, || {
            secure_runtime::scope("").service(admin).service(log_in).service(pages)
        })
    };
    let server = served(at(secret));
    let answer = |claim: &str, value: serde_json::Value| {
        let mut answer = serde_json::json!({
            "active": true, "sub": "alice", "aud": "test", "email": SECRET, "roles": "guest",
        });
        answer[claim] = value;
        answer
    };
    let mut number = 0;
    let mut ask = async |known: Option<serde_json::Value>, manners: Manners| {
        number += 1;
        let token = format!("{SECRET}-{number}");
        endpoint.behave(manners);
        endpoint.know(&token, known.unwrap_or(serde_json::json!({"active": false})));
        clock.advance(std::time::Duration::from_secs(60));
        server.get("/admin", &[&bearer(&token)]).await
    };
    let json = "application/json";
    for value in
        [SECRET.into(), serde_json::json!([SECRET, 1]), serde_json::json!({SECRET: SECRET})]
    {
        for claim in ["active", "iss", "aud", "exp", "token_type", "token_use", "cnf", "scope"] {
            let refused = ask(Some(answer(claim, value.clone())), Manners::Good).await;
            assert!(matches!(refused.status, 401 | 403 | 503), "{claim}: {refused:?}");
            assert!(!refused.body.contains(SECRET));
        }
    }
    for manners in [
        Manners::Good,
        Manners::Saying(json, SECRET.to_owned()),
        Manners::Saying(json, format!("{{\"active\":\"{SECRET}\"")),
        Manners::Saying("text/s3cr3t", SECRET.to_owned()),
        Manners::Down(400),
        Manners::Down(401),
        Manners::Down(503),
        Manners::Redirecting(format!("http://127.0.0.1/{SECRET}")),
        Manners::Breaking,
    ] {
        let refused = ask(None, manners.clone()).await;
        assert!(matches!(refused.status, 401 | 503), "{manners:?}: {refused:?}");
    }
    // The accepted counterpart, and an unknown client.
    let root = ask(Some(answer("roles", "admin".into())), Manners::Good).await;
    assert_eq!(root.status, 200, "{root:?}");
    let unknown = served(at(&format!("{SECRET} of another")));
    assert_eq!(unknown.get("/admin", &[&bearer(SECRET)]).await.status, 503);
    let warned = logged().lines().filter(|line| line.contains("cannot be introspected")).count();
    assert!(warned >= 5, "outages are logged, without what was sent: {warned}");
}

#[actix_web::test]
async fn refused_contents_break_rules_that_are_told_without_the_value() {
    let (server, _, _) = server();
    let short = server.post_json("/login", &[], &format!(r#"{{"password":"{SECRET}"}}"#)).await;
    short.problem(422);
    assert!(!short.body.contains(SECRET), "{short:?}");
    server.get("/pages?number=0", &[]).await.problem(422);
    assert_eq!(server.get("/pages?number=1", &[]).await.status, 200);
    logged();
}

#[actix_web::test]
async fn refused_contents_of_the_wrong_form_are_not_logged() {
    let (server, _, _) = server();
    server.post_json("/login", &[], &format!(r#""{SECRET}""#)).await.problem(422);
    server.post_json("/login", &[], r#"{"password":31337}"#).await.problem(422);
    server.post_json("/login", &[], &format!(r#"{{"password":{{"{SECRET}":1}}}}"#)).await;
    server.get(&format!("/pages?number={SECRET}"), &[]).await.problem(400);
    assert!(!logged().contains("31337"));
}

#[test]
fn debug_output_holds_no_secret() {
    let long = format!("{SECRET}{}", "x".repeat(32));
    let clean = |value: &dyn Debug| {
        let text = format!("{value:?} {value:#?}");
        assert!(!text.contains(SECRET), "{text}");
        assert!(!text.contains("115, 51, 99"), "as bytes: {text}");
        assert!(!text.contains("eyJ"), "a token: {text}");
        assert!(!text.is_empty());
    };
    clean(&Key::hs256(&long));
    clean(&Key::hs256(&long).kid("a"));
    let jwt = || Jwt::hs256(&long).issuer("https://issuer.example").audience("shop");
    clean(&jwt());
    let issuer = Issuer::hs256_with(&long);
    clean(&issuer);
    clean(&issuer.token("alice").claim("email", SECRET));
    clean(&issuer.jwt());
    let security = Security::builder().authenticator("jwt", jwt()).build().unwrap();
    clean(&security);
    clean(&Principal::builder("alice").claims_json(format!("{{\"a\":\"{SECRET}\"}}")).build());
    clean(&Jwt::hs256(SECRET).issuer("i").audience("a").into_authenticator().err());
    let opaque = || {
        let at = Introspection::at("https://issuer.example/introspect").issuer("i").audience("a");
        at.client_secret_basic("shop", &long).signed_answers(jwt())
    };
    clean(&opaque());
    clean(&ClientKey::es256(SECRET).kid("a"));
    let at = || Introspection::at("https://issuer.example/introspect").issuer("i").audience("a");
    clean(&at().private_key_jwt("shop", ClientKey::es256(SECRET)));
    clean(&at().private_key_jwt("shop", ClientKey::es256(SECRET)).into_authenticator().err());
    let security = Security::builder().authenticator("opaque", opaque()).build().unwrap();
    clean(&security);
    clean(&opaque().client_secret_post(&long, &long).into_authenticator().err());
    clean(&opaque().timeout(std::time::Duration::ZERO).into_authenticator().err());
    let bad = || Introspection::at(format!("https://a:{SECRET}@issuer.example")).issuer("i");
    clean(&bad().client_secret_basic("a", format!("{SECRET}\n")).into_authenticator().err());
    let refused = Security::builder().authenticator("jwt", Jwt::hs256(SECRET)).build().err();
    clean(&refused);
    clean(&refused.map(|error| error.to_string()));
    clean(&Denial::new(DenialKind::InvalidToken, "the signature does not match").problem());
    let store = MemoryKeyStore::new();
    let key = api_key();
    let parsed = ApiKey::parse(&key).ok().unwrap();
    let record = KeyRecord::new(parsed.id(), parsed.hash(), Principal::builder("shop")).unwrap();
    let digits = parsed.hash().to_string().split_off("sha256:".len());
    for value in [&record as &dyn Debug, &parsed.hash(), &store] {
        clean(value);
        assert!(!format!("{value:?}").contains(&digits), "the hash: {value:?}");
    }
    clean(&ApiKey::parse(&format!("{key}{SECRET}")).err());
    clean(&ApiKey::parse(&key[..40]).err());
    store.add(record).unwrap();
    clean(&ApiKeys::new(store.clone()));
    let security = Security::builder().authenticator("jwt", ApiKeys::new(store)).build().unwrap();
    clean(&security);
    clean(&FileKeyStore::new("keys.json"));
    let headers = [("authorization", SECRET), ("x-api-key", SECRET), ("cookie", SECRET)];
    with_request(&headers, |head| clean(head));
}

#[test]
fn the_builder_and_keys_show_their_names_alone() {
    let generated = ApiKey::generate("shop", Principal::builder("billing")).unwrap();
    let parsed = ApiKey::parse(generated.expose()).ok().unwrap();
    let builder = Security::builder().authenticator("jwt", Jwt::hs256(SECRET));
    assert_eq!(format!("{generated:?}"), "GeneratedKey { .. }");
    assert_eq!(format!("{parsed:?}"), "ApiKey { .. }");
    assert_eq!(format!("{builder:?}"), "SecurityBuilder { .. }");
    assert_eq!(format!("{:?}", Principal::builder("ada")), "PrincipalBuilder { .. }");
}
