//! Validation of a body takes about as much memory, and as few allocations, as reading it without validation;
//! `validator` itself bounds neither. A separate test binary, because it counts allocations.

use std::alloc::{GlobalAlloc, Layout, System};
use std::borrow::Cow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use actix_web::{HttpResponse, get, post, web};
use secure_runtime::{Security, secure};
use secure_tests::{Answer, TestServer};
use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError};

struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
/// How often the rule of one element was evaluated.
static ASKED: AtomicUsize = AtomicUsize::new(0);
/// Only one measurement at a time.
static TURN: Mutex<()> = Mutex::new(());

// SAFETY: forwards every call to `System`.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = ALLOCATED.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(now, Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn refuse(_: &str) -> Result<(), ValidationError> {
    ASKED.fetch_add(1, Relaxed);
    Err(ValidationError::new("never").with_message(Cow::from("is never right")))
}

#[derive(Deserialize, Serialize, Validate)]
struct Line {
    #[serde(default)]
    #[validate(custom(function = "refuse"))]
    article: String,
}

#[derive(Deserialize, Validate)]
struct Elements {
    #[validate(nested)]
    lines: Vec<Line>,
}

#[derive(Deserialize, Validate)]
struct Bounded {
    #[validate(length(max = 10), nested)]
    lines: Vec<Line>,
}

#[derive(Deserialize, Validate)]
struct Copied {
    #[validate(length(max = 10))]
    lines: Vec<Line>,
}

#[derive(Deserialize, Serialize, Validate)]
struct Inner {
    #[serde(default)]
    #[validate(nested)]
    lines: Vec<Line>,
}

#[derive(Deserialize, Validate)]
struct Deep {
    #[validate(nested)]
    lines: Vec<Inner>,
}

/// A struct that is a plain string in JSON.
#[derive(Deserialize, Serialize, Validate)]
#[serde(transparent)]
struct Code {
    #[validate(custom(function = "refuse"))]
    code: String,
}

#[derive(Deserialize, Validate)]
struct Codes {
    #[validate(nested)]
    lines: Vec<Code>,
}

macro_rules! endpoints {
    ($($name:ident $path:literal $body:ty),*) => {$(
        #[secure(public, validate(body), rate("1000/s", by = address))]
        #[post($path)]
        async fn $name(body: web::Json<$body>) -> HttpResponse {
            HttpResponse::Ok().body(body.lines.len().to_string())
        }
    )*};
}

endpoints!(
    elements "/elements" Elements,
    bounded "/bounded" Bounded,
    copied "/copied" Copied,
    deep "/deep" Deep,
    codes "/codes" Codes
);

#[secure(public, unvalidated(body, reason = "the control"), rate("1000/s", by = address))]
#[post("/unvalidated")]
async fn unvalidated(body: web::Json<Elements>) -> HttpResponse {
    HttpResponse::Ok().body(body.lines.len().to_string())
}

#[secure(public, validate(body), rate("1000/s", by = address))]
#[post("/form")]
async fn form(body: web::Form<Flat>) -> HttpResponse {
    HttpResponse::Ok().body(body.article.clone())
}

#[secure(public, validate(query))]
#[get("/query")]
async fn query(query: web::Query<Flat>) -> HttpResponse {
    HttpResponse::Ok().body(query.article.clone())
}

#[derive(Deserialize, Validate)]
struct Flat {
    #[serde(default)]
    #[validate(length(min = 1))]
    article: String,
}

fn security() -> Security {
    Security::builder().build().unwrap()
}

fn start(security: &Security) -> TestServer {
    TestServer::start(security, || {
        secure_runtime::scope("")
            .app_data(web::FormConfig::default().limit(1 << 21))
            .service(elements)
            .service(bounded)
            .service(copied)
            .service(deep)
            .service(codes)
            .service(unvalidated)
            .service(form)
            .service(query)
    })
}

/// A response, and the memory that it took.
struct Taken {
    answer: Answer,
    peak: usize,
    asked: usize,
    time: Duration,
}

#[expect(clippy::await_holding_lock, reason = "each test has a runtime of its own")]
async fn post(server: &TestServer, path: &str, body: &str) -> Taken {
    let _turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let before = ALLOCATED.load(Relaxed);
    PEAK.store(before, Relaxed);
    ASKED.store(0, Relaxed);
    let start = Instant::now();
    let answer = server.post_json(path, &[], body).await;
    let (time, asked) = (start.elapsed(), ASKED.load(Relaxed));
    Taken { answer, peak: PEAK.load(Relaxed) - before, asked, time }
}

/// Two mebibytes of the smallest possible element.
fn many(first: &str, element: &str, last: &str) -> String {
    let count = ((2 << 20) - first.len() - last.len() - 100) / (element.len() + 1);
    format!("{first}{}{last}", vec![element; count].join(","))
}

