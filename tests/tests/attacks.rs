//! Attacks on identity providers and authenticators: tokens of another kind or another caller, pages of other
//! sites, floods of anonymous requests, hostile providers, and two authenticators played against each other.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::time::Duration;

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, get, post};
use secure_runtime::authentication::{
    Attempt, ClaimPath, IntoAuthenticator, Introspection, Jwt, Profile,
};
use secure_runtime::testing::{FakeClock, Issuer, Token, authenticate, introspected};
use secure_runtime::{Clock, Principal, Security, scope, secure};
use secure_tests::{
    Behaviour, IdentityProvider, IntrospectionEndpoint, Manners, TestServer, bearer, log,
};
use serde_json::{Value, json};

#[secure]
#[get("/me")]
async fn me(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(failures = "3/min")]
#[post("/me")]
async fn change(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure]
#[post("/change")]
async fn change_freely(caller: Principal) -> String {
    caller.subject().to_owned()
}

fn api() -> impl HttpServiceFactory {
    scope("").service(me).service(change).service(change_freely)
}

fn serve(named: impl IntoIterator<Item = (&'static str, Jwt)>) -> TestServer {
    let builder = named
        .into_iter()
        .fold(Security::builder(), |builder, (name, jwt)| builder.authenticator(name, jwt));
    TestServer::start(&builder.build().unwrap(), api)
}

fn provider(key: Issuer) -> (IdentityProvider, Issuer) {
    let idp = IdentityProvider::start();
    let issuer = idp.signing(key, "2026-11");
    idp.publish(&[&issuer]);
    (idp, issuer)
}

fn described(idp: &IdentityProvider) -> Jwt {
    Jwt::discover(idp.issuer()).audience("test").dangerously_accept_test_keys()
}

/// The result of verifying a token with this description, at the time of the issuer's clock.
fn judge(jwt: Jwt, token: &str) -> Result<Principal, String> {
    let authenticator = jwt.into_authenticator().unwrap();
    let line = format!("Bearer {token}");
    match authenticate(&*authenticator, &[("authorization", line.as_str())], clock().now()) {
        Attempt::Accepted(principal) => Ok(principal),
        Attempt::Refused(refusal) => Err(refusal.cause().to_owned()),
        _ => Err("nothing was decided".to_owned()),
    }
}

fn clock() -> FakeClock {
    FakeClock::at(secure_tests::unix(1_767_225_600))
}

fn issuer() -> Issuer {
    Issuer::es256().clock(clock())
}

/// A token with these claims, as most providers issue it.
fn plain<'i>(issuer: &'i Issuer, claims: &Value) -> Token<'i> {
    let token = issuer.token("ada").header("typ", "JWT").without("client_id").without("jti");
    let claims = claims.as_object().unwrap().iter();
    claims.fold(token, |token, (name, value)| match value {
        Value::String(text) if text == "-" => token.without(name),
        value => token.claim(name, value.clone()),
    })
}

/// A description with the verification key of this issuer, without an audience yet.
fn described_by(issuer: &Issuer) -> Jwt {
    Jwt::with_key(issuer.key()).issuer("https://issuer.test").dangerously_accept_test_keys()
}

#[test]
fn an_id_token_of_a_client_is_refused_also_where_any_audience_will_do() {
    let issuer = issuer();
    let judge = |claims: Value| {
        let any = described_by(&issuer).dangerously_accept_any_audience();
        judge(any, &plain(&issuer, &claims).sign()).is_ok()
    };
    assert!(!judge(json!({"aud": "web", "azp": "web"})));
    assert!(!judge(json!({"aud": ["web", "other"], "client_id": "web"})));
    assert!(judge(json!({"aud": "web", "azp": "web", "scope": "read"})));
    assert!(judge(json!({"aud": "api", "azp": "web"})));
    assert!(judge(json!({"aud": "-", "client_id": "web"})));
}

#[test]
fn a_user_without_the_claim_that_names_callers_is_not_taken_for_the_client() {
    let issuer = issuer();
    let judge = |claims: Value| {
        let jwt = issuer.jwt().subject_claim("employee").client_as_subject();
        judge(jwt, &plain(&issuer, &claims).sign()).map(|caller| caller.subject().to_owned())
    };
    assert!(judge(json!({"sub": "ada", "azp": "worker"})).is_err());
    assert_eq!(judge(json!({"sub": "ada", "azp": "worker", "employee": 7})).unwrap(), "7");
    for client in [json!("-"), json!("worker"), json!("")] {
        assert_eq!(judge(json!({"sub": client, "azp": "worker"})).unwrap(), "worker");
    }
}

