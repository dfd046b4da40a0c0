//! Hostile credentials where several schemes are accepted: malformed, duplicated, oversized, sent in another
//! scheme's place, and two credentials for two callers.

use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use secure_runtime::authentication::api_key::{ApiKey, ApiKeys, MemoryKeyStore};
use secure_runtime::authentication::{
    Attempt, Authenticator, Challenge, Introspection, Presented, Refusal,
};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Clock, Moment, Principal, RequestHead, Security, secure};
use secure_tests::{IntrospectionEndpoint, Manners, TestServer, bearer};
use serde_json::json;

use crate::Runs;

#[secure]
#[get("/any")]
async fn any(caller: Principal, runs: web::Data<Runs>) -> String {
    runs.count();
    caller.subject().to_owned()
}

#[secure(auth = optional)]
#[get("/optional")]
async fn optional(caller: Option<Principal>, runs: web::Data<Runs>) -> String {
    runs.count();
    caller.map_or("nobody".to_owned(), |caller| caller.subject().to_owned())
}

#[secure(auth = all(jwt, api_key))]
#[get("/all")]
async fn all(caller: Principal, runs: web::Data<Runs>) -> String {
    runs.count();
    caller.subject().to_owned()
}

#[secure(auth = all(jwt, api_key), roles = "admin")]
#[get("/all-admin")]
async fn all_admin(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(auth = all(jwt, opaque))]
#[get("/twice")]
async fn twice(caller: Principal, runs: web::Data<Runs>) -> String {
    runs.count();
    caller.subject().to_owned()
}

#[secure(auth = any(jwt, sloppy))]
#[get("/sloppy")]
async fn sloppy(caller: Principal, runs: web::Data<Runs>) -> String {
    runs.count();
    caller.subject().to_owned()
}

/// An application's own scheme, which reads only the first header line and accepts any name in it.
struct Sloppy;

impl Authenticator for Sloppy {
    fn challenge(&self) -> Challenge {
        Challenge::new("Sloppy")
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        Presented::by_header(request, "authorization")
    }

    fn authenticate(&self, request: &RequestHead<'_>, _: Moment) -> Attempt {
        match request.header("authorization") {
            None => Attempt::Absent,
            Some(line) if line.starts_with(b"Sloppy ") => {
                Attempt::Accepted(Principal::builder("sloppy").build())
            }
            Some(line) if line.ends_with(b" twin") => {
                Attempt::Accepted(Principal::builder("twin").build())
            }
            Some(_) => Attempt::Refused(Refusal::invalid_token("unknown")),
        }
    }
}

struct World {
    server: TestServer,
    runs: Runs,
    issuer: Issuer,
    key: String,
    endpoint: IntrospectionEndpoint,
    clock: FakeClock,
}

impl World {
    fn new() -> Self {
        let clock = FakeClock::new();
        let issuer = Issuer::es256().clock(clock.clone());
        let endpoint = IntrospectionEndpoint::start();
        let (id, secret) = IntrospectionEndpoint::CLIENT;
        let opaque = Introspection::at(endpoint.url()).client_secret_basic(id, secret);
        let store = MemoryKeyStore::new();
        let owner = Principal::builder("billing").role("admin");
        let generated = ApiKey::generate("shop", owner).unwrap();
        store.add(generated.record()).unwrap();
        let security = Security::builder()
            .answers_for(module_path!())
            .clock(clock.clone())
            .authenticator("jwt", issuer.jwt())
            .authenticator("opaque", opaque.issuer("https://issuer.test").audience("test"))
            .authenticator("api_key", ApiKeys::new(store))
            .named_authenticator("sloppy", Sloppy)
            .build()
            .unwrap();
        let runs = Runs::default();
        let data = web::Data::new(runs.clone());
        let server = TestServer::start(&security, move || {
            let scope = secure_runtime::scope("").app_data(data.clone());
            let scope = scope.service(any).service(optional).service(all).service(all_admin);
            scope.service(twice).service(sloppy)
        });
        Self { server, runs, issuer, key: generated.expose().to_owned(), endpoint, clock }
    }

