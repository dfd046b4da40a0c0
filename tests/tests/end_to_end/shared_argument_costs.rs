//! Shared limits with costs from the arguments: the cost is taken in a round trip after extraction and before
//! the handler runs.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::dev::{HttpServiceFactory, Payload};
use actix_web::{FromRequest, HttpRequest, HttpResponse, get, web};
use secure_runtime::operations::LimitRow;
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::throttling::{OnStoreFailure, SharedLimitsBuilder};
use secure_runtime::{Security, secure};
use secure_tests::{Answer, RedisServer, bearer, eventually};
use serde::Deserialize;

use crate::Runs;
use crate::argument_costs::{self, Page, pages, several};
use crate::shared_instances::{Instance, prefix, refused, store};

#[secure(rate("1000/d", cost = page.size), validate(page))]
#[get("/many")]
async fn many(page: web::Query<Page>, runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().body(page.size.to_string())
}

#[secure(quota("10/month", cost = page.size), validate(page))]
#[get("/month")]
async fn monthly(page: web::Query<Page>, runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().body(page.size.to_string())
}

/// An enforced limit, and a stricter one in shadow mode.
#[secure(
    rate("20/h", cost = page.size),
    rate("6/d", cost = page.size, mode = observe),
    validate(page)
)]
#[get("/trial")]
async fn trial(page: web::Query<Page>, runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().body(page.size.to_string())
}

/// A failure of Redis between the two round trips of a request.
#[derive(Deserialize)]
struct Mishap {
    port: u16,
    command: String,
}

impl FromRequest for Mishap {
    type Error = actix_web::Error;
    type Future = std::future::Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mishap = web::Query::<Self>::from_query(request.query_string()).unwrap().into_inner();
        let mut stream = TcpStream::connect(("127.0.0.1", mishap.port)).unwrap();
        stream.write_all(format!("{}\r\n", mishap.command).as_bytes()).unwrap();
        // Until the failure has been caused.
        let _ = stream.read(&mut [0; 16]);
        std::future::ready(Ok(mishap))
    }
}

#[secure(
    concurrency(1, queue = 4, wait = "10s"),
    rate("10/d", cost = page.size),
    validate(page),
)]
#[get("/mishap")]
async fn unlucky(page: web::Query<Page>, _mishap: Mishap, runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().body(page.size.to_string())
}

fn services(runs: web::Data<Runs>) -> impl HttpServiceFactory {
    secure_runtime::scope("")
        .app_data(runs)
        .service(pages)
        .service(several)
        .service(many)
        .service(monthly)
        .service(trial)
        .service(unlucky)
}

fn start(store: SharedLimitsBuilder) -> Instance {
    let builder = Security::builder().answers_for(argument_costs::MODULE);
    Instance::with(builder, Issuer::hs256(), module_path!(), store, services)
}

/// An instance that uses the store's clock.
fn start_at(clock: &FakeClock, store: SharedLimitsBuilder) -> Instance {
    let builder = Security::builder().answers_for(argument_costs::MODULE).clock(clock.clone());
    let issuer = Issuer::hs256().clock(clock.clone());
    Instance::with(builder, issuer, module_path!(), store.clock(clock.clone()), services)
}

/// Two instances that share limits, with a clock that stands still.
fn two_at(clock: &FakeClock, redis: &RedisServer) -> [Instance; 2] {
    let prefix = prefix();
    [(); 2].map(|()| start_at(clock, store(redis, &prefix)))
}

fn row(instance: &Instance, handler: &str, place: usize) -> LimitRow {
    let id = format!("::{handler}/{place}");
    let limits = instance.security.limits().statistics().limits;
    limits.into_iter().find(|row| row.id.as_str().ends_with(&id)).unwrap()
}

fn left(answer: &Answer) -> Option<&str> {
    answer.header("ratelimit")
}

