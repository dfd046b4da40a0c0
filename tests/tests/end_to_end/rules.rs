//! Rules about the request and the handler's arguments: `allow`, `check`, `hide`.

use std::future::ready;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::dev::HttpServiceFactory;
use actix_web::error::ErrorServiceUnavailable;
use actix_web::{App, Error, HttpRequest, get, post, web};
use secure_runtime::authentication::{Attempt, Authenticator, Challenge, Presented};
use secure_runtime::testing::Issuer;
use secure_runtime::{Denial, DenialKind, Moment, Principal, RequestHead, TrustedProxies, secure};
use secure_tests::{Answer, TestServer, bearer};
use serde::Deserialize;
use validator::Validate;

use crate::Runs;

#[derive(Deserialize, Validate)]
struct Order {
    owner: String,
    #[validate(range(min = 1))]
    cents: u64,
}

/// How often the application's function was called.
#[derive(Default)]
struct Asked(AtomicUsize);

impl Asked {
    async fn holds(&self, answer: bool) -> Result<bool, Error> {
        actix_web::rt::task::yield_now().await;
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(answer)
    }
}

fn asked(request: &HttpRequest) -> &Asked {
    request.app_data::<web::Data<Asked>>().unwrap()
}

#[secure(allow = caller.tenant() == Some("acme"), validate(order))]
#[post("/early")]
async fn early(order: web::Json<Order>, runs: web::Data<Runs>) -> String {
    runs.count();
    order.into_inner().owner
}

#[secure(allow = order.owner == caller.subject() && *cents < 100, validate(order, cents))]
#[post("/late")]
async fn late(
    web::Json(Order { ref owner, ref cents }): web::Json<Order>,
    mut order: web::Query<Order>,
    runs: web::Data<Runs>,
) -> String {
    runs.count();
    order.cents += cents;
    format!("{owner} {}", order.cents)
}

#[secure(
    allow = role("root")
        || (asked(request).holds(**id == 7).await? && **id < 9)
        || (!asked(request).holds(**id == 7).await? && role("admin"))
)]
#[get("/lazy/{id}")]
async fn lazy(id: web::Path<u32>, runs: web::Data<Runs>) -> String {
    runs.count();
    id.to_string()
}

#[secure(allow = fails(id).await?, rate = "3/h")]
#[get("/failing/{id}")]
async fn failing(id: web::Path<String>, runs: web::Data<Runs>) -> &'static str {
    runs.count();
    "no"
}

#[secure(allow = fails(id).await?, hide)]
#[get("/hidden/{id}")]
async fn hidden(id: web::Path<String>, runs: web::Data<Runs>) -> &'static str {
    runs.count();
    "no"
}

async fn fails(how: &str) -> Result<bool, Error> {
    match how {
        "yes" => Ok(true),
        "no" => Ok(false),
        "denied" => Err(Denial::new(DenialKind::Forbidden, "a secret reason").into()),
        "503" => Err(ErrorServiceUnavailable("the database of host db-1 is gone")),
        _ => panic!("as asked for"),
    }
}

#[secure(auth = optional, allow = **id < 10 || caller.is_some_and(|caller| caller.has_role("reader")))]
#[get("/articles/{id}")]
async fn article(id: web::Path<u32>) -> String {
    id.to_string()
}

#[secure(public, allow = !(address in ["10.0.0.0/8", "2001:db8::/32"]))]
#[get("/not-from-ten")]
async fn not_from_ten() -> &'static str {
    "welcome"
}

#[secure(auth = any(device, jwt), allow = authenticator(device) || scope("write"))]
#[get("/device")]
async fn vouched() -> &'static str {
    "welcome"
}

#[secure(auth = all(jwt, device), allow = scope("write") && caller.subject() == "ada")]
#[get("/both")]
async fn both() -> &'static str {
    "welcome"
}

#[secure(check = owns, check = is_small(id, request))]
#[get("/checked/{owner}/{id}")]
async fn checked(id: web::Path<(String, u32)>, runs: web::Data<Runs>) -> &'static str {
    runs.count();
    "checked"
}

async fn owns(caller: &Principal, path: &web::Path<(String, u32)>) -> Result<(), Denial> {
    let denial = || Denial::new(DenialKind::Forbidden, "somebody else's");
    if path.0 == caller.subject() { Ok(()) } else { Err(denial()) }
}

async fn is_small(
    _: &Principal,
    path: &web::Path<(String, u32)>,
    request: &HttpRequest,
) -> Result<(), Denial> {
    let denial = || Denial::new(DenialKind::NotFound, "too large");
    if path.1 < 10 && request.path().starts_with("/checked") { Ok(()) } else { Err(denial()) }
}

