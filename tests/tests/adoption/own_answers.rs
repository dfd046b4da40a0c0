//! Refusals in the application's own response format. Statuses, headers and counts of the pipeline are kept.

use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorConflict, ErrorForbidden, ErrorImATeapot, ErrorUnauthorized};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, get, post, web};
use secure_runtime::answer::{Answer, Answers};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{
    Denial, DenialKind, Principal, Security, SecurityBuilder, claim_account, route, secure,
};
use secure_tests::{TestServer, bearer};
use serde::Deserialize;
use serde_json::json;

#[secure(roles = "staff", rate = "1/h")]
#[get("/ledger")]
async fn ledger() -> &'static str {
    "ledger"
}

#[secure(public)]
#[actix_web::route("/refuses", method = "GET", method = "HEAD")]
async fn refuses() -> Result<&'static str, Denial> {
    Err(Denial::new(DenialKind::Conflict, "s3cr3t").with_detail("changed meanwhile"))
}

#[derive(Deserialize, validator::Validate)]
struct Order {
    #[validate(length(min = 3))]
    name: String,
}

#[secure(public, validate(order), rate("1000/s", by = address))]
#[post("/orders")]
async fn orders(order: web::Json<Order>) -> String {
    order.into_inner().name
}

/// Fails as the request's header demands.
struct Failing;

impl FromRequest for Failing {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match request.headers().get("x-fail").map(|how| how.as_bytes()) {
            Some(b"401") => Err(ErrorUnauthorized("s3cr3t")),
            Some(b"403") => Err(ErrorForbidden("s3cr3t")),
            Some(b"409") => Err(ErrorConflict("s3cr3t")),
            Some(b"418") => Err(ErrorImATeapot("s3cr3t")),
            _ => Ok(Self),
        })
    }
}

#[secure(public)]
#[get("/failing")]
async fn failing(_own: Failing) -> &'static str {
    "fine"
}

#[derive(Deserialize, validator::Validate)]
struct Login {
    account: String,
    password: String,
}

/// A login that counts its failures.
#[secure(public, validate(login), failures = "3/min", rate("1000/s", by = address))]
#[post("/login")]
async fn sign_in(request: HttpRequest, login: web::Json<Login>) -> Result<&'static str, Denial> {
    claim_account(&request, &login.account)?;
    match login.password.as_str() {
        "right" => Ok("welcome"),
        _ => Err(Denial::new(DenialKind::Unauthenticated, "s3cr3t")),
    }
}

fn security() -> (SecurityBuilder, Issuer, FakeClock) {
    crate::security(module_path!())
}

fn serve(security: &Security) -> TestServer {
    TestServer::start(security, || {
        secure_runtime::scope("")
            .service(ledger)
            .service(refuses)
            .service(orders)
            .service(failing)
            .service(sign_in)
            .default_service(route::not_found())
    })
}

/// `{"error":{"code":…}}`, with another status for 403, and header fields that the pipeline overrides.
fn own_form(denial: &Denial, request: &HttpRequest) -> HttpResponse {
    let status = match denial.kind() {
        DenialKind::Forbidden => StatusCode::PAYMENT_REQUIRED,
        _ => denial.status_code(),
    };
    let errors: Vec<_> = denial.field_errors().iter().map(|it| (it.pointer(), it.code())).collect();
    let code = denial.kind().title().to_lowercase().replace(' ', "_");
    HttpResponse::build(status)
        .insert_header((RETRY_AFTER, "1"))
        .insert_header(("ratelimit", "\"own\";r=99"))
        .insert_header(("x-path", request.path()))
        .json(json!({"error": {"code": code, "detail": denial.detail(), "fields": errors}}))
}

