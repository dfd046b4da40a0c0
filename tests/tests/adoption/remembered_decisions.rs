//! The cache of the application's own decisions: `decide_cached`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::dev::HttpServiceFactory;
use actix_web::{get, post, web};
use secure_runtime::authorization::AccessRequest;
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Security, secure};
use secure_tests::{Answer, TestServer, bearer};
use tokio::sync::Semaphore;

#[secure(action = "read")]
#[get("/read/{id}")]
async fn read(id: web::Path<String>) -> String {
    format!("served {id}")
}

#[secure(action = "read")]
#[post("/read/{id}")]
async fn write(id: web::Path<String>) -> String {
    format!("served {id}")
}

#[secure(action = "other")]
#[get("/other/{id}")]
async fn other(id: web::Path<String>) -> String {
    format!("served {id}")
}

#[secure(auth = optional, action = "open")]
#[get("/open")]
async fn open() -> &'static str {
    "served"
}

fn api() -> impl HttpServiceFactory {
    web::scope("").service((read, write, other, open))
}

#[derive(Default)]
struct Policy {
    is_closed: AtomicBool,
    asked: AtomicUsize,
    gate: Option<Gate>,
}

/// Delays a decision until the test releases it.
struct Gate {
    begun: Semaphore,
    open: Semaphore,
}

struct Bench {
    server: TestServer,
    issuer: Issuer,
    clock: FakeClock,
    policy: Arc<Policy>,
    security: Security,
}

impl Bench {
    fn new(seconds: u64, capacity: usize, gate: Option<Gate>) -> Self {
        let clock = FakeClock::new();
        let issuer = Issuer::hs256().clock(clock.clone());
        let policy = Arc::new(Policy { gate, ..Policy::default() });
        let asked = Arc::clone(&policy);
        let decide = async move |request: &AccessRequest| {
            let is_open = !asked.is_closed.load(Ordering::SeqCst);
            asked.asked.fetch_add(1, Ordering::SeqCst);
            if let Some(gate) = &asked.gate {
                gate.begun.add_permits(1);
                gate.open.acquire().await.map_err(|error| error.to_string())?.forget();
            }
            match request.parameter("id") {
                Some("header") => Ok(request.head().header("x-open").is_some()),
                Some("broken") => Err(String::from("broken")),
                _ => Ok(is_open),
            }
        };
        let security = Security::builder()
            .answers_for(module_path!())
            .clock(clock.clone())
            .authenticator("jwt", issuer.jwt())
            .decide(decide)
            .decide_cached(Duration::from_secs(seconds), capacity)
            .build()
            .unwrap();
        let server = TestServer::start(&security, api);
        Self { server, issuer, clock, policy, security }
    }

    fn asked(&self) -> usize {
        self.policy.asked.swap(0, Ordering::SeqCst)
    }

    async fn get(&self, path: &str, token: &str) -> Answer {
        self.server.get(path, &[&bearer(token)]).await
    }

    /// The response's status, and how often the policy was called for it.
    async fn ask(&self, path: &str, token: &str) -> (u16, usize) {
        let answer = self.get(path, token).await;
        assert_eq!(answer.body.contains("served"), answer.status == 200, "{answer:?}");
        (answer.status, self.asked())
    }
}

#[actix_web::test]
async fn an_answer_holds_for_its_time() {
    let bench = Bench::new(30, 100, None);
    let ada = &bench.issuer.token("ada").sign();
    assert_eq!(bench.ask("/read/7", ada).await, (200, 1));
    bench.policy.is_closed.store(true, Ordering::SeqCst);
    bench.clock.advance(Duration::from_nanos(29_999_999_999));
    assert_eq!(bench.ask("/read/7", ada).await, (200, 0));
    bench.clock.advance(Duration::from_nanos(1));
    assert_eq!(bench.ask("/read/7", ada).await, (403, 1));
    // A refusal is cached as well.
    bench.policy.is_closed.store(false, Ordering::SeqCst);
    assert_eq!(bench.ask("/read/7", ada).await, (403, 0));
    bench.clock.advance(Duration::from_secs(30));
    assert_eq!(bench.ask("/read/7", ada).await, (200, 1));
    // The wall clock does not matter.
    bench.clock.jump_wall(-60);
    assert_eq!(bench.ask("/read/7", ada).await, (200, 0));
    let statistics = bench.security.decisions().statistics();
    assert_eq!((statistics.hits, statistics.misses, statistics.entries), (3, 3, 1));
}

