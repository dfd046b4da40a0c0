//! Code of the application inside the pipeline: extractors that fail, authenticators that wait, handlers and
//! hooks that panic, middlewares that interfere.

use std::future::{Ready, poll_fn, ready};
use std::task::Poll;

use actix_web::dev::{Payload, Service as _};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, WWW_AUTHENTICATE};
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse, get, post, web};
use secure_runtime::authentication::{Attempt, Authenticator, Challenge, Presented, Verdict};
use secure_runtime::testing::Issuer;
use secure_runtime::{DenialKind, Moment, Principal, RequestHead, secure};
use secure_tests::{TestServer, bearer};

use crate::Runs;

/// An extractor that fails in the way that the request demands.
struct Failing;

impl FromRequest for Failing {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let how = request.headers().get("x-fail").map_or("", |how| how.to_str().unwrap());
        let plain = |code: u16| InternalError::new("s3cr3t", StatusCode::from_u16(code).unwrap());
        let rendered = |response| InternalError::from_response("s3cr3t", response).into();
        ready(match how {
            "" => Ok(Self),
            "json" => {
                let body = serde_json::json!({"own": true});
                Err(rendered(HttpResponse::Forbidden().append_header(("x-own", "1")).json(body)))
            }
            "html" => {
                let page = HttpResponse::Conflict().content_type("text/html").body("<p>own</p>");
                Err(rendered(page))
            }
            "redirect" => {
                Err(rendered(HttpResponse::Found().append_header((LOCATION, "/login")).finish()))
            }
            "challenge" => {
                let challenge = (WWW_AUTHENTICATE, "Own realm=\"x\"");
                let mut unauthorized = HttpResponse::Unauthorized();
                Err(rendered(unauthorized.append_header(challenge).body("s3cr3t")))
            }
            "json-500" => Err(rendered(
                HttpResponse::InternalServerError().json(serde_json::json!({"text": "s3cr3t"})),
            )),
            code => Err(plain(code.parse().unwrap()).into()),
        })
    }
}

/// An extractor that uses the caller.
struct Greeting(String);

impl FromRequest for Greeting {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Principal::from_request(request, payload).into_inner();
        ready(caller.map(|caller| Self(format!("hello {}", caller.subject()))).map_err(Error::from))
    }
}

#[secure]
#[get("/failing")]
async fn failing(_own: Failing, runs: web::Data<Runs>) -> &'static str {
    runs.count();
    "fine"
}

#[secure]
#[get("/greeting")]
async fn greet(greeting: Greeting) -> String {
    greeting.0
}

#[secure(auth = optional)]
#[get("/greeting-maybe")]
async fn greet_maybe(greeting: Greeting) -> String {
    greeting.0
}

#[secure(public)]
#[get("/greeting-public")]
async fn greet_public(greeting: Greeting) -> String {
    greeting.0
}

#[secure(rate = "3/h")]
#[get("/panics")]
async fn fragile(request: HttpRequest) -> &'static str {
    assert!(!request.headers().contains_key("x-panic"), "on purpose");
    "fine"
}

#[secure(auth = slow, rate = "2/h")]
#[get("/slow")]
async fn slow(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(public, unvalidated(body, reason = "a test"), max_body = "10B", rate("1000/s", by = address))]
#[post("/swapped")]
async fn swapped(body: web::Bytes) -> String {
    String::from_utf8_lossy(&body).into_owned()
}

/// A future that is polled a hundred times before it completes.
struct Slow;

impl Authenticator for Slow {
    fn challenge(&self) -> Challenge {
        Challenge::new("Slow")
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        Presented::by_header(request, "x-slow")
    }