#[actix_web::test]
async fn body_content_type_and_status_are_the_applications_and_the_fields_stay() {
    let (builder, issuer, _) = security();
    let server = serve(&builder.answer(own_form).build().unwrap());
    let staff = bearer(&issuer.token("ada").role("staff").sign());
    let guest = bearer(&issuer.token("bob").sign());
    assert_eq!(server.get("/ledger", &[&staff]).await.body, "ledger");

    let answer = server.get("/ledger", &[&staff]).await;
    assert_eq!((answer.status, answer.header("content-type")), (429, Some("application/json")));
    assert_eq!(answer.json()["error"]["code"], "too_many_requests");
    assert_eq!(answer.header("x-path"), Some("/ledger"));
    // Each header once, with the limiter's values.
    assert_eq!(answer.header("retry-after"), Some("3600"));
    assert_eq!(answer.header("ratelimit"), Some("\"1/h\";r=0;t=3600"));
    assert_eq!(answer.header("ratelimit-policy"), Some("\"1/h\";q=1;w=3600"));

    let answer = server.get("/ledger", &[]).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["code"].as_str()),
        (401, Some("unauthorized"))
    );
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"api\""));
    let answer = server.get("/ledger", &[&bearer(&issuer.token("ada").tampered())]).await;
    assert!(answer.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));

    let answer = server.get("/ledger", &[&guest]).await;
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (402, Some("forbidden")));
    assert!(!answer.body.contains("staff"), "{answer:?}");

    let answer = server.post_json("/orders", &[], r#"{"name":"a"}"#).await;
    assert_eq!(answer.json()["error"]["fields"], json!([["#/name", "length"]]));
    assert_eq!(server.post_json("/orders", &[], r#"{"name":"abc"}"#).await.body, "abc");
    let packed = ["content-encoding: gzip", "content-type: application/json"];
    let answer = server.send("POST", "/orders", &packed, "x").await;
    assert_eq!((answer.status, answer.header("accept-encoding")), (415, Some("identity")));
}

#[actix_web::test]
async fn denials_of_handlers_and_errors_of_extractors_have_the_same_form() {
    let (builder, ..) = security();
    let server = serve(&builder.answer(own_form).build().unwrap());
    let answer = server.get("/refuses", &[]).await;
    let expected =
        json!({"error": {"code": "conflict", "detail": "changed meanwhile", "fields": []}});
    assert_eq!((answer.status, answer.json()), (409, expected));

    assert_eq!(server.get("/failing", &[]).await.body, "fine");
    for (how, status, code) in
        [("401", 401, "unauthorized"), ("403", 402, "forbidden"), ("409", 409, "conflict")]
    {
        let answer = server.get("/failing", &[&format!("x-fail: {how}")]).await;
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (status, &json!(code)));
        assert!(!answer.body.contains("s3cr3t"), "{answer:?}");
    }
    // There is no kind for this status.
    server.get("/failing", &["x-fail: 418"]).await.problem(418);

    let answer = server.get("/nowhere", &[]).await;
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (404, Some("not_found")));
    let answer = server.post_json("/refuses", &[], "{}").await;
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (404, Some("not_found")));
}

/// An API that answers everything with 200, as GraphQL APIs do.
#[actix_web::test]
async fn budgets_for_failures_count_the_denial_whatever_status_is_answered() {
    let (builder, _, clock) = security();
    let builder = builder.answer(|denial, _| HttpResponse::Ok().json(denial.kind().status()));
    let server = serve(&builder.build().unwrap());
    let login = async |account: &str, password: &str| {
        let login = json!({"account": account, "password": password});
        server.post_json("/login", &[], &login.to_string()).await
    };
    assert_eq!(login("ada", "right").await.body, "welcome");
    for _ in 0..3 {
        let answer = login("ada", "wrong").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "401"));
    }
    for password in ["wrong", "right"] {
        let answer = login("ada", password).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "429"));
        assert_eq!(answer.header("retry-after"), Some("60"));
    }
    assert_eq!(login("bob", "right").await.body, "welcome");
    clock.advance(Duration::from_secs(120));
    assert_eq!(login("ada", "right").await.body, "welcome");
}

