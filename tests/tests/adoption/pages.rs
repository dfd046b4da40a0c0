//! Pages: a browser is redirected to the login and back to a page of this service; programs get a problem.

use actix_web::http::header::{LOCATION, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, get, post, web};
use secure_runtime::answer::{Answer, is_page_request, login_redirect, return_path};
use secure_runtime::authentication::{Attempt, Authenticator, Challenge, Presented};
use secure_runtime::testing::Issuer;
use secure_runtime::{DenialKind, Moment, RequestHead, Security, secure};
use secure_tests::{TestServer, bearer};
use serde::Deserialize;

#[secure(auth = any(jwt, basic))]
#[get("/account")]
async fn account() -> &'static str {
    "account"
}

#[secure(auth = jwt, roles = "admin")]
#[get("/admin")]
async fn administration() -> &'static str {
    "admin"
}

#[secure(auth = any(jwt, basic))]
#[post("/account")]
async fn change() -> &'static str {
    "changed"
}

#[derive(Deserialize)]
struct AfterLogin {
    return_to: Option<String>,
}

#[secure(public)]
#[get("/login")]
async fn login(query: web::Query<AfterLogin>) -> HttpResponse {
    let page = query.return_to.as_deref().and_then(return_path).unwrap_or("/");
    HttpResponse::SeeOther().insert_header((LOCATION, page)).finish()
}

/// Its challenge makes browsers open their login dialog.
struct Basic;

impl Authenticator for Basic {
    fn challenge(&self) -> Challenge {
        Challenge::new("Basic").parameter("realm", "pages")
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        Presented::by_header(request, "x-basic")
    }

    fn authenticate(&self, _: &RequestHead<'_>, _: Moment) -> Attempt {
        Attempt::Absent
    }
}

fn server() -> (TestServer, Issuer) {
    let issuer = Issuer::hs256();
    let security = Security::builder()
        .answers_for(module_path!())
        .named_authenticator("jwt", issuer.jwt())
        .named_authenticator("basic", Basic)
        .build()
        .unwrap();
    let server = TestServer::start(&security, || {
        secure_runtime::scope("/pages")
            .answer(|denial, request| match denial.kind() {
                _ if !is_page_request(request) => Answer::standard(),
                DenialKind::Unauthenticated | DenialKind::InvalidToken => {
                    Answer::from(login_redirect(request, "/pages/login")).without(WWW_AUTHENTICATE)
                }
                kind => HttpResponse::build(denial.status_code())
                    .content_type("text/html; charset=utf-8")
                    .body(format!("<h1>{}</h1>", kind.title()))
                    .into(),
            })
            .service(account)
            .service(administration)
            .service(change)
            .service(login)
    });
    (server, issuer)
}

const BROWSER: &str = "accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[actix_web::test]
async fn a_browser_is_sent_to_the_login_and_back() {
    let (server, issuer) = server();
    let answer = server.get("/pages/account?tab=2", &[BROWSER]).await;
    assert_eq!(answer.status, 303);
    let location = answer.header("location").unwrap();
    assert_eq!(location, "/pages/login?return_to=%2Fpages%2Faccount%3Ftab%3D2");
    assert_eq!(answer.header("www-authenticate"), None, "no dialog");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let back = server.get(location, &[BROWSER]).await;
    assert_eq!(back.header("location"), Some("/pages/account?tab=2"));
    let token = bearer(&issuer.token("ada").sign());
    assert_eq!(server.get("/pages/account?tab=2", &[BROWSER, &token]).await.body, "account");

    // A `POST` cannot be repeated after the login.
    let answer = server.send("POST", "/pages/account", &["sec-fetch-mode: navigate"], "").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/pages/login")));
}

#[actix_web::test]
async fn scripts_and_programs_read_problems_with_challenges() {
    let (server, _) = server();
    for accept in ["accept: */*", "accept: application/json, text/html;q=0.5", "x-none: 1"] {
        let answer = server.get("/pages/account", &[accept]).await;
        answer.problem(401);
        let challenges = answer.headers.iter().filter(|(name, _)| name == "www-authenticate");
        assert_eq!(challenges.count(), 2, "{answer:?}");
        assert_eq!(answer.header("location"), None);
    }
}

#[actix_web::test]
async fn a_caller_who_is_known_reads_a_page() {
    let (server, issuer) = server();
    let token = bearer(&issuer.token("ada").sign());
    let answer = server.get("/pages/admin", &[BROWSER, &token]).await;
    assert_eq!((answer.status, answer.body.as_str()), (403, "<h1>Forbidden</h1>"));
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    let admin = bearer(&issuer.token("ada").role("admin").sign());
    assert_eq!(server.get("/pages/admin", &[BROWSER, &admin]).await.body, "admin");
}

#[actix_web::test]
async fn no_link_to_the_login_leads_elsewhere() {
    let (server, _) = server();
    for (return_to, expected) in [
        ("%2Fpages%2Faccount", "/pages/account"),
        ("https:%2F%2Fevil.example", "/"),
        ("%2F%2Fevil.example", "/"),
        ("%2F%5Cevil.example", "/"),
        ("%2F%09%2Fevil.example", "/"),
        ("%2F%0D%0Aset-cookie:%20a", "/"),
        ("javascript:alert(1)", "/"),
    ] {
        let answer = server.get(&format!("/pages/login?return_to={return_to}"), &[]).await;
        assert_eq!(answer.header("location"), Some(expected), "{return_to}");
    }
    // A request for another host, or in absolute form, does not lead to another host either.
    for target in ["/pages/account", "http://evil.example/pages/account"] {
        let request = format!(
            "GET {target} HTTP/1.1\r\nhost: evil.example\r\nx-forwarded-host: evil.example\r\n\
             {BROWSER}\r\nconnection: close\r\n\r\n"
        );
        let answer = server.raw(request).await;
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
        assert!(
            answer.contains("location: /pages/login?return_to=%2Fpages%2Faccount\r\n"),
            "{answer}"
        );
        assert!(!answer.contains("evil"), "{answer}");
    }
}