    fn know(&self, token: &str, subject: &str) {
        let now = self.clock.now().unix_seconds();
        let answer =
            json!({ "active": true, "sub": subject, "aud": "test", "iat": now, "exp": now + 600 });
        self.endpoint.know(token, answer);
    }

    /// The status for these raw bytes; asserts that the handler ran exactly if it is 200.
    async fn send(&self, path: &str, lines: &[Vec<u8>]) -> (String, String) {
        let before = self.runs.so_far();
        let mut bytes =
            format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n").into_bytes();
        for line in lines {
            bytes.extend_from_slice(line);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        let answer = self.server.raw(bytes).await;
        let status = answer.get(9..12).unwrap_or_default().to_owned();
        assert_eq!(self.runs.so_far() - before, usize::from(status == "200"), "{answer}");
        (status, answer)
    }

    async fn is(&self, path: &str, lines: &[&str], expected: &str) {
        let lines: Vec<_> = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
        let (status, answer) = self.send(path, &lines).await;
        assert_eq!(status, expected, "{path}: {answer}");
        for secret in [self.key.as_str(), "eyJ"] {
            assert!(!answer.contains(secret), "{answer}");
        }
    }

    fn key(&self) -> String {
        format!("x-api-key: {}", self.key)
    }

    fn token(&self) -> String {
        bearer(&self.issuer.token("ada").sign())
    }
}

#[actix_web::test]
async fn each_credential_alone_is_good() {
    let world = World::new();
    world.know("opaque", "grace");
    for (line, subject) in
        [(world.token(), "ada"), (bearer("opaque"), "grace"), (world.key(), "billing")]
    {
        for path in ["/any", "/optional"] {
            assert_eq!(world.server.get(path, &[&line]).await.body, subject, "{path}");
        }
    }
    assert_eq!(world.server.get("/optional", &[]).await.body, "nobody");
    world.is("/any", &[], "401").await;
}

#[actix_web::test]
async fn no_mixture_of_credentials_gets_in_and_none_is_anonymous() {
    let world = World::new();
    world.know("opaque", "grace");
    let (token, key, opaque) = (world.token(), world.key(), bearer("opaque"));
    let forged = bearer(&world.issuer.token("ada").role("admin").tampered());
    let unsigned = bearer(&world.issuer.token("ada").unsigned());
    let other_end = if key.ends_with('x') { 'y' } else { 'x' };
    let wrong_key = format!("{}{other_end}", &key[..key.len() - 1]);
    let halves = token.split_at(40);
    let long = bearer(&"a".repeat(9 * 1024));
    let long_key = format!("x-api-key: {}", "a".repeat(60_000));
    let twice_in_one = format!("{token}, {token}");
    let two_keys_in_one = format!("{key},{}", world.key);
    let folded = format!("{}\r\n {}", halves.0, halves.1);
    for (lines, expected) in [
        (vec![token.as_str(), &key], "400"),
        (vec![&opaque, &key], "400"),
        (vec![&forged, &key], "400"),
        (vec![&token, &wrong_key], "400"),
        (vec![&token, &token], "400"),
        (vec![&token, &opaque], "400"),
        (vec![&opaque, &token], "400"),
        (vec![&key, &key], "400"),
        (vec![&key, "x-api-key: "], "400"),
        (vec!["x-api-key: "], "400"),
        (vec![&token, "x-api-key: "], "400"),
        (vec!["authorization: Bearer", &key], "400"),
        (vec![&token, "authorization: "], "400"),
        (vec!["authorization: ", &token], "400"),
        (vec![&twice_in_one], "400"),
        (vec![&folded], "400"),
        (vec![&two_keys_in_one], "401"),
        (vec![&wrong_key], "401"),
        (vec![&forged], "401"),
        (vec![&unsigned], "401"),
        (vec![&long], "401"),
        (vec![&long_key], "401"),
        (vec!["x-api-key: null"], "401"),
        (vec!["authorization: Bearer null"], "401"),
        (vec!["authorization: Bearer undefined"], "401"),
        (vec!["authorization: Bearer ..."], "401"),
        (vec!["authorization: Bearer e30.e30."], "401"),
        (vec!["authorization: Bearer eyJhbGciOiJub25lIn0.e30.AA"], "401"),
    ] {
        for path in ["/any", "/optional"] {
            world.is(path, &lines, expected).await;
        }
    }
    // The key sent as a token, and the token sent as a key.
    for crossed in
        [bearer(&world.key), format!("x-api-key: {}", &token["authorization: Bearer ".len()..])]
    {
        world.is("/any", &[&crossed], "401").await;
    }
    let mut bytes = key.clone().into_bytes();
    bytes.push(0xff);
    assert_eq!(world.send("/any", &[bytes]).await.0, "401");
    let mut bytes = token.clone().into_bytes();
    bytes.push(0xe9);
    assert_eq!(world.send("/any", &[bytes]).await.0, "400");
    // The accepted counterparts still work after that.
    world.is("/any", &[&token], "200").await;
    world.is("/any", &[&key], "200").await;
    world.is("/any", &[&opaque], "200").await;
}

/// Credentials that cannot be verified at this time count neither as valid nor as missing, and other valid
/// credentials are still accepted.
#[actix_web::test]
async fn a_token_that_nobody_can_judge_is_refused_where_credentials_are_optional_too() {
    let world = World::new();
    world.know("opaque", "grace");
    world.endpoint.behave(Manners::Down(503));
    for path in ["/any", "/optional"] {
        world.is(path, &[&bearer("opaque")], "503").await;
        world.is(path, &[&bearer("invented")], "503").await;
        // A token of an issuer whose keys are available is verified with them.
        world.is(path, &[&bearer(&world.issuer.token("ada").tampered())], "401").await;
        world.is(path, &[&world.token()], "200").await;
        world.is(path, &[&world.key()], "200").await;
    }
    world.is("/optional", &[], "200").await;
    world.endpoint.behave(Manners::Good);
    world.clock.advance(Duration::from_secs(60));
    world.is("/optional", &[&bearer("opaque")], "200").await;
    world.is("/optional", &[&bearer("invented")], "401").await;
}

/// A request that one authenticator refuses as malformed is not passed to one that is less strict.
#[actix_web::test]
async fn what_is_malformed_for_one_is_accepted_by_none() {
    let world = World::new();
    let token = world.token();
    for (lines, expected) in [
        (vec!["authorization: Sloppy x"], "200"),
        (vec![token.as_str()], "200"),
        // The counterpart: credentials that one authenticator does not accept may be valid for another.
        (vec!["authorization: Bearer twin"], "200"),
        (vec!["authorization: Sloppy x", &token], "400"),
        (vec![&token, "authorization: Sloppy x"], "400"),
        (vec!["authorization: Bearer a twin"], "400"),
        (vec!["authorization: Bearer\ttwin twin"], "400"),
    ] {
        world.is("/sloppy", &lines, expected).await;
    }
}

/// If several callers are authenticated, the first one is the caller, and only its own grants count.
#[actix_web::test]
async fn where_all_must_accept_authorities_are_not_mixed() {
    let world = World::new();
    let (token, key) = (world.token(), world.key());
    let admin = bearer(&world.issuer.token("root").role("admin").sign());
    assert_eq!(world.server.get("/all", &[&token, &key]).await.body, "ada");
    assert_eq!(world.server.get("/all", &[&key, &token]).await.body, "ada");
    // The key's owner is an admin; the caller is not.
    world.is("/all-admin", &[&token, &key], "403").await;
    world.is("/all-admin", &[&admin, &key], "200").await;
    let forged = bearer(&world.issuer.token("root").role("admin").tampered());
    for (lines, expected) in [
        (vec![key.as_str()], "401"),
        (vec![&token], "401"),
        (vec![], "401"),
        (vec![&forged, &key], "401"),
        (vec![&token, &key, &key], "400"),
        (vec![&token, &token, &key], "400"),
        (vec![&token, "x-api-key: x"], "401"),
    ] {
        world.is("/all", &lines, expected).await;
    }
    // One token that both authenticators accept, each with another caller.
    let text = world.issuer.token("ada").sign();
    world.is("/twice", &[&bearer(&text)], "401").await;
    let text = world.issuer.token("ada").claim("jti", "2").sign();
    world.know(&text, "mallory");
    assert_eq!(world.server.get("/twice", &[&bearer(&text)]).await.body, "ada");
}
