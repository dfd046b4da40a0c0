//! Identity providers and a service over HTTP: which of several authenticators decides, tokens outside the
//! `Authorization` header, readiness, and the log.

use std::time::Duration;

use actix_web::dev::HttpServiceFactory;
use actix_web::{App, get, post, web};
use secure_runtime::authentication::{Introspection, Jwt};
use secure_runtime::testing::Issuer;
use secure_runtime::{Principal, Security, scope, secure};
use secure_tests::{
    Behaviour, IdentityProvider, IntrospectionEndpoint, Manners, TestServer, bearer, log,
};
use serde_json::json;

#[secure]
#[get("/me")]
async fn me(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure]
#[post("/me")]
async fn change(caller: Principal) -> String {
    caller.subject().to_owned()
}

fn api() -> impl HttpServiceFactory {
    scope("").service(me).service(change)
}

fn serve(security: &Security) -> TestServer {
    TestServer::start(security, api)
}

/// A provider with one key, and the issuer that signs its tokens.
fn provider(key: Issuer) -> (IdentityProvider, Issuer) {
    let idp = IdentityProvider::start();
    let issuer = idp.signing(key, "2026-11");
    idp.publish(&[&issuer]);
    (idp, issuer)
}

fn described(idp: &IdentityProvider) -> Jwt {
    Jwt::discover(idp.issuer()).audience("test").dangerously_accept_test_keys()
}