    fn authenticate(&self, request: &RequestHead<'_>, _: Moment) -> Attempt {
        let Some(name) = request.header("x-slow").map(<[u8]>::to_vec) else {
            return Attempt::Absent;
        };
        let mut left = 100;
        Attempt::Pending(Box::pin(poll_fn(move |context| {
            if left > 0 {
                left -= 1;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let subject = String::from_utf8_lossy(&name).into_owned();
            Poll::Ready(Verdict::Accepted(Principal::builder(subject).build()))
        })))
    }
}

fn server() -> (TestServer, String, Runs) {
    let (builder, issuer, _): (_, Issuer, _) = crate::security(module_path!());
    let builder = builder.named_authenticator("slow", Slow).problems(|denial, problem, _| {
        let cause = format!("{}\r\nset-cookie: x=1\0", denial.kind().title());
        problem.set_type("x\r\ny").set_title("\u{1}\u{2028}\"").set_instance("\r\n");
        problem.set_member("status", 200).set_member("a\r\n\"b", cause.as_str());
        assert!(denial.kind() != DenialKind::NotFound, "on purpose");
    });
    let runs = Runs::default();
    let data = web::Data::new(runs.clone());
    let server = TestServer::start(&builder.build().unwrap(), move || {
        secure_runtime::scope("")
            .app_data(data.clone())
            .service(failing)
            .service(greet)
            .service(greet_maybe)
            .service(greet_public)
            .service(fragile)
            .service(slow)
    });
    (server, bearer(&issuer.token("ada").sign()), runs)
}

#[actix_web::test]
async fn an_extractors_own_answer_is_passed_on_and_its_faults_are_not() {
    let (server, ada, runs) = server();
    let send = async |how: &str| server.get("/failing", &[&ada, &format!("x-fail: {how}")]).await;
    assert_eq!(server.get("/failing", &[&ada]).await.body, "fine");
    assert_eq!(runs.so_far(), 1);

    let own = send("json").await;
    assert_eq!((own.status, own.body.as_str()), (403, r#"{"own":true}"#));
    assert_eq!(own.header("x-own"), Some("1"));
    let own = send("html").await;
    assert_eq!((own.status, own.body.as_str()), (409, "<p>own</p>"));
    let own = send("redirect").await;
    assert_eq!((own.status, own.header("location")), (302, Some("/login")));

    let own = send("challenge").await;
    assert_eq!(own.problem(401)["title"], "Unauthorized");
    assert_eq!(own.header("www-authenticate"), Some("Own realm=\"x\""));
    for (how, status) in [
        ("400", 400),
        ("401", 401),
        ("403", 403),
        ("404", 404),
        ("409", 409),
        ("418", 418),
        ("429", 429),
        ("500", 500),
        ("502", 500),
        ("503", 503),
        ("200", 500),
        ("json-500", 500),
    ] {
        let answer = send(how).await;
        answer.problem(status);
        assert!(!answer.body.contains("s3cr3t"), "{how}: {answer:?}");
    }
    assert_eq!(runs.so_far(), 1);
}

#[actix_web::test]
async fn an_extractor_may_build_on_the_caller_where_there_is_one() {
    let (server, ada, _) = server();
    assert_eq!(server.get("/greeting", &[&ada]).await.body, "hello ada");
    assert_eq!(server.get("/greeting-maybe", &[&ada]).await.body, "hello ada");
    server.get("/greeting", &[]).await.problem(401);
    let asked = server.get("/greeting-maybe", &[]).await;
    asked.problem(401);
    assert_eq!(asked.header("www-authenticate"), Some("Bearer realm=\"api\""));
    // A `public` endpoint ignores credentials, so there is no caller to use.
    server.get("/greeting-public", &[&ada]).await.problem(500);
}

#[actix_web::test]
async fn a_handler_that_panics_answers_nothing_and_harms_nobody() {
    let (server, ada, _) = server();
    let request = |panics: &str| {
        format!("GET /panics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{ada}\r\n{panics}\r\n")
    };
    for _ in 0..2 {
        assert_eq!(server.raw(request("x-panic: 1\r\n")).await, "");
    }
    // Both requests took their permits; the workers are alive.
    assert!(server.raw(request("")).await.starts_with("HTTP/1.1 200 "));
    assert!(server.raw(request("")).await.starts_with("HTTP/1.1 429 "));
    for _ in 0..8 {
        assert_eq!(server.get("/greeting", &[&ada]).await.status, 200);
    }
}

#[actix_web::test]
async fn an_authenticator_that_waits_is_waited_for() {
    let (server, _, _) = server();
    let headers: &[&str] = &["x-slow: ada"];
    let requests = (0..20).map(|_| server.get("/slow", headers));
    let answers = futures_util::future::join_all(requests).await;
    let admitted: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(admitted.len(), 2);
    assert!(admitted.iter().all(|answer| answer.body == "ada"));
    server.get("/slow", &[]).await.problem(401);
}

#[actix_web::test]
async fn a_hook_shapes_the_body_and_nothing_else() {
    let (server, _, _) = server();
    let answer = server.get("/greeting", &[]).await;
    let problem = answer.problem(401);
    assert_eq!(problem["a\r\n\"b"], "Unauthorized\r\nset-cookie: x=1\0");
    assert_eq!(problem["title"], "\u{1}\u{2028}\"");
    assert_eq!(answer.header("set-cookie"), None);
}

#[actix_web::test]
async fn a_hook_that_panics_leaves_the_problem_as_it_was() {
    let (server, ada, _) = server();
    let problem = server.get("/failing", &[&ada, "x-fail: 404"]).await.problem(404);
    assert_eq!((&problem["type"], &problem["title"]), (&"about:blank".into(), &"Not Found".into()));
}

/// A middleware that rewrites the body but keeps the announced length.
#[actix_web::test]
async fn a_body_that_a_middleware_put_there_is_bounded_too() {
    let (builder, _, _) = crate::security(module_path!());
    let security = builder.named_authenticator("slow", Slow).build().unwrap();
    let server = TestServer::run(move || {
        actix_web::App::new()
            .app_data(security.clone())
            .wrap_fn(|mut request, service| {
                if let Some(size) = request.headers().get("x-swap") {
                    let size: usize = size.to_str().unwrap().parse().unwrap();
                    request.set_payload(Payload::from(web::Bytes::from(vec![b'x'; size])));
                }
                service.call(request)
            })
            .service(swapped)
    });
    let send = async |size: &str| server.send("POST", "/swapped", &[size], "tiny").await;
    assert_eq!(send("x-nothing: 1").await.body, "tiny");
    assert_eq!(send("x-swap: 10").await.body, "xxxxxxxxxx");
    send("x-swap: 11").await.problem(413);
}