macro_rules! limited {
    ($name:ident, $path:literal, $rule:expr) => {
        #[secure(allow = $rule && scope("write"))]
        #[get($path)]
        async fn $name() -> &'static str {
            "welcome"
        }
    };
}

limited!(grouped, "/grouped", role("a") || role("b"));

struct Device;

impl Authenticator for Device {
    fn challenge(&self) -> Challenge {
        Challenge::new("Device")
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        Presented::by_header(request, "x-device")
    }

    fn authenticate(&self, request: &RequestHead<'_>, _: Moment) -> Attempt {
        match request.header("x-device") {
            None => Attempt::Absent,
            Some(_) => Attempt::Pending(Box::pin(ready(
                secure_runtime::authentication::Verdict::Accepted(Principal::builder("d1").build()),
            ))),
        }
    }
}

fn api() -> impl HttpServiceFactory {
    web::scope("").service((early, late, lazy, failing, hidden, article)).service((
        not_from_ten,
        vouched,
        both,
        checked,
        grouped,
    ))
}

struct Bench {
    server: TestServer,
    issuer: Issuer,
    runs: Runs,
    asked: web::Data<Asked>,
}

impl Bench {
    fn new() -> Self {
        let (builder, issuer, _) = crate::security(module_path!());
        let proxies = TrustedProxies::new(["127.0.0.0/8"]).unwrap();
        let security =
            builder.named_authenticator("device", Device).trusted_proxies(proxies).build().unwrap();
        let (runs, asked) = (Runs::default(), web::Data::new(Asked::default()));
        let (counted, shared) = (runs.clone(), asked.clone());
        let server = TestServer::run(move || {
            App::new()
                .app_data(security.clone())
                .app_data(web::Data::new(counted.clone()))
                .app_data(shared.clone())
                .service(api())
        });
        Self { server, issuer, runs, asked }
    }

    /// The response to Ada.
    async fn get(&self, path: &str) -> Answer {
        self.server.get(path, &[&bearer(&self.issuer.token("ada").sign())]).await
    }

    fn asked(&self) -> usize {
        self.asked.0.swap(0, Ordering::SeqCst)
    }
}

#[actix_web::test]
async fn what_needs_no_argument_is_decided_before_the_body_is_read() {
    let bench = Bench::new();
    let post = |tenant: &str, framing: &str| {
        let bearer = bearer(&bench.issuer.token("ada").tenant(tenant).sign());
        format!(
            "POST /early HTTP/1.1\r\nhost: localhost\r\n{bearer}\r\n\
             content-type: application/json\r\n{framing}\r\n\r\n"
        )
    };
    for framing in ["content-length: 1000000000", "transfer-encoding: chunked"] {
        let answer = bench.server.raw(post("umbrella", framing)).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{framing}: {answer}");
    }
    assert_eq!(bench.runs.so_far(), 0);
    let body = r#"{"owner":"ada","cents":5}"#;
    let bearer = bearer(&bench.issuer.token("ada").tenant("acme").sign());
    assert_eq!(bench.server.post_json("/early", &[&bearer], body).await.status, 200);
    assert_eq!(bench.runs.so_far(), 1);
}

