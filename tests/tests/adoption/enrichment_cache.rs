//! The cache of enriched callers: its key, its expiry, and its invalidation.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::get;
use futures_util::future::{join, join_all};
use secure_runtime::authentication::{
    Attempt, Authenticator, Challenge, Enrich, EnrichmentCache, Presented, Refusal, Revocations,
};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Moment, Principal, RequestHead, Security, secure};
use secure_tests::{TestServer, bearer};
use tokio::sync::Semaphore;

#[secure]
#[get("/roles")]
async fn roles(caller: Principal) -> String {
    shown(&caller)
}

#[secure(auth = header)]
#[get("/header")]
async fn by_header(caller: Principal) -> String {
    shown(&caller)
}

fn shown(caller: &Principal) -> String {
    format!("{} {}", caller.subject(), caller.roles().collect::<Vec<_>>().join(","))
}

/// The `iss` of the test issuer.
const ISSUER: &str = "https://issuer.test";

/// Roles by subject; the number of loads; a gate that delays results.
#[derive(Clone)]
struct Database {
    roles: Arc<Mutex<HashMap<String, &'static str>>>,
    questions: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
}

impl Database {
    fn new() -> Self {
        Self {
            roles: Arc::default(),
            questions: Arc::default(),
            gate: Arc::new(Semaphore::new(1000)),
        }
    }

    async fn complete(self, principal: Principal) -> Result<Principal, Refusal> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        let role = self.roles.lock().unwrap().get(principal.subject()).copied();
        let _place = self.gate.acquire().await.unwrap();
        match role {
            Some("gone") => Err(Refusal::invalid_token("gone")),
            Some("ends") => Ok(principal.to_builder().expires_at(soon()).build()),
            role => Ok(principal.to_builder().role(role.unwrap_or("none")).build()),
        }
    }

    fn set(&self, subject: &str, role: &'static str) {
        self.roles.lock().unwrap().insert(subject.to_owned(), role);
    }

    /// Waits until the load with this number has started.
    async fn asked(&self, number: usize) {
        while self.questions() < number {
            actix_web::rt::task::yield_now().await;
        }
    }

    fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }
}

fn soon() -> std::time::SystemTime {
    use secure_runtime::Clock;
    std::time::SystemTime::from(FakeClock::new().now()) + Duration::from_secs(5)
}

/// Creates a new principal for each request, as an application's authenticator may.
struct Header;

impl Authenticator for Header {
    fn challenge(&self) -> Challenge {
        Challenge::new("Header")
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        Presented::by_header(request, "x-user")
    }

    fn authenticate(&self, request: &RequestHead<'_>, _: Moment) -> Attempt {
        let Some(name) = request.header("x-user") else { return Attempt::Absent };
        let name = String::from_utf8_lossy(name);
        let (name, scope) = name.split_once(' ').unwrap_or((&name, ""));
        Attempt::Accepted(Principal::builder(name).role(scope).build())
    }
}

struct World {
    server: TestServer,
    issuer: Issuer,
    clock: FakeClock,
    database: Database,
    cache: EnrichmentCache,
    revocations: Revocations,
}

fn world(capacity: usize) -> World {
    let clock = FakeClock::new();
    let issuer = Issuer::hs256().named(ISSUER).clock(clock.clone());
    let database = Database::new();
    let cache = EnrichmentCache::with_capacity(Duration::from_secs(60), capacity);
    let revocations = Revocations::builder().clock(clock.clone()).in_memory();
    let load = || {
        let database = database.clone();
        move |principal| database.clone().complete(principal)
    };
    let jwt = issuer.jwt().revocations(&revocations);
    let security = Security::builder()
        .answers_for(module_path!())
        .clock(clock.clone())
        .authenticator("jwt", jwt.enrich_cached(cache.clone(), load()))
        .named_authenticator("header", Header.enrich_cached(cache.clone(), load()))
        .build()
        .unwrap();
    let server = TestServer::start(&security, || {
        secure_runtime::scope("").service(roles).service(by_header)
    });
    World { server, issuer, clock, database, cache, revocations }
}

impl World {
    async fn roles(&self, token: &str) -> String {
        let answer = self.server.get("/roles", &[&bearer(token)]).await;
        if answer.status == 200 { answer.body } else { answer.status.to_string() }
    }

    async fn by_header(&self, user: &str) -> String {
        self.server.get("/header", &[&format!("x-user: {user}")]).await.body
    }
}

#[actix_web::test]
async fn a_caller_is_asked_about_once_while_it_is_kept() {
    let world = world(100);
    let token = world.issuer.token("ada").expires_in(Duration::from_secs(600)).sign();
    world.database.set("ada", "editor");
    for _ in 0..5 {
        assert_eq!(world.roles(&token).await, "ada editor");
    }
    assert_eq!(world.database.questions(), 1);
    world.database.set("ada", "reader");
    world.clock.advance(Duration::from_secs(59));
    assert_eq!(world.roles(&token).await, "ada editor");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.roles(&token).await, "ada reader");
    assert_eq!(world.database.questions(), 2);
}

