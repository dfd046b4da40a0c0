//! The format of 401 and 403: challenges (RFC 6750 section 3) and problems (RFC 9457).

use actix_web::{HttpResponse, get};
use secure_runtime::{DenialKind, secure};
use secure_tests::{TestServer, bearer};

#[secure(roles = "staff", scopes = any("orders:read", "orders:admin"))]
#[get("/orders")]
async fn orders() -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn server() -> (TestServer, secure_runtime::testing::Issuer) {
    let (builder, issuer, _) = crate::security(module_path!());
    let security = builder
        .problems(|denial, problem, _| {
            if denial.kind() == DenialKind::Forbidden {
                problem.set_type("https://api.example/problems/role").set_member("hint", "ask");
            }
        })
        .build()
        .unwrap();
    (TestServer::start(&security, || orders), issuer)
}

#[actix_web::test]
async fn without_credentials_the_challenge_names_no_error() {
    let (server, _) = server();
    let answer = server.get("/orders", &[]).await;
    let problem = answer.problem(401);
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(problem["title"], "Unauthorized");
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Bearer"), "{challenge}");
    assert!(!challenge.contains("error"), "{challenge}");
}

#[actix_web::test]
async fn bad_credentials_are_invalid_token() {
    let (server, issuer) = server();
    let tampered = format!("{}x", issuer.token("a").sign());
    for token in [tampered, issuer.token("a").claim("exp", 1).sign(), String::from("x.y.z")] {
        let answer = server.get("/orders", &[&bearer(&token)]).await;
        answer.problem(401);
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.contains(r#"error="invalid_token""#), "{challenge}");
    }
}

#[actix_web::test]
async fn two_credentials_are_an_invalid_request() {
    let (server, issuer) = server();
    let token = bearer(&issuer.token("a").sign());
    let answer = server.get("/orders", &[&token, &token]).await;
    answer.problem(400);
    assert!(answer.header("www-authenticate").unwrap().contains(r#"error="invalid_request""#));
}

#[actix_web::test]
async fn missing_scope_says_which_and_a_missing_role_does_not_pretend_scope_would_help() {
    let (server, issuer) = server();
    let staff = bearer(&issuer.token("a").role("staff").sign());
    let answer = server.get("/orders", &[&staff]).await;
    answer.problem(403);
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.contains(r#"error="insufficient_scope""#), "{challenge}");
    assert!(challenge.contains(r#"scope="orders:read orders:admin""#), "{challenge}");

    let guest = bearer(&issuer.token("a").scope("orders:read").sign());
    let answer = server.get("/orders", &[&guest]).await;
    let problem = answer.problem(403);
    assert_eq!(answer.header("www-authenticate"), None);
    assert_eq!(problem["type"], "https://api.example/problems/role");
    assert_eq!(problem["hint"], "ask");
}

#[actix_web::test]
async fn a_head_request_is_answered_without_a_body() {
    let (server, _) = server();
    let answer = server.raw("HEAD /orders HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}