#[actix_web::test]
async fn what_needs_the_body_is_decided_after_validation_and_what_needs_the_head_before_it() {
    let bench = Bench::new();
    let bearer = bearer(&bench.issuer.token("ada").sign());
    let post = async |path: &str, cents: u32| {
        let body = format!(r#"{{"owner":"x","cents":{cents}}}"#);
        bench.server.post_json(path, &[&bearer], &body).await.status
    };
    assert_eq!(post("/late?owner=ada&cents=0", 5).await, 422);
    assert_eq!(post("/late?owner=bob&cents=0", 5).await, 403, "the query forbids it already");
    assert_eq!(post("/late?owner=bob&cents=1", 5).await, 403);
    assert_eq!(post("/late?owner=ada&cents=1", 100).await, 403);
    assert_eq!(bench.runs.so_far(), 0);
    assert_eq!(post("/late?owner=ada&cents=1", 99).await, 200);
    assert_eq!(bench.runs.so_far(), 1);
}

#[actix_web::test]
async fn an_expression_is_asked_only_where_it_matters_and_once() {
    let bench = Bench::new();
    assert_eq!(bench.get("/lazy/7").await.status, 200);
    assert_eq!(bench.asked(), 1);
    assert_eq!(bench.get("/lazy/8").await.status, 403);
    assert_eq!(bench.asked(), 1);
    for (role, times) in [("admin", 1), ("root", 0)] {
        let bearer = bearer(&bench.issuer.token("ada").role(role).sign());
        assert_eq!(bench.server.get("/lazy/8", &[&bearer]).await.status, 200);
        assert_eq!(bench.asked(), times);
    }
    assert_eq!(bench.runs.so_far(), 3);
}

#[actix_web::test]
async fn an_expression_that_fails_refuses_and_tells_nothing() {
    let bench = Bench::new();
    for (how, expected) in [("denied", 403), ("503", 503), ("panic", 500)] {
        let answer = bench.get(&format!("/failing/{how}")).await;
        assert_eq!(answer.status, expected, "{how}: {answer:?}");
        let leaks = ["secret", "database", "asked for"].iter().any(|it| answer.body.contains(it));
        assert!(!leaks, "{answer:?}");
    }
    // Refused requests were counted: the rule is checked after the limits by caller.
    assert_eq!(bench.get("/failing/yes").await.status, 429);
    assert_eq!(bench.runs.so_far(), 0);
}

#[actix_web::test]
async fn what_is_hidden_is_not_there() {
    let bench = Bench::new();
    for (how, expected) in [("no", 404), ("denied", 404), ("503", 503), ("panic", 500)] {
        assert_eq!(bench.get(&format!("/hidden/{how}")).await.status, expected, "{how}");
    }
    assert_eq!(bench.runs.so_far(), 0);
    assert_eq!(bench.get("/hidden/yes").await.status, 200);
    // An anonymous caller may still authenticate, so the response is 401.
    assert_eq!(bench.server.get("/hidden/no", &[]).await.status, 401);
}

#[actix_web::test]
async fn a_rule_can_be_about_a_caller_who_may_be_anonymous() {
    let bench = Bench::new();
    assert_eq!(bench.server.get("/articles/1", &[]).await.status, 200);
    let refused = bench.server.get("/articles/11", &[]).await;
    assert_eq!(refused.status, 401, "to sign in may help");
    assert!(refused.header("www-authenticate").is_some());
    assert_eq!(bench.get("/articles/11").await.status, 403);
    let reader = bearer(&bench.issuer.token("rita").role("reader").sign());
    assert_eq!(bench.server.get("/articles/11", &[&reader]).await.status, 200);
}

#[actix_web::test]
async fn a_network_is_that_of_the_client_behind_trusted_proxies() {
    let bench = Bench::new();
    let status = async |client: &str| {
        let line = format!("x-forwarded-for: {client}");
        bench.server.get("/not-from-ten", &[&line]).await.status
    };
    assert_eq!(status("11.0.0.1").await, 200);
    assert_eq!(status("10.0.0.1").await, 403);
    assert_eq!(status("::ffff:10.0.0.1").await, 403);
    assert_eq!(status("2001:db8::1").await, 403);
    assert_eq!(status("2001:db9::1").await, 200);
}

#[actix_web::test]
async fn a_rule_can_ask_which_scheme_accepted() {
    let bench = Bench::new();
    let token = |scope: &str| bearer(&bench.issuer.token("ada").scope(scope).sign());
    let known = "x-device: d1";
    let status = async |path: &str, lines: &[&str]| bench.server.get(path, lines).await.status;
    assert_eq!(status("/device", &[known]).await, 200);
    assert_eq!(status("/device", &[&token("write")]).await, 200);
    let refused = bench.server.get("/device", &[&token("read")]).await;
    assert_eq!(refused.status, 403);
    assert!(refused.headers.iter().any(|(_, value)| value.contains("insufficient_scope")));

    assert_eq!(status("/both", &[&token("write"), known]).await, 200);
    assert_eq!(status("/both", &[&token("write")]).await, 401);
    assert_eq!(status("/both", &[&token("read"), known]).await, 403);
    assert_eq!(status("/both", &[known]).await, 401);
}

#[actix_web::test]
async fn checkers_check_in_their_order() {
    let bench = Bench::new();
    assert_eq!(bench.get("/checked/bob/1").await.status, 403);
    assert_eq!(bench.get("/checked/bob/11").await.status, 403);
    assert_eq!(bench.get("/checked/ada/11").await.status, 404);
    assert_eq!(bench.runs.so_far(), 0);
    assert_eq!(bench.get("/checked/ada/1").await.status, 200);
    assert_eq!(bench.runs.so_far(), 1);
}

#[actix_web::test]
async fn a_rule_from_a_macro_keeps_its_precedence() {
    let bench = Bench::new();
    let status = async |roles: &[&str], scope: &str| {
        let token = bench.issuer.token("ada").scope(scope);
        let token = roles.iter().fold(token, |token, role| token.role(*role));
        bench.server.get("/grouped", &[&bearer(&token.sign())]).await.status
    };
    assert_eq!(status(&["a"], "read").await, 403);
    assert_eq!(status(&["b"], "read").await, 403);
    assert_eq!(status(&["a"], "write").await, 200);
    assert_eq!(status(&[], "write").await, 403);
}