#[actix_web::test]
async fn what_is_forgotten_is_asked_anew_at_once() {
    let world = world(100);
    let tokens = ["ada", "bob"].map(|name| world.issuer.token(name).sign());
    for token in &tokens {
        world.roles(token).await;
    }
    assert_eq!((world.database.questions(), world.cache.len()), (2, 2));
    world.database.set("ada", "editor");
    world.cache.forget_subject("ada");
    assert_eq!(world.roles(&tokens[0]).await, "ada editor");
    assert_eq!(world.roles(&tokens[1]).await, "bob none");
    assert_eq!(world.database.questions(), 3);
    world.cache.clear();
    assert!(world.cache.is_empty());
    world.roles(&tokens[1]).await;
    assert_eq!(world.database.questions(), 4);
}

#[actix_web::test]
async fn no_two_callers_are_mixed() {
    let world = world(100);
    // The same subject with different credentials.
    let tokens = [
        world.issuer.token("ada").sign(),
        world.issuer.token("ada").role("admin").sign(),
        world.issuer.token("ada").role("auditor").sign(),
    ];
    let expected = ["ada none", "ada admin,none", "ada auditor,none"];
    for _ in 0..3 {
        for (token, expected) in tokens.iter().zip(expected) {
            assert_eq!(world.roles(token).await, expected);
        }
        assert_eq!(world.by_header("ada").await, "ada ,none");
        assert_eq!(world.by_header("ada admin").await, "ada admin,none");
    }
    assert_eq!(world.database.questions(), 5);
}

#[actix_web::test]
async fn a_full_cache_makes_room_and_stays_right() {
    let world = world(4);
    for _ in 0..2 {
        for number in 0..20 {
            let name = format!("u{number}");
            assert_eq!(world.by_header(&name).await, format!("{name} ,none"));
        }
    }
    assert!(world.cache.len() <= 4, "{:?}", world.cache);
}

#[actix_web::test]
async fn revocations_and_expiry_end_what_is_kept() {
    let world = world(100);
    let token = world.issuer.token("ada").claim("jti", "t1").sign();
    assert_eq!(world.roles(&token).await, "ada none");
    world.revocations.revoke_token(ISSUER, "t1").await.unwrap();
    assert_eq!(world.roles(&token).await, "401");
    let short = world.issuer.token("bob").expires_in(Duration::from_secs(10)).sign();
    assert_eq!(world.roles(&short).await, "bob none");
    world.clock.advance(Duration::from_secs(40));
    assert_eq!(world.roles(&short).await, "401");
}

#[actix_web::test]
async fn an_enriched_principal_that_ends_is_asked_about_anew() {
    let world = world(100);
    world.database.set("eve", "ends");
    let token = world.issuer.token("eve").sign();
    world.roles(&token).await;
    world.clock.advance(Duration::from_secs(4));
    world.roles(&token).await;
    assert_eq!(world.database.questions(), 1);
    world.clock.advance(Duration::from_secs(1));
    world.roles(&token).await;
    assert_eq!(world.database.questions(), 2);
}

#[actix_web::test]
async fn refusals_are_not_kept() {
    let world = world(100);
    let token = world.issuer.token("ada").sign();
    world.database.set("ada", "gone");
    assert_eq!(world.roles(&token).await, "401");
    world.database.set("ada", "back");
    assert_eq!(world.roles(&token).await, "ada back");
    assert_eq!((world.database.questions(), world.cache.len()), (2, 1));
}

#[actix_web::test]
async fn requests_at_once_cause_one_question() {
    let world = world(100);
    let token = world.issuer.token("ada").sign();
    let closed = world.database.gate.acquire_many(1000).await.unwrap();
    let requests = join_all((0..20).map(|_| world.roles(&token)));
    let open = async {
        world.database.asked(1).await;
        drop(closed);
    };
    let (answers, ()) = join(requests, open).await;
    assert!(answers.iter().all(|answer| answer == "ada none"), "{answers:?}");
    assert_eq!(world.database.questions(), 1);
}

#[actix_web::test]
async fn what_began_before_the_cache_was_emptied_is_not_kept() {
    let world = world(100);
    let token = world.issuer.token("ada").sign();
    world.database.set("ada", "old");
    let closed = world.database.gate.acquire_many(1000).await.unwrap();
    let first = world.roles(&token);
    let change = async {
        world.database.asked(1).await;
        world.database.set("ada", "new");
        world.cache.forget_subject("ada");
        // A later request does not wait for the old result either.
        let second = world.roles(&token);
        let open = async {
            world.database.asked(2).await;
            drop(closed);
        };
        join(second, open).await.0
    };
    let (first, second) = join(first, change).await;
    assert_eq!((first.as_str(), second.as_str()), ("ada old", "ada new"));
    assert_eq!(world.roles(&token).await, "ada new");
    assert_eq!(world.database.questions(), 2);
}