#[actix_web::test]
async fn fields_can_be_left_out_and_challenges_replaced() {
    let (builder, issuer, _) = security();
    let security = builder.answer(|denial, request| {
        if request.headers().contains_key("x-standard") {
            return Answer::standard().without(WWW_AUTHENTICATE);
        }
        let mut response = HttpResponse::build(denial.status_code());
        if request.headers().contains_key("x-own") {
            response.insert_header((WWW_AUTHENTICATE, "Own realm=\"x\""));
        }
        let without = ["ratelimit", "ratelimit-policy", "retry-after"];
        let without = without.into_iter().map(HeaderName::from_static);
        without.fold(Answer::from(response.finish()), Answer::without)
    });
    let server = serve(&security.build().unwrap());
    let staff = bearer(&issuer.token("ada").role("staff").sign());
    let served = server.get("/ledger", &[&staff]).await;
    assert!(served.header("ratelimit").is_some(), "only refusals lose fields");
    let answer = server.get("/ledger", &[&staff]).await;
    assert_eq!((answer.status, answer.body.as_str()), (429, ""));
    for name in ["ratelimit", "ratelimit-policy", "retry-after"] {
        assert_eq!(answer.header(name), None);
    }
    let challenge = async |headers: &[&str]| {
        let answer = server.get("/ledger", headers).await;
        assert_eq!(answer.status, 401);
        answer.header("www-authenticate").map(str::to_owned)
    };
    assert_eq!(challenge(&[]).await.as_deref(), Some("Bearer realm=\"api\""));
    assert_eq!(challenge(&["x-own: 1"]).await.as_deref(), Some("Own realm=\"x\""));
    assert_eq!(challenge(&["x-standard: 1"]).await, None);
    server.get("/ledger", &["x-standard: 1"]).await.problem(401);
}

#[actix_web::test]
async fn the_nearest_answers_hold() {
    let (builder, ..) = security();
    let of =
        |name: &'static str| move |_: &Denial, _: &HttpRequest| HttpResponse::Gone().body(name);
    let security = builder.answer(of("program")).build().unwrap();
    let server = TestServer::run(move || {
        App::new()
            .app_data(security.clone())
            .service(
                secure_runtime::scope("/a")
                    .answer(of("scope"))
                    .service(secure_runtime::scope("/in").answer(of("inner")).service(ledger))
                    .service(ledger),
            )
            .service(web::scope("/b").app_data(Answers::new(of("data"))).service(ledger))
            .service(web::scope("/c").service(ledger))
            .default_service(web::to(secure_runtime::not_found))
    });
    for (path, expected) in [
        ("/a/in/ledger", "inner"),
        ("/a/ledger", "scope"),
        ("/b/ledger", "data"),
        ("/c/ledger", "program"),
        ("/nowhere", "program"),
    ] {
        let answer = server.get(path, &[]).await;
        assert_eq!((answer.status, answer.body.as_str()), (410, expected), "{path}");
        assert_eq!(answer.header("www-authenticate").is_some(), path != "/nowhere", "{path}");
    }
}

/// The same without a `Security`.
#[actix_web::test]
async fn a_fault_of_the_program_has_the_applications_form_and_no_cause() {
    let server = TestServer::run(|| App::new().app_data(Answers::new(own_form)).service(ledger));
    let answer = server.get("/ledger", &[]).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["code"].as_str()),
        (500, Some("internal_server_error"))
    );
    assert!(!answer.body.contains("Security"), "{answer:?}");
}

#[actix_web::test]
async fn a_hook_that_panics_or_answers_nonsense_is_replaced_by_the_problem() {
    let (builder, issuer, _) = security();
    let security = builder
        .problems(|_, problem, request| {
            problem.set_instance(request.path());
        })
        .answer(|denial, request| {
            // A borrow that a panic has to release.
            let _held = request.extensions_mut();
            assert_eq!(denial.kind(), DenialKind::Forbidden, "on purpose");
            HttpResponse::build(StatusCode::CONTINUE).finish()
        })
        .build()
        .unwrap();
    let server = serve(&security);
    let guest = bearer(&issuer.token("bob").sign());
    for (headers, status) in [(vec![], 401), (vec![guest.as_str()], 403), (vec![], 401)] {
        let answer = server.get("/ledger", &headers).await;
        assert_eq!(answer.problem(status)["instance"], "/ledger");
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
    }
    let staff = bearer(&issuer.token("ada").role("staff").sign());
    assert_eq!(server.get("/ledger", &[&staff]).await.body, "ledger");
}