#[actix_web::test]
async fn bodies_of_many_values_cost_little_more_than_unvalidated() {
    let server = start(&security());
    let list = many(r#"{"lines":["#, "{}", "]}");
    let control = post(&server, "/unvalidated", &list).await;
    assert_eq!(control.answer.status, 200);
    println!("unvalidated: {} MiB, {:?}", control.peak >> 20, control.time);
    let texts = many(r#"{"lines":["#, r#""""#, "]}");
    let nested = many(r#"{"lines":[{"lines":["#, "{}", "]}]}");
    let shallow = many(r#"{"lines":["#, r#"{"lines":[{}]}"#, "]}");
    for (path, body) in [
        ("/elements", &list),
        ("/bounded", &list),
        ("/copied", &list),
        ("/deep", &nested),
        ("/deep", &shallow),
        ("/codes", &texts),
    ] {
        let taken = post(&server, path, body).await;
        println!("{path}: {} MiB, {:?}, {}", taken.peak >> 20, taken.time, taken.asked);
        let problem = taken.answer.problem(422);
        assert_eq!(problem["errors"][0]["code"], "values", "{problem}");
        assert_eq!(problem["errors"][0]["pointer"], "#");
        assert!(taken.peak < 2 * control.peak, "{path}: {} bytes", taken.peak);
        assert_eq!(taken.asked, 0);
    }
}

#[actix_web::test]
async fn as_many_values_as_are_allowed_are_validated() {
    let server = start(&security());
    let list = |count| format!(r#"{{"lines":[{}]}}"#, vec!["{}"; count].join(","));
    // The list itself counts as a value.
    let control = post(&server, "/unvalidated", &many(r#"{"lines":["#, "{}", "]}")).await;
    let most = post(&server, "/elements", &list(19_999)).await;
    let problem = most.answer.problem(422);
    assert_eq!(problem["errors"].as_array().unwrap().len(), 32);
    assert_eq!(problem["errors"][0]["pointer"], "#/lines/0/article");
    assert_eq!(most.asked, 19_999);
    println!("/elements: {} MiB, {:?}", most.peak >> 20, most.time);
    assert!(most.peak < 2 * control.peak, "{} bytes", most.peak);
    let more = post(&server, "/elements", &list(20_000)).await;
    assert_eq!(more.answer.problem(422)["errors"][0]["code"], "values");
}

#[actix_web::test]
async fn forms_and_queries_of_many_pairs_are_not_validated() {
    let security = Security::builder().max_validated_values(100).build().unwrap();
    let server = start(&security);
    let media_type = ["content-type: application/x-www-form-urlencoded"];
    for (count, code) in [(100, "length"), (101, "values")] {
        let pairs = vec!["a=1"; count].join("&");
        let problem = server.send("POST", "/form", &media_type, &pairs).await.problem(422);
        assert_eq!(problem["errors"][0]["code"], code, "{problem}");
        let problem = server.get(&format!("/query?{pairs}"), &[]).await.problem(422);
        assert_eq!(problem["errors"][0]["code"], code, "{problem}");
        assert_eq!(problem["errors"][0]["in"], "query");
    }
}

#[actix_web::test]
async fn a_body_that_hides_its_length_is_counted_too() {
    let security = Security::builder().max_validated_values(3).build().unwrap();
    let server = start(&security);
    let chunked = |lines: &str| {
        let body = format!(r#"{{"lines":[{lines}]}}"#);
        let middle = body.len() / 2;
        let (first, second) = body.split_at(middle);
        format!(
            "POST /elements HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             transfer-encoding: chunked\r\nconnection: close\r\n\r\n\
             {:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
            first.len(),
            second.len()
        )
    };
    let few = server.raw(chunked("{},{}")).await;
    assert!(few.contains("422") && few.contains("never"), "{few}");
    let many = server.raw(chunked("{},{},{}")).await;
    assert!(many.contains("422") && many.contains("at most 3 values"), "{many}");
}

#[actix_web::test]
async fn what_cannot_be_counted_is_refused() {
    let body = r#"{"lines":[]}"#;
    let server = start(&security());
    assert_eq!(
        server.post_json("/elements", &["content-encoding: identity"], body).await.body,
        "0"
    );
    // This build decompresses nothing, so the value of the header is sufficient.
    let answer = server.post_json("/elements", &["content-encoding: gzip"], body).await;
    assert_eq!(answer.problem(415)["detail"], "expected no `Content-Encoding`");
    let unbounded = Security::builder().max_validated_values(usize::MAX).build().unwrap();
    let server = start(&unbounded);
    server.post_json("/elements", &["content-encoding: gzip"], body).await.problem(415);
}