/// A valid token, and invalid ones with the same issuer.
fn tokens(issuer: &Issuer) -> (String, [(&'static str, String); 3]) {
    let bad = [
        ("expired", issuer.token("ada").claim("exp", 1).sign()),
        ("for another audience", issuer.token("ada").claim("aud", "other").sign()),
        ("forged", issuer.token("ada").tampered()),
    ];
    (issuer.token("ada").sign(), bad)
}

#[actix_web::test]
async fn a_token_is_refused_by_its_own_issuer_while_another_one_is_down() {
    let (up, issuer) = provider(Issuer::rs256());
    let (down, _) = provider(Issuer::es256());
    down.behave(Behaviour::Down(503));
    for reversed in [false, true] {
        let mut named = [("up", described(&up)), ("down", described(&down))];
        if reversed {
            named.reverse();
        }
        let [(first, one), (second, two)] = named;
        let security = Security::builder().authenticator(first, one).authenticator(second, two);
        let server = serve(&security.build().unwrap());
        let (good, bad) = tokens(&issuer);
        assert_eq!(server.get("/me", &[&bearer(&good)]).await.status, 200);
        for (what, token) in bad {
            let answer = server.get("/me", &[&bearer(&token)]).await;
            assert_eq!(answer.status, 401, "{what}, reversed: {reversed}");
            assert!(answer.header("www-authenticate").unwrap().contains("invalid_token"), "{what}");
        }
        // Tokens of the other provider cannot be verified now.
        let theirs = down.signing(Issuer::es256(), "2026-11").token("ada").sign();
        assert_eq!(server.get("/me", &[&bearer(&theirs)]).await.status, 503);
        // A token that names neither issuer is refused, no matter which providers are available.
        let stranger = Issuer::rs256().token("ada").sign();
        assert_eq!(server.get("/me", &[&bearer(&stranger)]).await.status, 401);
    }
}

#[actix_web::test]
async fn a_jwt_is_judged_by_its_claims_whatever_the_introspection_endpoint_says_of_it() {
    let (idp, issuer) = provider(Issuer::rs256());
    let endpoint = IntrospectionEndpoint::start();
    let (id, secret) = IntrospectionEndpoint::CLIENT;
    let opaque = || {
        Introspection::at(endpoint.url())
            .client_secret_basic(id, secret)
            .issuer(idp.issuer())
            .audience("test")
    };
    let refuses_jwts = || Manners::Failing(400, r#"{"error":"unsupported_token_type"}"#.to_owned());
    for manners in [refuses_jwts(), Manners::Down(503)] {
        endpoint.behave(manners);
        let security = Security::builder()
            .authenticator("jwt", described(&idp))
            .authenticator("opaque", opaque())
            .build()
            .unwrap();
        let server = serve(&security);
        let (good, bad) = tokens(&issuer);
        assert_eq!(server.get("/me", &[&bearer(&good)]).await.status, 200);
        for (what, token) in bad {
            assert_eq!(server.get("/me", &[&bearer(&token)]).await.status, 401, "{what}");
        }
    }
    endpoint.behave(refuses_jwts());
    let alone = Security::builder().authenticator("opaque", opaque()).build().unwrap();
    let server = serve(&alone);
    let token = issuer.token("ada").sign();
    assert_eq!(server.get("/me", &[&bearer(&token)]).await.status, 401);
}

/// The issuer is configured with a trailing slash too many, or without it.
#[actix_web::test]
async fn ordinary_tokens_of_a_discovered_issuer_are_accepted() {
    let (idp, issuer) = provider(Issuer::rs256());
    let security = Security::builder().authenticator("jwt", described(&idp)).build().unwrap();
    let server = serve(&security);
    let plain = || issuer.token("ada").header("typ", "JWT").without("jti").without("client_id");
    let now = issuer.token("ada");
    assert_eq!(server.get("/me", &[&bearer(&now.sign())]).await.body, "ada");
    for token in [
        plain(),
        plain().without_header("typ"),
        plain().without("iat"),
        plain().claim("roles", json!([{"key": "admin"}])),
        plain().claim("amr", json!([{"method": "password"}])),
    ] {
        assert_eq!(server.get("/me", &[&bearer(&token.sign())]).await.body, "ada");
    }
    let id_token = plain().claim("nonce", "n-0S6_WzA2Mj");
    server.get("/me", &[&bearer(&id_token.sign())]).await.problem(401);
}

#[actix_web::test]
async fn a_token_may_stand_in_another_place_over_http() {
    let issuer = Issuer::es256();
    let token = issuer.token("ada").sign();
    let with = |describe: fn(Jwt) -> Jwt| {
        let security = Security::builder().authenticator("jwt", describe(issuer.jwt()));
        serve(&security.build().unwrap())
    };
    let usual = bearer(&token);

    let server = with(|jwt| jwt.header("Cf-Access-Jwt-Assertion"));
    let header = format!("Cf-Access-Jwt-Assertion: {token}");
    assert_eq!(server.get("/me", &[&header]).await.body, "ada");
    server.get("/me", &[&usual]).await.problem(401);
    server.get("/me", &[&header, &header]).await.problem(400);

    let server = with(|jwt| jwt.scheme("Token"));
    assert_eq!(server.get("/me", &[&format!("Authorization: Token {token}")]).await.body, "ada");
    let answer = server.get("/me", &[&usual]).await;
    assert!(answer.header("www-authenticate").unwrap().starts_with("Token "));

    let server = with(|jwt| jwt.websocket_subprotocol("access_token"));
    let protocols = format!("Sec-WebSocket-Protocol: chat, access_token, {token}");
    assert_eq!(server.get("/me", &[&protocols]).await.body, "ada");

    let server = with(|jwt| jwt.cookie("__Host-session", ["https://shop.example"]));
    let cookie = format!("Cookie: theme=dark; __Host-session={token}");
    assert_eq!(server.get("/me", &[&cookie]).await.body, "ada");
    let post = async |more: &[&str]| {
        let headers: Vec<&str> = [cookie.as_str()].iter().chain(more).copied().collect();
        server.send("POST", "/me", &headers, "").await.status
    };
    // A page of another site can make the browser send the cookie.
    assert_eq!(post(&[]).await, 401);
    assert_eq!(post(&["Origin: https://evil.example", "Sec-Fetch-Site: cross-site"]).await, 401);
    assert_eq!(post(&["Origin: null", "Sec-Fetch-Site: cross-site"]).await, 401);
    assert_eq!(
        post(&["Origin: https://evil.shop.example", "Sec-Fetch-Site: same-site"]).await,
        401
    );
    assert_eq!(post(&["Origin: https://shop.example", "Origin: https://evil.example"]).await, 401);
    assert_eq!(post(&["Origin: https://shop.example"]).await, 200);
    assert_eq!(post(&["Sec-Fetch-Site: same-origin"]).await, 200);
    assert_eq!(server.get("/me", &[&format!("{cookie}; __Host-session=x")]).await.status, 400);
}

#[actix_web::test]
async fn a_header_beside_a_cookie_is_no_conflict() {
    let (issuer, machines) = (Issuer::es256(), Issuer::rs256().named("https://machines.test"));
    let browser = issuer.jwt().cookie("s", ["https://shop.example"]);
    let security = Security::builder()
        .authenticator("machines", machines.jwt())
        .authenticator("browser", browser)
        .build()
        .unwrap();
    let server = serve(&security);
    let (cookie, header) = (
        format!("Cookie: s={}", issuer.token("ada").sign()),
        bearer(&machines.token("worker").sign()),
    );
    assert_eq!(server.get("/me", &[&cookie]).await.body, "ada");
    assert_eq!(server.get("/me", &[&header]).await.body, "worker");
    assert_eq!(server.get("/me", &[&header, &cookie]).await.body, "worker");
    // A valid cookie does not compensate for an invalid header.
    let expired = bearer(&machines.token("worker").claim("exp", 1).sign());
    server.get("/me", &[&expired, &cookie]).await.problem(401);
}

#[actix_web::test]
async fn a_program_is_ready_once_its_keys_are_there_without_a_request() {
    let (idp, issuer) = provider(Issuer::rs256());
    idp.behave(Behaviour::Down(503));
    let security = Security::builder().authenticator("provider", described(&idp)).build().unwrap();
    let application = security.clone();
    let server = TestServer::run(move || {
        App::new()
            .app_data(application.clone())
            .service(application.readiness("/ready"))
            .service(scope("/api").service(me))
            .default_service(web::to(actix_web::HttpResponse::NotFound))
    });
    let is_told = || security.ready().is_err_and(|why| why.to_string().contains("answered 500"));
    for _ in 0..500 {
        if is_told() {
            break;
        }
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    let answer = server.get("/ready", &[]).await;
    let problem = answer.problem(503);
    assert_eq!(
        problem,
        json!({"type": "about:blank", "title": "Service Unavailable", "status": 503})
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let not_ready = security.ready().unwrap_err();
    let (name, cause) = not_ready.causes().next().unwrap();
    assert_eq!(name, "provider");
    assert!(cause.contains("answered 500"), "{cause}");

    idp.behave(Behaviour::Good);
    for _ in 0..500 {
        if server.get("/ready", &[]).await.status == 200 {
            break;
        }
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.get("/ready", &[]).await.body, r#"{"status":"ready"}"#);
    assert!(security.ready().is_ok());
    let token = bearer(&issuer.token("ada").sign());
    assert_eq!(server.get("/api/me", &[&token]).await.body, "ada");
    let refused = server.send("POST", "/ready", &[], "").await;
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")));
}

#[actix_web::test]
async fn the_log_names_the_authenticator_and_the_cause_each_time() {
    log::record();
    let endpoint = IntrospectionEndpoint::start();
    let (id, secret) = IntrospectionEndpoint::CLIENT;
    let opaque = Introspection::at(endpoint.url())
        .client_secret_basic(id, secret)
        .issuer("https://logged.test")
        .audience("test");
    let (first, second) = (
        Issuer::es256().named("https://first.logged.test"),
        Issuer::rs256().named("https://second.logged.test"),
    );
    let security = Security::builder()
        .authenticator("staff", first.jwt())
        .authenticator("partners", second.jwt())
        .authenticator("opaque", opaque)
        .build()
        .unwrap();
    let server = serve(&security);
    let refusals = |part: &str| {
        let lines = log::lines().into_iter();
        let of_refusals =
            lines.filter(|line| line.starts_with("INFO ") && line.contains("refused"));
        of_refusals.filter(|line| line.contains(part)).count()
    };
    // A client repeats the same invalid token: each response has the same cause, that of the
    // authenticator whose issuer the token names.
    let token = bearer(&second.token("ada").claim("aud", "elsewhere.logged").sign());
    for _ in 0..5 {
        server.get("/me", &[&token]).await.problem(401);
    }
    let expected = "cause=\"`aud` is another audience\" authenticator=\"partners\"";
    assert_eq!(refusals(expected), 5, "{:#?}", log::lines());
    // An opaque token that is not active.
    endpoint.know("inactive-token", json!({"active": false}));
    server.get("/me", &[&bearer("inactive-token")]).await.problem(401);
    let expected = "cause=\"the token is not active\" authenticator=\"opaque\"";
    assert_eq!(refusals(expected), 1, "{:#?}", log::lines());
}

#[actix_web::test]
async fn an_outage_is_one_error_a_minute_and_not_one_for_each_request() {
    log::record();
    let (idp, issuer) = provider(Issuer::eddsa());
    idp.behave(Behaviour::Down(503));
    let security = Security::builder().authenticator("outage", described(&idp)).build().unwrap();
    let server = serve(&security);
    let token = bearer(&issuer.token("ada").sign());
    for _ in 0..20 {
        server.get("/me", &[&token]).await.problem(503);
    }
    let lines = log::lines();
    let of = |level: &str| {
        let lines = lines.iter().filter(|line| line.starts_with(level));
        lines.filter(|line| line.contains("status=503") && line.contains("\"outage\"")).count()
    };
    assert!(of("ERROR ") <= 1, "{}", of("ERROR "));
    assert_eq!(of("ERROR ") + of("INFO "), 20);
}
