//! The caches of verified and of refused tokens: their content and expiry.

use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use futures_util::future::join_all;
use secure_runtime::authentication::{Jwt, TokenCacheStatistics};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Security, secure};
use secure_tests::{IdentityProvider, TestServer, bearer};

use crate::Runs;

#[secure]
#[get("/orders")]
async fn orders(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

struct World {
    security: Security,
    server: TestServer,
    runs: Runs,
}

impl World {
    fn new(jwt: Jwt, clock: &FakeClock) -> Self {
        let builder = Security::builder().answers_for(module_path!()).clock(clock.clone());
        let security = builder.authenticator("jwt", jwt).build().unwrap();
        let runs = Runs::default();
        let data = web::Data::new(runs.clone());
        let server = TestServer::start(&security, move || {
            secure_runtime::scope("").app_data(data.clone()).service(orders)
        });
        Self { security, server, runs }
    }

    async fn answer(&self, token: &str) -> u16 {
        self.server.get("/orders", &[&bearer(token)]).await.status
    }

    fn statistics(&self) -> TokenCacheStatistics {
        let mut all = self.security.token_cache_statistics();
        let (name, statistics) = all.next().unwrap();
        assert_eq!(name, "jwt");
        assert!(all.next().is_none());
        statistics
    }
}

#[actix_web::test]
async fn statistics_say_what_was_spared() {
    let clock = FakeClock::new();
    let issuer = Issuer::hs256().clock(clock.clone());
    let world = World::new(issuer.jwt(), &clock);
    let none = world.statistics();
    assert_eq!((none.entries, none.bytes, none.hits, none.misses), (0, 0, 0, 0));
    let [alice, bob] = ["alice", "bob"].map(|name| issuer.token(name).sign());
    let forged = issuer.token("alice").tampered();
    for _ in 0..5 {
        assert_eq!(world.answer(&alice).await, 200);
        assert_eq!(world.answer(&bob).await, 200);
        assert_eq!(world.answer(&forged).await, 401);
    }
    let found = world.statistics();
    assert_eq!((found.entries, found.hits, found.misses), (2, 8, 7));
    assert_eq!((found.refused_again, found.evictions, found.cleared), (4, 0, 0));
    assert!(found.bytes > 1000 && found.bytes < found.max_bytes, "{found:?}");
    assert_eq!(world.runs.so_far(), 10);

    let small = World::new(issuer.jwt().cache_capacity_bytes(8 * 1024), &clock);
    for number in 0..50 {
        assert_eq!(small.answer(&issuer.token(format!("user {number}")).sign()).await, 200);
    }
    let found = small.statistics();
    assert!(found.evictions >= 40 && found.bytes <= found.max_bytes, "{found:?}");
    let off = World::new(issuer.jwt().cache_capacity_bytes(0), &clock);
    for _ in 0..2 {
        assert_eq!(off.answer(&alice).await, 200);
    }
    assert_eq!((off.statistics().misses, off.statistics().max_bytes), (2, 0));
}

/// A worker verifies one token after the other, so no protection against a stampede is needed: each of the
/// two workers verifies a token at most once.
#[actix_web::test]
async fn a_new_token_is_verified_once_by_each_worker_at_most() {
    let clock = FakeClock::new();
    let issuer = Issuer::rs256().clock(clock.clone());
    let world = World::new(issuer.jwt(), &clock);
    for round in 1..=5 {
        let line = bearer(&issuer.token("alice").sign());
        let headers: &[&str] = &[&line];
        let answers = join_all((0..64).map(|_| world.server.get("/orders", headers))).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        let found = world.statistics();
        assert!(found.misses <= 2 * round, "{found:?}");
        assert_eq!(found.hits + found.misses, 64 * round);
    }
}

#[actix_web::test]
async fn a_refusal_does_not_outlive_the_keys_it_is_due_to() {
    let clock = FakeClock::new();
    let provider = IdentityProvider::start();
    let signing = |issuer| provider.signing(issuer, "current").clock(clock.clone());
    let (first, second) = (signing(Issuer::eddsa()), signing(Issuer::es256()));
    provider.publish(&[&first]);
    let jwt = Jwt::discover(provider.issuer())
        .dangerously_accept_test_keys()
        .audience("test")
        .refresh_every(Duration::from_secs(1));
    let world = World::new(jwt, &clock);
    let (old, new) = (first.token("alice").sign(), second.token("alice").sign());
    assert_eq!(world.answer(&old).await, 200);
    for _ in 0..3 {
        assert_eq!(world.answer(&new).await, 401);
    }
    assert!(world.statistics().refused_again >= 2);

    // Another key with the same `kid`: a fetch is due now, and the request waits for it.
    provider.publish(&[&second]);
    clock.advance(Duration::from_millis(2500));
    assert_eq!(world.answer(&new).await, 200);
    assert_eq!(world.answer(&old).await, 401);
    assert_eq!(world.statistics().cleared, 1);
}

#[actix_web::test]
async fn refusals_displace_no_verified_token() {
    let clock = FakeClock::new();
    let issuer = Issuer::hs256().clock(clock.clone());
    let world = World::new(issuer.jwt().cache_capacity_bytes(16 * 1024), &clock);
    let good = issuer.token("alice").sign();
    assert_eq!(world.answer(&good).await, 200);
    for number in 0..300 {
        assert_eq!(world.answer(&issuer.token(format!("user {number}")).tampered()).await, 401);
    }
    let before = world.statistics();
    assert_eq!(world.answer(&good).await, 200);
    let after = world.statistics();
    assert_eq!((after.hits - before.hits, after.misses - before.misses), (1, 0));
    assert_eq!((after.entries, after.evictions), (1, 0));
}
