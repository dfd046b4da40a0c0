//! Revocations that processes share through Redis: they take effect at once; and behaviour during an outage.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix_web::{HttpResponse, get, web};
use secure_runtime::authentication::{RevocationError, Revocations, RevocationsBuilder};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Clock, Principal, Security, SystemClock, secure};
use secure_tests::{RedisServer, TestServer, bearer, eventually, unix};

use crate::Runs;

#[secure]
#[get("/orders")]
async fn orders(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

const ISSUER: &str = "https://issuer.test";

/// A process of the service, reduced to its revocations.
struct Process {
    revocations: Revocations,
    issuer: Issuer,
    server: TestServer,
    runs: Runs,
}

/// A stream that no other test uses.
fn key() -> String {
    static TAKEN: AtomicUsize = AtomicUsize::new(0);
    format!("test:{}:{}", std::process::id(), TAKEN.fetch_add(1, Ordering::Relaxed))
}

fn impatient(key: &str) -> RevocationsBuilder {
    // All processes use the real time here, because Redis does.
    Revocations::builder().redis_key(key).staleness(Duration::from_millis(1000))
}

impl Process {
    fn start(redis: &RedisServer, builder: RevocationsBuilder) -> Self {
        let revocations = builder.redis(&redis.url()).unwrap();
        let issuer = Issuer::hs256();
        let security = Security::builder()
            .answers_for(module_path!())
            .authenticator("jwt", issuer.jwt().revocations(&revocations))
            .build()
            .unwrap();
        let runs = Runs::default();
        let data = web::Data::new(runs.clone());
        let server = TestServer::start(&security, move || {
            secure_runtime::scope("").app_data(data.clone()).service(orders)
        });
        Self { revocations, issuer, server, runs }
    }

    /// A process that has read all entries.
    fn ready(redis: &RedisServer, builder: RevocationsBuilder) -> Self {
        let process = Self::start(redis, builder);
        process.becomes_readable(true);
        process
    }

    fn becomes_readable(&self, readable: bool) {
        eventually("the list can be read, or not", || {
            self.revocations.statistics().is_readable == readable
        });
    }

    fn knows(&self, entries: usize) {
        eventually("the revocation arrives", || self.revocations.statistics().entries == entries);
    }

    fn token(&self, id: &str) -> String {
        self.issuer.token("alice").claim("jti", id).claim("sid", format!("session {id}")).sign()
    }

    async fn answer(&self, token: &str) -> u16 {
        let before = self.runs.so_far();
        let answer = self.server.get("/orders", &[&bearer(token)]).await;
        assert_eq!(self.runs.so_far() - before, usize::from(answer.status == 200), "{answer:?}");
        if answer.status != 200 {
            answer.problem(answer.status);
        }
        answer.status
    }
}

#[actix_web::test]
async fn what_one_process_revokes_counts_in_all_of_them_and_in_those_that_start_later() {
    let (redis, key) = (RedisServer::shared(), key());
    let [here, there] = [0, 1].map(|_| Process::ready(&redis, impatient(&key)));
    let [one, two, other] = ["1", "2", "3"].map(|id| here.token(id));
    for token in [&one, &two, &other] {
        assert_eq!((here.answer(token).await, there.answer(token).await), (200, 200));
    }
    here.revocations.revoke_token(ISSUER, "1").await.unwrap();
    assert_eq!(here.answer(&one).await, 401);
    there.knows(1);
    assert_eq!(there.answer(&one).await, 401);
    there.revocations.revoke_session(ISSUER, "session 2").await.unwrap();
    here.knows(2);
    let later = Process::ready(&redis, impatient(&key));
    for process in [&here, &there, &later] {
        for (token, expected) in [(&one, 401), (&two, 401), (&other, 200)] {
            assert_eq!(process.answer(token).await, expected);
        }
    }
    there.revocations.revoke_subject(ISSUER, "alice").await.unwrap();
    here.knows(3);
    assert_eq!((here.answer(&other).await, there.answer(&other).await), (401, 401));
}

#[actix_web::test]
async fn an_entry_takes_milliseconds_to_the_others_and_ends_with_what_it_revokes() {
    let (redis, key) = (RedisServer::shared(), key());
    let builder = || impatient(&key).longest_token_life(Duration::from_secs(3600));
    let [here, there] = [0, 1].map(|_| Process::ready(&redis, builder()));
    let mut slowest = Duration::ZERO;
    for number in 0..50 {
        let start = Instant::now();
        here.revocations.revoke_token(ISSUER, &number.to_string()).await.unwrap();
        there.knows(number + 1);
        slowest = slowest.max(start.elapsed());
    }
    println!("slowest of 50: {slowest:?}");
    // The bound is generous because the machine may be busy; waiting for heartbeats would take 200 ms each.
    assert!(slowest < Duration::from_secs(10));

    let left: u64 =
        redis.command(&["PTTL", &key]).split(['\r', ':']).nth(1).unwrap().parse().unwrap();
    assert!((4_100_000..=4_200_000).contains(&left), "{left}");
    // Older entries are trimmed, one node of the stream at a time.
    let ancient = |number: u64| format!("1000-{number}");
    let other = self::key();
    for number in 0..300 {
        let id = ancient(number);
        redis.command(&["XADD", &other, &id, "kind", "token", "issuer", "a", "name", &id]);
    }
    let process = Process::ready(&redis, builder().redis_key(&other));
    process.knows(300);
    process.revocations.revoke_token("a", "new").await.unwrap();
    let length = redis.command(&["XLEN", &other]);
    assert!(length.starts_with(":101\r") || length.starts_with(":1\r"), "{length}");
}

#[actix_web::test]
async fn nobody_is_let_through_before_the_list_was_read() {
    let mut redis = RedisServer::start();
    redis.stop();
    let key = key();
    let process = Process::start(&redis, impatient(&key));
    let token = process.token("1");
    for _ in 0..3 {
        assert_eq!(process.answer(&token).await, 503);
    }
    redis.restart();
    process.becomes_readable(true);
    assert_eq!(process.answer(&token).await, 200);
}

#[actix_web::test]
async fn without_redis_nobody_is_let_through_for_longer_than_the_staleness() {
    let mut redis = RedisServer::start();
    let key = key();
    let process = Process::ready(&redis, impatient(&key));
    let [good, bad] = ["1", "2"].map(|id| process.token(id));
    assert_eq!((process.answer(&good).await, process.answer(&bad).await), (200, 200));
    redis.stop();
    let stopped = Instant::now();
    // The revocation takes effect here, and the result reports that other processes do not have it.
    let stored = process.revocations.revoke_token(ISSUER, "2").await;
    assert_eq!(stored, Err(RevocationError::NotStored));
    process.becomes_readable(false);
    assert!(stopped.elapsed() < Duration::from_secs(20), "staleness is one second");
    assert_eq!((process.answer(&good).await, process.answer(&bad).await), (503, 503));

    // Redis is back, and empty: this process keeps its revocations, and stores those that are pending.
    redis.restart();
    process.becomes_readable(true);
    assert_eq!((process.answer(&good).await, process.answer(&bad).await), (200, 401));
    let other = Process::ready(&redis, impatient(&key));
    other.knows(1);
    assert_eq!((other.answer(&good).await, other.answer(&bad).await), (200, 401));
}

#[actix_web::test]
async fn a_redis_that_does_not_answer_is_gone() {
    let redis = RedisServer::start();
    let key = key();
    let process = Process::ready(&redis, impatient(&key));
    let token = process.token("1");
    assert_eq!(process.answer(&token).await, 200);
    redis.pause();
    process.becomes_readable(false);
    assert_eq!(process.answer(&token).await, 503);
    redis.resume();
    process.becomes_readable(true);
    assert_eq!(process.answer(&token).await, 200);
}

#[actix_web::test]
async fn who_chooses_to_serve_without_redis_keeps_what_was_known() {
    let mut redis = RedisServer::start();
    let key = key();
    let builder = impatient(&key).dangerously_serve_without_redis();
    let process = Process::start(&redis, builder);
    process.becomes_readable(true);
    let [good, bad] = ["1", "2"].map(|id| process.token(id));
    process.revocations.revoke_token(ISSUER, "2").await.unwrap();
    let strict = Process::ready(&redis, impatient(&key));
    redis.stop();
    // Long enough for the counterpart without this setting.
    strict.becomes_readable(false);
    assert_eq!((process.answer(&good).await, process.answer(&bad).await), (200, 401));
    assert_eq!(strict.answer(&good).await, 503);
}

#[actix_web::test]
async fn an_entry_that_is_not_understood_revokes_what_was_issued_until_then() {
    let (redis, key) = (RedisServer::shared(), key());
    let process = Process::ready(&redis, impatient(&key));
    let now = SystemClock::new().now().unix_seconds();
    let earlier = Issuer::hs256().clock(FakeClock::at(unix(now - 60)));
    let (before, after) = (earlier.token("alice").sign(), process.token("1"));
    assert_eq!((process.answer(&before).await, process.answer(&after).await), (200, 200));
    let half_a_minute_ago = format!("{}-0", (now - 30) * 1000);
    redis.command(&["XADD", &key, &half_a_minute_ago, "kind", "toke", "issuer", "a", "name", "1"]);
    let long_ago = Principal::builder("bob").issued_at(unix(1)).expires_at(unix(2)).build();
    eventually("it arrives", || process.revocations.check(&long_ago).is_err());
    assert_eq!((process.answer(&before).await, process.answer(&after).await), (401, 200));
}

#[actix_web::test]
async fn tls_does_not_fall_back() {
    let (redis, key) = (RedisServer::shared(), key());
    let address = redis.url().replace("redis://", "rediss://");
    let builder = impatient(&key).dangerously_serve_without_redis();
    let secret = builder.redis(&address).unwrap();
    let plain = Process::ready(&redis, impatient(&key));
    plain.revocations.revoke_token(ISSUER, "1").await.unwrap();
    let stored = secret.revoke_token(ISSUER, "2").await;
    assert_eq!(stored, Err(RevocationError::NotStored));
    assert!(!secret.statistics().is_readable);
    assert_eq!(plain.revocations.statistics().entries, 1);
}

#[actix_web::test]
async fn a_stream_that_was_emptied_is_read_from_its_new_beginning() {
    let (redis, key) = (RedisServer::shared(), key());
    let process = Process::ready(&redis, impatient(&key));
    process.revocations.revoke_token(ISSUER, "1").await.unwrap();
    redis.command(&["DEL", &key]);
    // Its number is smaller than that of the last entry read.
    redis.command(&["XADD", &key, "5-5", "kind", "token", "issuer", ISSUER, "name", "2"]);
    process.knows(2);
    let answers = ["1", "2", "3"].map(|id| process.token(id));
    assert_eq!(process.answer(&answers[0]).await, 401);
    assert_eq!(process.answer(&answers[1]).await, 401);
    assert_eq!(process.answer(&answers[2]).await, 200);
}

#[test]
fn an_address_that_cannot_be_right_is_refused_without_being_shown() {
    for address in ["", "127.0.0.1:6379", "http://127.0.0.1", "redis://user:s3cr3t@host:port"] {
        let fault = Revocations::builder().redis(address).unwrap_err().to_string();
        assert!(!fault.contains("s3cr3t") && fault.contains("not a Redis address"), "{fault}");
    }
    let revocations = Revocations::builder().redis("redis://user:s3cr3t@127.0.0.1:1/").unwrap();
    assert!(!format!("{revocations:?}").contains("s3cr3t"));
}