#[actix_web::test]
async fn an_answer_is_found_by_all_that_the_policy_could_see() {
    let bench = Bench::new(30, 100, None);
    let token = || bench.issuer.token("ada").claim("jti", "one");
    let ada = &token().sign();
    assert_eq!(bench.ask("/read/7", ada).await, (200, 1));
    assert_eq!(bench.ask("/read/7", ada).await, (200, 0));
    // The query is not part of the path, and the policy does not read it.
    assert_eq!(bench.ask("/read/7?x=1", ada).await, (200, 0));
    // The same claims once more.
    assert_eq!(bench.ask("/read/7", &token().header("typ", "JWT").sign()).await, (200, 0));
    for differing in [
        bench.issuer.token("bob").claim("jti", "one").sign(),
        token().role("a").sign(),
        token().scope("a").sign(),
        token().permission("a").sign(),
        token().tenant("acme").sign(),
        token().claim("department", "sales").sign(),
        token().claim("jti", "two").sign(),
        token().expires_in(Duration::from_secs(7)).sign(),
    ] {
        assert_eq!(bench.ask("/read/7", &differing).await, (200, 1));
        assert_eq!(bench.ask("/read/7", &differing).await, (200, 0));
    }
    assert_eq!(bench.ask("/read/8", ada).await, (200, 1));
    assert_eq!(bench.ask("/other/7", ada).await, (200, 1));
    let posted = bench.server.send("POST", "/read/7", &[&bearer(ada)], "").await;
    assert_eq!((posted.status, bench.asked()), (200, 1));
    assert_eq!(bench.ask("/read/7", ada).await, (200, 0));
    // Anonymous requests have a separate entry.
    assert_eq!((bench.server.get("/open", &[]).await.status, bench.asked()), (200, 1));
    assert_eq!((bench.server.get("/open", &[]).await.status, bench.asked()), (200, 0));
    assert_eq!(bench.ask("/open", ada).await, (200, 1));
}

#[actix_web::test]
async fn what_hangs_on_headers_and_what_failed_is_asked_again() {
    let bench = Bench::new(30, 100, None);
    let ada = &bench.issuer.token("ada").sign();
    let asking = &["x-open: yes", &bearer(ada)];
    assert_eq!(bench.server.get("/read/header", asking).await.status, 200);
    assert_eq!(bench.asked(), 1);
    assert_eq!(bench.ask("/read/header", ada).await, (403, 1));
    assert_eq!(bench.server.get("/read/header", asking).await.status, 200);
    assert_eq!(bench.asked(), 1);
    assert_eq!(bench.ask("/read/broken", ada).await, (503, 1));
    assert_eq!(bench.ask("/read/broken", ada).await, (503, 1));
    let long = format!("/read/{}", "x".repeat(2000));
    assert_eq!(bench.ask(&long, ada).await, (200, 1));
    assert_eq!(bench.ask(&long, ada).await, (200, 1));
    assert_eq!(bench.security.decisions().statistics().entries, 0);
}

#[actix_web::test]
async fn what_is_forgotten_is_asked_again_at_once() {
    let bench = Bench::new(3600, 100, None);
    let tokens = ["ada", "bob"].map(|subject| bench.issuer.token(subject).sign());
    for token in &tokens {
        assert_eq!(bench.ask("/read/7", token).await, (200, 1));
    }
    bench.policy.is_closed.store(true, Ordering::SeqCst);
    bench.security.decisions().forget_subject("ada");
    assert_eq!(bench.ask("/read/7", &tokens[0]).await, (403, 1));
    assert_eq!(bench.ask("/read/7", &tokens[1]).await, (200, 0));
    bench.security.decisions().clear();
    assert_eq!(bench.ask("/read/7", &tokens[1]).await, (403, 1));
    assert_eq!(bench.ask("/read/7", &tokens[0]).await, (403, 1));
}

/// A decision by the old rules that arrives after they were changed is not cached.
#[actix_web::test]
async fn an_answer_that_was_under_way_is_not_remembered() {
    for subject in [None, Some("ada"), Some("somebody else")] {
        let gate = Gate { begun: Semaphore::new(0), open: Semaphore::new(0) };
        let bench = Bench::new(3600, 100, Some(gate));
        let ada = bench.issuer.token("ada").sign();
        let gate = bench.policy.gate.as_ref().unwrap();
        let change = async {
            gate.begun.acquire().await.unwrap().forget();
            bench.policy.is_closed.store(true, Ordering::SeqCst);
            match subject {
                Some(subject) => bench.security.decisions().forget_subject(subject),
                None => bench.security.decisions().clear(),
            }
            gate.open.add_permits(10);
        };
        let (first, ()) = futures_util::future::join(bench.get("/read/7", &ada), change).await;
        assert_eq!((first.status, bench.asked()), (200, 1));
        assert_eq!(bench.ask("/read/7", &ada).await, (403, 1));
        assert_eq!(bench.ask("/read/7", &ada).await, (403, 0));
    }
}

#[actix_web::test]
async fn memory_is_bounded() {
    let bench = Bench::new(3600, 8, None);
    let ada = &bench.issuer.token("ada").sign();
    for id in 0..40 {
        assert_eq!(bench.ask(&format!("/read/{id}"), ada).await, (200, 1));
        assert!(bench.security.decisions().statistics().entries <= 8);
    }
    let bench = Bench::new(3600, 1, None);
    let ada = &bench.issuer.token("ada").sign();
    for id in [1, 2, 1] {
        assert_eq!(bench.ask(&format!("/read/{id}"), ada).await.0, 200);
        assert!(bench.security.decisions().statistics().entries <= 1);
    }
}