#[actix_web::test]
async fn what_does_not_fit_is_refused_before_the_handler_as_by_one_instance() {
    let (redis, clock) = (RedisServer::shared(), FakeClock::new());
    let [one, other] = two_at(&clock, &redis);
    let first = one.ask("/pages?size=4", "ada").await;
    assert_eq!((first.status, &*first.body), (200, "4"));
    assert_eq!(left(&first), Some(r#""10/h";r=6;t=1440"#));
    let free = other.ask("/pages?size=0", "ada").await;
    assert_eq!(left(&free), Some(r#""10/h";r=5;t=1800"#), "no request is free");

    // The request has cost nothing, and its cost is refilled in an interval.
    let refused = one.ask("/pages?size=6", "ada").await;
    assert_eq!(refused.problem(429)["violated-policies"], serde_json::json!(["10/h"]));
    assert_eq!(refused.header("retry-after"), Some("360"));
    assert_eq!(left(&refused), Some(r#""10/h";r=5;t=360"#));
    clock.advance(Duration::from_secs(359));
    let refused = other.ask("/pages?size=6", "ada").await;
    assert_eq!(left(&refused), Some(r#""10/h";r=5;t=1"#), "nor has it again");
    clock.advance(Duration::from_secs(1));
    let paid = one.ask("/pages?size=6", "ada").await;
    assert_eq!((paid.status, left(&paid)), (200, Some(r#""10/h";r=0;t=3600"#)));
    // Nothing is left: requests are refused before their arguments are extracted.
    let refused = other.ask("/pages?size=5000", "ada").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("3600")));
    let rows = [row(&one, "pages", 1), row(&other, "pages", 1)];
    let sum = |of: fn(&LimitRow) -> u64| rows.iter().map(of).sum::<u64>();
    assert_eq!((sum(|it| it.allowed), sum(|it| it.refused)), (5, 3), "each trip is counted once");
}

#[actix_web::test]
async fn what_can_never_be_taken_at_once_is_a_fault_of_the_request_and_costs_one() {
    let (redis, clock) = (RedisServer::shared(), FakeClock::new());
    let [one, other] = two_at(&clock, &redis);
    for (size, expected_left) in [(11, r#""10/h";r=9;t=360"#), (1000, r#""10/h";r=8;t=720"#)] {
        let refused = one.ask(&format!("/pages?size={size}"), "ada").await;
        let expected = format!("the request costs {size}, and at most 10 can be taken at once");
        assert_eq!(refused.problem(422)["detail"], expected);
        assert_eq!(refused.header("retry-after"), None);
        assert_eq!(left(&refused), Some(expected_left));
    }
    // The same for a request that breaks a rule.
    one.ask("/pages?size=1001", "ada").await.problem(422);
    let answer = other.ask("/pages?size=7", "ada").await;
    assert_eq!((answer.status, left(&answer)), (200, Some(r#""10/h";r=0;t=3600"#)));
}

#[actix_web::test]
async fn all_late_costs_of_all_stages_are_taken_or_none() {
    let (redis, clock) = (RedisServer::shared(), FakeClock::new());
    let [one, other] = two_at(&clock, &redis);
    let post = async |instance: &Instance, name: &str, size: u32| {
        let token = bearer(&instance.issuer.token(name).sign());
        let body = format!("{{\"size\":{size}}}");
        instance.server.post_json("/several", &[&token], &body).await
    };
    assert_eq!(post(&one, "ada", 9).await.body, "ada 9");
    // The hour has one permit left, the address has three.
    let refused = post(&other, "ada", 2).await;
    assert_eq!(refused.problem(429)["violated-policies"], serde_json::json!(["10/h"]));
    // The refusal has not cost the address anything either.
    let answer = post(&one, "grace", 2).await;
    assert_eq!((&*answer.body, left(&answer)), ("grace 2", Some(r#""5/h";r=1;t=2880"#)));
    assert_eq!(post(&other, "grace", 2).await.status, 429);
    // The address still has one left; the limits of the caller have what neither request took.
    assert_eq!(post(&other, "grace", 1).await.body, "grace 1");
    assert_eq!((one.runs.so_far(), other.runs.so_far()), (2, 1));
    clock.advance(Duration::from_secs(3600));
    // A rule about the arguments is checked after the limits, so a request that it refuses has paid.
    post(&one, "eve", 3).await.problem(403);
    assert_eq!(left(&post(&other, "eve", 2).await), Some(r#""5/h";r=1;t=2880"#));
    assert_eq!((one.runs.so_far(), other.runs.so_far()), (2, 2));
    let statistics = one.security.shared_limit_statistics().unwrap();
    assert_eq!(statistics.decided, 9, "two stages, and one trip for the rest of both");
}

#[actix_web::test]
async fn parallel_requests_are_served_for_as_much_as_the_quota_has() {
    let redis = RedisServer::shared();
    for (path, is_calendar) in [("/pages?size=3", false), ("/month?size=3", true)] {
        let prefix = prefix();
        let [one, other] = [(); 2].map(|()| start(store(&redis, &prefix)));
        let token = bearer(&one.issuer.token("ada").sign());
        let headers = [token.as_str()];
        let turns = (0..24).map(|turn| if turn % 2 == 0 { &one } else { &other });
        let answers =
            futures_util::future::join_all(turns.map(|it| it.server.get(path, &headers))).await;
        let served = answers.iter().filter(|it| it.status == 200).count();
        assert_eq!(served, one.runs.so_far() + other.runs.so_far());
        assert!(served <= 3, "{served} times three of ten");
        assert!(answers.iter().all(|it| matches!(it.status, 200 | 429)), "{answers:?}");
        // Without the other instance, one request is served.
        assert_eq!(other.ask(path, "bob").await.status, 200, "{is_calendar}");
    }
}

#[actix_web::test]
async fn a_refusal_gives_back_what_leases_and_an_instance_alone_let_it_take() {
    let (redis, clock) = (RedisServer::start(), FakeClock::new());
    let start =
        || start_at(&clock, store(&redis, &prefix()).leases(100).instances(NonZeroU32::MIN));
    let mut lost = Vec::new();
    for size in [101, 300, 1000] {
        let one = start();
        let ask = async |size: u32| one.ask(&format!("/many?size={size}"), "ada").await.status;
        // Some permits are leased, and the quota has few left.
        for _ in 0..100 {
            assert_eq!(ask(1).await, 200);
        }
        assert_eq!(ask(800).await, 200);
        let mut left = 100_i32;
        for _ in 0..30 {
            assert_eq!(ask(size).await, 429, "{size}");
        }
        while ask(1).await == 200 {
            left -= 1;
        }
        lost.push(left);
    }
    // No permit is given back twice. A permit is lost if a lease has no room for it, because others are on their way.
    assert!(
        lost.iter().all(|lost| (0..=8).contains(lost)),
        "{lost:?} were lost to 30 refusals each"
    );

    let one = start();
    assert_eq!(one.ask("/pages?size=1", "bob").await.status, 200);
    // The same without Redis: the local share of one instance.
    drop(redis);
    assert_eq!(one.ask("/pages?size=8", "ada").await.status, 200);
    for (size, status) in [(3, 429), (4, 429), (11, 422), (2, 429), (1, 200), (1, 429)] {
        let answer = one.ask(&format!("/pages?size={size}"), "ada").await;
        assert_eq!(answer.status, status, "{size}: {answer:?}");
    }
    assert!(row(&one, "pages", 1).fallback >= 6);
}

#[actix_web::test]
async fn leases_pay_for_costs_within_the_quota() {
    let (redis, clock, prefix) = (RedisServer::shared(), FakeClock::new(), prefix());
    let [one, other] = [(); 2].map(|()| {
        let store = store(&redis, &prefix).leases(100);
        start_at(&clock, store)
    });
    let mut served = 0;
    for instance in [&one, &other] {
        served += instance.admitted("/many?size=5", "ada").await;
    }
    assert!((150..=200).contains(&served), "{served} times five of a thousand");
    let statistics = [&one, &other].map(|it| it.security.shared_limit_statistics().unwrap());
    let trips: u64 = statistics.iter().map(|it| it.trips).sum();
    assert!(trips < u64::from(served), "{statistics:?}");
}

#[actix_web::test]
async fn what_is_observed_takes_nothing_that_does_not_fit() {
    let (redis, clock) = (RedisServer::shared(), FakeClock::new());
    let [one, other] = two_at(&clock, &redis);
    // More than the limit in shadow mode can ever admit.
    assert_eq!(one.ask("/trial?size=7", "ada").await.status, 200);
    let seen = |instance| {
        let row = row(instance, "trial", 2);
        (row.allowed, row.observed, row.refused)
    };
    assert_eq!(seen(&one), (1, 1, 0));
    // Nothing was taken from it by any of the requests; six are left.
    assert_eq!(other.ask("/trial?size=5", "ada").await.status, 200);
    assert_eq!(seen(&other), (1, 0, 0));
    assert_eq!(other.ask("/trial?size=2", "ada").await.status, 200);
    assert_eq!(seen(&other), (2, 1, 0), "one is left of it, and it asked for two");
    assert_eq!(other.ask("/trial?size=1", "ada").await.status, 200);
    assert_eq!(seen(&other), (3, 1, 0), "which was not taken");
    let answer = one.ask("/trial?size=5", "ada").await;
    assert_eq!((answer.status, left(&answer)), (200, Some(r#""20/h";r=0;t=3600"#)));
    refused(&one.ask("/trial?size=1", "ada").await);
}

const KILL: &str = "SHUTDOWN%20NOSAVE";
const PAUSE: &str = "CLIENT%20PAUSE%20700%20ALL";
/// Another server is the master now and takes the writes.
const DEMOTE: &str = "REPLICAOF%20127.0.0.1%201";
/// Redis has no memory left.
const FILL: &str = "CONFIG%20SET%20maxmemory%201";

/// A request with this cost, and the failure of Redis after its first round trip.
async fn meet(instance: &Instance, redis: &RedisServer, size: u32, command: &str) -> Answer {
    let path = format!("/mishap?size={size}&port={}&command={command}", redis.port());
    instance.ask(&path, "ada").await
}

#[actix_web::test]
async fn a_redis_that_does_not_decide_the_second_trip_is_one_that_is_gone() {
    use OnStoreFailure::{Allow, Deny, Local};
    for command in [KILL, PAUSE, DEMOTE, FILL] {
        for (on_failure, expected) in
            [(Local, [200, 200, 429]), (Deny, [503, 503, 503]), (Allow, [200, 200, 200])]
        {
            let (redis, clock) = (RedisServer::start(), FakeClock::new());
            let store = store(&redis, &prefix())
                .instances(NonZeroU32::new(2).unwrap())
                .deadline(Duration::from_millis(50))
                .on_store_failure(on_failure);
            let one = start_at(&clock, store);
            let seen = [
                meet(&one, &redis, 5, command).await.status,
                // More than this instance's share: served only if nothing else was.
                one.ask("/pages?size=6", "ada").await.status,
                one.ask("/pages?size=1", "ada").await.status,
            ];
            assert_eq!(seen, expected, "{command} {on_failure:?}");
            let row = row(&one, "unlucky", 1);
            assert_eq!((row.allowed, row.fallback, row.refused), (1, 1, 0));
            if on_failure == Allow {
                one.ask("/pages?size=11", "ada").await.problem(422);
            }
        }
    }
}

#[actix_web::test]
async fn who_leaves_during_the_trip_pays_once_and_holds_nothing() {
    let (redis, clock) = (RedisServer::start(), FakeClock::new());
    // The store's own timeout, so that it is the only deadline.
    let store = store(&redis, &prefix()).deadline(Duration::from_secs(10));
    let one = start_at(&clock, store);
    assert_eq!(one.ask("/pages?size=0", "ada").await.status, 200, "it is there");
    let token = bearer(&one.issuer.token("ada").sign());
    let path = format!("/mishap?size=5&port={}&command={PAUSE}", redis.port());
    let mut client = TcpStream::connect(one.server.address()).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{token}\r\n\r\n");
    client.write_all(head.as_bytes()).unwrap();
    let decided = || one.security.shared_limit_statistics().unwrap().decided;
    eventually("the first permit is taken", || decided() >= 2);
    drop(client);
    // Served after the round trip of the abandoned request, which keeps no slot.
    let path = format!("/mishap?size=3&port={}&command=PING", redis.port());
    let answer = one.server.get(&path, &[&token]).await;
    assert_eq!((answer.status, left(&answer)), (200, Some(r#""10/d";r=2;t=69120"#)));
}

#[actix_web::test]
async fn a_redis_that_forgot_between_the_trips_is_told_again() {
    for (command, left_of_ten) in [("SCRIPT%20FLUSH", "5;t=43200"), ("FLUSHALL", "6;t=34560")] {
        let (redis, clock) = (RedisServer::start(), FakeClock::new());
        let one = start_at(&clock, store(&redis, &prefix()));
        let answer = meet(&one, &redis, 5, command).await;
        let expected = format!(r#""10/d";r={left_of_ten}"#);
        assert_eq!((answer.status, left(&answer)), (200, Some(&*expected)), "{command}");
        let row = row(&one, "unlucky", 1);
        assert_eq!((row.allowed, row.fallback, row.refused), (1, 0, 0));
    }
}
