//! The log of limits in shadow mode: enough to see the effect, and no flood of lines during an attack.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::rt::task::yield_now;
use actix_web::{HttpResponse, get};
use futures_util::future::join;
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Security, TrustedProxies, secure};
use secure_tests::{TestServer, bearer, log};

const SECRET: &str = "caller-of-whom-nothing-is-logged";

fn logged() -> String {
    let logged = log::lines().join("\n");
    assert!(!logged.contains(SECRET) && !logged.contains("127.0.0.1"), "{logged}");
    logged
}

/// Exceeds its limit, which is in shadow mode.
#[secure(rate("1/h", mode = observe))]
#[get("/observed")]
async fn observed() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[actix_web::test]
async fn an_attack_on_an_observed_limit_does_not_fill_the_log_and_names_nobody() {
    log::record();
    let clock = FakeClock::new();
    let issuer = Issuer::hs256().clock(clock.clone());
    let builder = Security::builder().clock(clock.clone()).authenticator("jwt", issuer.jwt());
    let security = builder.build().unwrap();
    let server = TestServer::start(&security, || secure_runtime::scope("").service(observed));
    let lines = || logged().matches(" handler=\"observed_log::observed\" limit=\"1/h\" ").count();
    assert!(logged().contains("limits that are not enforced") && logged().contains("1/h observed"));
    let callers: Vec<String> =
        (0..30).map(|number| bearer(&issuer.token(format!("{SECRET} {number}")).sign())).collect();
    for (asked, expected) in [(1, 0), (2, 1), (3, 1)] {
        assert_eq!(server.get("/observed", &[&callers[0]]).await.status, 200);
        assert_eq!(lines(), expected, "request {asked} of one caller");
    }
    for caller in callers.iter().skip(1) {
        for _ in 0..3 {
            assert_eq!(server.get("/observed", &[caller]).await.status, 200);
        }
    }
    assert_eq!(lines(), 10, "of thirty callers in one minute");
    clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(server.get("/observed", &[&callers[29]]).await.status, 200);
    let line =
        "would have been refused: the limit is in shadow mode handler=\"observed_log::observed\"";
    assert!(logged().contains(line), "{}", logged());
    assert_eq!(lines(), 11, "the next minute has room for a caller of whom nothing was said");
    let total: u64 = security.limits().statistics().limits.iter().map(|it| it.observed).sum();
    assert_eq!(total, 30 * 2 + 1, "everything is counted");
}

static TOGETHER: AtomicUsize = AtomicUsize::new(0);

/// Ends once two requests are in flight.
#[secure(concurrency(1, mode = observe))]
#[get("/together")]
async fn together() -> HttpResponse {
    TOGETHER.fetch_add(1, Ordering::Relaxed);
    while TOGETHER.load(Ordering::Relaxed) < 2 {
        yield_now().await;
    }
    HttpResponse::Ok().finish()
}

#[actix_web::test]
async fn a_concurrency_limit_in_shadow_mode_logs_its_handler() {
    log::record();
    let issuer = Issuer::hs256();
    let security = Security::builder().authenticator("jwt", issuer.jwt()).build().unwrap();
    let server = TestServer::start(&security, || secure_runtime::scope("").service(together));
    let caller = bearer(&issuer.token(SECRET).sign());
    let headers = [&*caller];
    let (one, other) =
        join(server.get("/together", &headers), server.get("/together", &headers)).await;
    assert_eq!((one.status, other.status), (200, 200));
    let expected = " handler=\"observed_log::together\" limit=\"1 at once observed\" ";
    assert_eq!(logged().matches(expected).count(), 1, "{}", logged());
}

/// More addresses than fit.
#[secure(public, rate("1/h", by = address))]
#[get("/crowded")]
async fn crowded() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[actix_web::test]
async fn memory_that_is_full_is_told_when_it_begins_and_whenever_it_is_twice_as_bad() {
    log::record();
    let clock = FakeClock::new();
    let issuer = Issuer::hs256().clock(clock.clone());
    let builder = Security::builder().clock(clock.clone()).authenticator("jwt", issuer.jwt());
    let proxies = TrustedProxies::new(["127.0.0.1"]).unwrap();
    let security = builder.trusted_proxies(proxies).limiter_capacity_bytes(0).build().unwrap();
    let server = TestServer::start(&security, || secure_runtime::scope("").service(crowded));
    for number in 0..400 {
        let from = format!("x-forwarded-for: 198.51.{}.{}", number / 200, number % 200);
        assert_eq!(server.get("/crowded", &[&from]).await.status, 200);
    }
    let evicted = security.limiter_statistics().evicted_live;
    assert!(evicted > 100, "{evicted}");
    let lines = log::lines();
    let told = lines.iter().filter(|line| line.contains("their memory is full")).count();
    assert!((1..=9).contains(&told), "{told} lines of {evicted}");
}

#[secure(failures("3/min", mode = observe))]
#[get("/guessed")]
async fn guessed() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[actix_web::test]
async fn a_ban_that_is_observed_has_one_line_and_so_has_the_launch() {
    log::record();
    let clock = FakeClock::new();
    let issuer = Issuer::hs256().clock(clock.clone());
    let builder = Security::builder().clock(clock.clone()).authenticator("jwt", issuer.jwt());
    let proxies = TrustedProxies::new(["127.0.0.1"]).unwrap();
    let security = builder.trusted_proxies(proxies).build().unwrap();
    let server = TestServer::start(&security, || secure_runtime::scope("").service(guessed));
    assert!(logged().contains("observed_log::guessed failures 3/min with the mode observe"));
    let from = "x-forwarded-for: 203.0.113.9";
    for number in 0..8 {
        let forged = bearer(&issuer.token(format!("m{number}")).tampered());
        assert_eq!(server.get("/guessed", &[from, &forged]).await.status, 401);
    }
    let lines = log::lines();
    let of_bans: Vec<&String> = lines.iter().filter(|line| line.contains("banned")).collect();
    let [line] = &of_bans[..] else { panic!("{of_bans:#?}") };
    assert!(line.starts_with("INFO") && line.contains("would have been banned"), "{line}");
    assert!(line.contains("203.0.113.9") && line.contains("seconds=60"), "{line}");
}