#[test]
fn a_member_that_is_false_or_null_grants_no_role() {
    let issuer = issuer();
    let jwt = issuer.jwt().roles_claim(ClaimPath::from("roles").names_of_members());
    let claims = json!({"roles": {"admin": false, "owner": null, "editor": true, "reader": {}}});
    let caller = judge(jwt, &plain(&issuer, &claims).sign()).unwrap();
    assert!(caller.has_role("editor") && caller.has_role("reader"));
    assert!(!caller.has_role("admin") && !caller.has_role("owner"));
}

/// Keycloak reports a refresh token and an ID token as active, with their kind in `typ`.
#[test]
fn an_active_token_of_another_kind_is_refused() {
    let judge = |answer: Value| {
        let description = Introspection::at("https://issuer.example/introspect")
            .client_secret_basic("shop", "secret")
            .issuer("https://issuer.example")
            .dangerously_accept_any_audience();
        introspected(description, &answer.to_string(), clock().now()).is_ok()
    };
    for kind in ["Refresh", "Offline", "ID", "Logout"] {
        assert!(!judge(json!({"active": true, "sub": "ada", "typ": kind})), "{kind}");
    }
    for kind in ["Bearer", "JWT", "at+jwt"] {
        assert!(judge(json!({"active": true, "sub": "ada", "typ": kind})), "{kind}");
    }
}

#[actix_web::test]
async fn an_authenticator_that_refuses_does_not_hide_that_another_of_its_issuer_cannot_judge() {
    let (idp, issuer) = provider(Issuer::es256());
    let other = || described(&idp).audience("other");
    let down = || {
        let jwt = Jwt::jwks_url("http://127.0.0.1:1/keys").issuer(idp.issuer());
        jwt.audience("mine").dangerously_accept_test_keys()
    };
    let token = issuer.token("ada").claim("aud", "mine").sign();
    for named in [[("one", other()), ("two", down())], [("one", down()), ("two", other())]] {
        assert_eq!(serve(named).get("/me", &[&bearer(&token)]).await.status, 503);
    }
}

/// Microsoft's key for personal accounts was once used to sign tokens of other tenants.
#[actix_web::test]
async fn a_key_of_one_tenant_signs_no_tokens_of_another() {
    let (idp, issuer) = provider(Issuer::es256());
    let status = async |of: Option<&str>| {
        let mut jwk = issuer.jwk();
        if let Some(of) = of {
            jwk["issuer"] = json!(format!("https://login.example/{of}/v2.0"));
        }
        idp.behave(Behaviour::Saying(json!({"keys": [jwk]}).to_string()));
        let jwt = Jwt::jwks_url(idp.keys_url())
            .issuer("https://login.example/organizations/v2.0")
            .issuer_of_tenants("https://login.example/{tid}/v2.0", |_| true)
            .audience("test")
            .dangerously_accept_test_keys();
        let named = "https://login.example/t1/v2.0";
        let token = issuer.token("ada").claim("iss", named).claim("tid", "t1").sign();
        serve([("jwt", jwt)]).get("/me", &[&bearer(&token)]).await.status
    };
    assert_eq!(status(Some("consumers")).await, 401);
    assert_eq!(status(Some("t1")).await, 200);
    assert_eq!(status(Some("{tenantid}")).await, 200);
    assert_eq!(status(None).await, 200);
}

#[actix_web::test]
async fn a_page_of_another_site_has_nobody_banned() {
    let issuer = Issuer::es256();
    let server = serve([("jwt", issuer.jwt().cookie("s", ["https://shop.example"]))]);
    let cookie = || format!("Cookie: s={}", issuer.token("ada").sign());
    let mine = cookie();
    for _ in 0..10 {
        let headers = [&*mine, "Origin: https://evil.example", "Sec-Fetch-Site: cross-site"];
        assert_eq!(server.send("POST", "/change", &headers, "").await.status, 401);
    }
    // The token was renewed in the meantime.
    let headers = [&*cookie(), "Origin: https://shop.example"];
    assert_eq!(server.send("POST", "/change", &headers, "").await.status, 200);
}

/// A sibling domain can set a cookie, but not a header.
#[actix_web::test]
async fn a_token_that_was_sent_on_purpose_goes_before_one_in_a_cookie() {
    let (issuer, machines) = (Issuer::es256(), Issuer::rs256().named("https://machines.test"));
    let browser = issuer.jwt().cookie("s", ["https://shop.example"]);
    let server = serve([("browser", browser), ("machines", machines.jwt())]);
    let cookie = format!("Cookie: s={}", issuer.token("mallory").sign());
    let header = bearer(&machines.token("ada").sign());
    assert_eq!(server.get("/me", &[&header, &cookie]).await.body, "ada");
}

