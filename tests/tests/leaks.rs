//! What is secret appears neither in `Debug` output nor in what is logged of refused requests.

use std::fmt::{self, Debug, Write as _};
use std::sync::Mutex;

use actix_web::{HttpResponse, get, post, web};
use secure_runtime::authentication::{IntoAuthenticator, Jwt, Key};
use secure_runtime::testing::{FakeClock, Issuer, with_request};
use secure_runtime::{Denial, DenialKind, Principal, Security, secure};
use secure_tests::{TestServer, bearer};
use serde::Deserialize;
use tracing::field::{Field, Visit};
use tracing::span;
use tracing::{Event, Metadata, Subscriber};
use validator::Validate;

/// Part of everything that is secret here.
const SECRET: &str = "s3cr3t";

static LOGGED: Mutex<String> = Mutex::new(String::new());

/// Keeps what this crate logs, as text.
struct Recorder;

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("secure_runtime")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(event.metadata().level().to_string());
        event.record(&mut fields);
        let mut logged = LOGGED.lock().unwrap();
        logged.push_str(&fields.0);
        logged.push('\n');
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

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
    // The first wins; all tests of this file share one record.
    let _ = tracing::subscriber::set_global_default(Recorder);
    let clock = FakeClock::new();
    let issuer = Issuer::hs256_with(format!("{SECRET}{}", "x".repeat(32))).clock(clock.clone());
    let security = Security::builder().clock(clock.clone()).authenticator("jwt", issuer.jwt());
    let server = TestServer::start(&security.build().unwrap(), || {
        secure_runtime::scope("").service(admin).service(log_in).service(pages)
    });
    (server, issuer, clock)
}

/// What has been logged so far, and has to be clean.
fn logged() -> String {
    let logged = LOGGED.lock().unwrap().clone();
    assert!(!logged.contains(SECRET), "{logged}");
    assert!(!logged.contains("eyJ"), "a token: {logged}");
    logged
}

#[actix_web::test]
async fn refused_credentials_are_not_logged() {
    let (server, issuer, _) = server();
    let token = || issuer.token(SECRET).claim("email", SECRET);
    let refused = [
        token().sign(),
        token().tampered(),
        token().unsigned(),
        token().claim("exp", 1).sign(),
        token().claim("exp", SECRET).sign(),
        token().claim("nbf", u32::MAX).sign(),
        token().claim("iss", SECRET).sign(),
        token().claim("aud", SECRET).sign(),
        token().claim("roles", SECRET).sign(),
        token().claim("roles", serde_json::json!({ SECRET: [SECRET] })).sign(),
        token().claim("scope", serde_json::json!([SECRET, 1])).sign(),
        token().doubled("sub", SECRET).sign(),
        token().header("alg", SECRET).sign(),
        token().header("typ", SECRET).sign(),
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
    // The twin, and its limit.
    let root = bearer(&token().role("admin").sign());
    assert_eq!(server.get("/admin", &[&root]).await.status, 200);
    assert_eq!(server.get("/admin", &[&root]).await.status, 429);
    let lines = logged().lines().filter(|line| line.contains("admin")).count();
    assert!(lines > refused.len(), "every refusal is logged, without what was sent: {lines}");
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
    let refused = Security::builder().authenticator("jwt", Jwt::hs256(SECRET)).build().err();
    clean(&refused);
    clean(&refused.map(|error| error.to_string()));
    clean(&Denial::new(DenialKind::InvalidToken, "the signature does not match").problem());
    let headers = [("authorization", SECRET), ("x-api-key", SECRET), ("cookie", SECRET)];
    with_request(&headers, |head| clean(head));
}

/// `SecurityBuilder` has no `Debug`, so that nobody prints what it holds.
#[allow(dead_code, reason = "compiled, not called")]
trait NoDebug {
    const HAS_NONE: bool = true;
}

impl<T> NoDebug for T {}

struct Probe<T>(std::marker::PhantomData<T>);

impl<T: fmt::Debug> Probe<T> {
    const HAS_NONE: bool = false;
}

#[test]
fn the_builder_cannot_be_printed() {
    const { assert!(Probe::<secure_runtime::SecurityBuilder>::HAS_NONE) };
    const { assert!(!Probe::<Security>::HAS_NONE) };
}