#[actix_web::test]
async fn a_refused_body_ends_the_connection_and_head_has_no_body() {
    let (builder, ..) = security();
    let server = serve(&builder.answer(own_form).build().unwrap());
    for (path, status) in [("/refuses", "409"), ("/nowhere", "404")] {
        let head = format!("HEAD {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let answer = server.raw(head).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert!(answer.contains(&format!("x-path: {path}\r\n")), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    }
    let unfinished = "POST /orders HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\n\
                      content-length: 100000\r\n\r\nabc";
    let answer = server.raw(unfinished).await;
    assert!(answer.starts_with("HTTP/1.1 415"), "{answer}");
    assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    assert!(answer.contains(r#""code":"unsupported_media_type""#), "{answer}");
}

type Seen = Arc<Mutex<Vec<Option<DenialKind>>>>;

/// Like a middleware that puts the text of an error into the body.
async fn tell(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let seen = request.app_data::<Seen>().cloned().unwrap();
    let response = next.call(request).await?;
    let error = response.response().error();
    seen.lock().unwrap().push(error.and_then(Error::as_error::<Denial>).map(Denial::kind));
    let text = error.map(ToString::to_string).unwrap_or_default();
    Ok(response.map_body(|_, _| text))
}

#[actix_web::test]
async fn the_error_of_a_response_is_the_denial_and_its_text_tells_nothing() {
    let (builder, issuer, _) = security();
    let own = builder.answer(own_form).build().unwrap();
    let standard = security().0.build().unwrap();
    for security in [own, standard] {
        let seen = Seen::default();
        let server = TestServer::run({
            let seen = Arc::clone(&seen);
            move || {
                App::new()
                    .app_data(security.clone())
                    .app_data(Arc::clone(&seen))
                    .wrap(from_fn(tell))
                    .service(ledger)
                    .service(refuses)
                    .service(failing)
            }
        });
        let guest = bearer(&issuer.token("bob").sign());
        let forged = bearer(&issuer.token("bob").claim("aud", "s3cr3t").sign());
        for (path, headers, expected) in [
            ("/ledger", vec![], "401 Unauthorized"),
            ("/ledger", vec![forged.as_str()], "401 Unauthorized"),
            ("/ledger", vec![guest.as_str()], "403 Forbidden"),
            ("/refuses", vec![], "409 Conflict: changed meanwhile"),
            ("/failing", vec!["x-fail: 409"], "409 Conflict"),
        ] {
            assert_eq!(server.get(path, &headers).await.body, expected);
        }
        use DenialKind::{Conflict, Forbidden, InvalidToken, Unauthenticated};
        let expected = [Unauthenticated, InvalidToken, Forbidden, Conflict, Conflict];
        assert_eq!(*seen.lock().unwrap(), expected.map(Some));
    }
}

/// The hook can read the request, and the caller if the request got that far.
#[actix_web::test]
async fn a_hook_sees_the_request() {
    let (builder, issuer, _) = security();
    let security = builder.answer(|denial, request| {
        let caller = Principal::from_request(request, &mut Payload::None).into_inner().ok();
        let caller = caller.map(|caller| caller.subject().to_owned());
        HttpResponse::build(denial.status_code()).json((caller, request.match_info().as_str()))
    });
    let server = serve(&security.build().unwrap());
    let answer = server.get("/ledger", &[&bearer(&issuer.token("bob").sign())]).await;
    assert_eq!((answer.status, answer.json()), (403, json!([null, "/ledger"])));
}