#[actix_web::test]
async fn a_hostile_provider_writes_no_long_lines() {
    log::record();
    let named = "https://é.example/".repeat(20_000);
    let metadata = json!({"issuer": named, "jwks_uri": "https://keys.example"}).to_string();
    let server = TestServer::run(move || {
        let metadata = metadata.clone();
        let answer = move || std::future::ready(metadata.clone());
        App::new().route("/.well-known/openid-configuration", actix_web::web::get().to(answer))
    });
    let jwt = Jwt::discover(server.url("")).audience("test");
    let security = Security::builder().authenticator("jwt", jwt).build().unwrap();
    let cause = loop {
        let cause = security.ready().unwrap_err().to_string();
        if cause.contains("the metadata is that of") {
            break cause;
        }
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(cause.len() < 4096, "{}", cause.len());
    assert!(log::lines().iter().all(|line| line.len() < 8192));
}

#[test]
fn what_a_client_may_choose_writes_no_lines_and_no_long_ones() {
    log::record();
    let issuer = issuer();
    let deep = (0..5).fold(json!(1e300), |inner, _| json!([inner, inner, inner, inner, inner]));
    let forged = "a\nERROR forged\r\u{202e}\u{2028}\u{1b}[2J";
    for audience in [deep, json!(forged), json!([forged])] {
        let token = issuer.token("ada").claim("aud", audience).sign();
        assert!(judge(issuer.jwt().max_token_bytes(64 * 1024), &token).is_err());
        let explained = issuer.jwt().explain_token_at(&token, clock().now()).unwrap().to_string();
        assert!(explained.len() < 16_384, "{}", explained.len());
        let is_hidden = |found: char| found.is_control() || "\u{202e}\u{2028}".contains(found);
        assert!(!explained.lines().any(|line| line.contains(is_hidden)), "{explained}");
    }
    let lines = log::lines();
    let about = lines.iter().filter(|line| line.contains("another audience"));
    assert!(about.clone().count() > 0);
    for line in about {
        assert!(line.len() < 8192 && !line.contains(['\n', '\u{202e}', '\u{1b}']), "{line}");
    }
}

#[actix_web::test]
async fn everybody_who_asks_whether_it_is_ready_causes_no_more_than_one_attempt() {
    let (idp, _) = provider(Issuer::es256());
    idp.behave(Behaviour::Down(503));
    let keys = Jwt::jwks_url(idp.keys_url()).issuer(idp.issuer()).audience("test");
    let endpoint = IntrospectionEndpoint::start();
    endpoint.behave(Manners::Down(503));
    let (id, secret) = IntrospectionEndpoint::CLIENT;
    let opaque = Introspection::at(endpoint.url())
        .client_secret_basic(id, secret)
        .issuer(idp.issuer())
        .audience("test");
    let security = Security::builder()
        .authenticator("keys", keys)
        .authenticator("opaque", opaque)
        .build()
        .unwrap();
    let server = TestServer::start(&security, api);
    assert_eq!(server.get("/me", &[&bearer("opaque")]).await.status, 503);
    let begun = std::time::Instant::now();
    for _ in 0..2000 {
        assert!(security.ready().is_err());
    }
    actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    let seconds = begun.elapsed().as_secs() as usize;
    assert!(idp.asked() <= 2 + seconds, "{}", idp.asked());
    assert!(endpoint.asked() <= 3 + 4 * seconds, "{}", endpoint.asked());
}

/// RFC 8414 section 3.3: two issuers on one host, one of which belongs to somebody else.
#[actix_web::test]
async fn metadata_at_another_place_are_still_those_of_the_issuer() {
    let issuer = Issuer::es256();
    let keys = json!({"keys": [issuer.jwk()]}).to_string();
    let named = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let shared = std::sync::Arc::clone(&named);
    let server = TestServer::run(move || {
        let (keys, named) = (keys.clone(), std::sync::Arc::clone(&shared));
        let metadata = move || {
            let base = named.lock().unwrap().clone();
            let at = base.rsplit_once('/').unwrap().0.to_owned();
            std::future::ready(json!({"issuer": base, "jwks_uri": at + "/keys"}).to_string())
        };
        App::new()
            .route("/.well-known/oauth-authorization-server/a", actix_web::web::get().to(metadata))
            .route("/keys", actix_web::web::get().to(move || std::future::ready(keys.clone())))
    });
    let wanted = server.url("/a");
    for (metadata_of, expected) in [(server.url("/b"), 503), (wanted.clone(), 200)] {
        *named.lock().unwrap() = metadata_of;
        let jwt = Jwt::discover(&wanted).audience("test").dangerously_accept_test_keys();
        let token = issuer.token("ada").claim("iss", wanted.as_str()).sign();
        assert_eq!(serve([("jwt", jwt)]).get("/me", &[&bearer(&token)]).await.status, expected);
    }
}

#[actix_web::test]
async fn strangers_who_invent_keys_neither_delay_nor_refuse_good_callers() {
    let (idp, issuer) = provider(Issuer::es256());
    let server = serve([("jwt", described(&idp))]);
    let good = bearer(&issuer.token("ada").sign());
    assert_eq!(server.get("/me", &[&good]).await.status, 200);
    let forged: Vec<String> = (0..100)
        .map(|number| match number % 2 {
            0 => issuer.token("mallory").header("kid", format!("k{number}")).tampered(),
            _ => issuer.token("mallory").without_header("kid").claim("n", number).tampered(),
        })
        .collect();
    let flood =
        forged.iter().map(|token| async { server.get("/me", &[&bearer(token)]).await.status });
    let callers = async {
        let begun = std::time::Instant::now();
        for _ in 0..20 {
            let fresh = bearer(&issuer.token("ada").sign());
            assert_eq!(server.get("/me", &[&fresh]).await.status, 200);
        }
        begun.elapsed()
    };
    let (statuses, _) =
        futures_util::future::join(futures_util::future::join_all(flood), callers).await;
    assert!(statuses.iter().all(|status| matches!(status, 401 | 429)), "{statuses:?}");
    assert!(idp.asked() < 10, "{}", idp.asked());
    // A key that is published now does not help either.
    let next = idp.signing(Issuer::rs256(), "2026-12");
    idp.publish(&[&issuer, &next]);
    assert_eq!(server.get("/me", &[&bearer(&next.token("ada").sign())]).await.status, 200);
}

#[test]
fn what_says_that_it_is_something_else_is_no_id_token() {
    let issuer = issuer();
    for (kind, expected) in [(json!("ID"), true), (json!("Refresh"), false), (json!(["ID"]), false)]
    {
        let token = plain(&issuer, &json!({"typ": kind})).sign();
        let verdict = judge(issuer.jwt().profile(Profile::IdToken), &token);
        assert_eq!(verdict.is_ok(), expected, "{kind}");
    }
}

#[test]
fn odd_bytes_neither_panic_nor_pass() {
    let issuer = issuer();
    let deep = format!(
        "{{\"iss\":\"https://issuer.test\",\"x\":{}1{}}}",
        "[".repeat(3000),
        "]".repeat(3000)
    );
    let tokens = [
        issuer.token("ada").raw_payload(deep).sign(),
        issuer.token("ada").raw_payload(b"{\"iss\":\"\xff\"}".to_vec()).sign(),
        issuer
            .token("ada")
            .raw_payload("{\"iss\":\"https://issuer.test\",\"\\u0069ss\":\"x\"}")
            .sign(),
        issuer.token("ada").raw_header("{\"alg\":\"ES256\",\"\\u0061lg\":\"none\"}").sign(),
        issuer.token("ada").header("typ", "applicatio\u{fe0f}n/at+jwt").sign(),
        issuer.token("ada").header("typ", "application/é").sign(),
        issuer.token("ada").claim("exp", 1.797e308).sign(),
        issuer.token("ada").claim("exp", "9".repeat(400)).sign(),
        issuer.token("ada").claim("iat", -1e308).sign(),
        issuer.token("ada").claim("token_use", "ACCE\u{17f}\u{17f}").sign(),
        issuer.token("a\u{85}da").sign(),
    ];
    for token in tokens {
        for profile in [Profile::AccessToken, Profile::IdToken, Profile::Rfc9068, Profile::Jwt] {
            let jwt = || issuer.jwt().profile(profile).subject_claim("sub");
            let verdict = judge(jwt(), &token);
            assert!(verdict.is_err() || profile == Profile::Jwt, "{profile:?} {token}");
            let explained = jwt().explain_token_at(&token, clock().now()).unwrap();
            assert_eq!(explained.is_accepted(), verdict.is_ok());
        }
    }
}
