//! The failure budget for authentication that is enabled by default.

use std::time::Duration;

use secure_runtime::throttling::{LimitMode, Quota};
use secure_runtime::{FailedAuthentication, TrustedProxies};

use super::{ELSEWHERE, HERE, World, guesses, header};

/// A service whose default budget is this many failures a minute.
fn with_default(permits: u32) -> World {
    let quota = Quota::per_minute(permits.try_into().unwrap());
    with(FailedAuthentication::Budget(quota))
}

fn with(budget: FailedAuthentication) -> World {
    World::with(move |builder| {
        let proxies = TrustedProxies::new(["127.0.0.1"]).unwrap();
        builder.trusted_proxies(proxies).failed_authentication(budget)
    })
}

/// Uses up an address's budget for a path; each key has three.
async fn ban_address(world: &World, path: &str, keys: u32) {
    for victim in 0..keys {
        let guesses = guesses(&format!("shop_{victim:012}"), 3);
        assert_eq!(world.statuses(path, HERE, &guesses).await, [401; 3]);
    }
}

#[actix_web::test]
async fn failed_authentication_has_a_budget_by_default() {
    let world = World::new();
    let forged = world.forged(101);
    assert!(world.statuses("/plain", HERE, &forged[..100]).await.iter().all(|it| *it == 401));
    world.judged.reset();
    let refused = world.get("/plain", HERE, &forged[100]).await;
    let problem = refused.problem(429);
    assert_eq!(problem["violated-policies"], serde_json::json!(["failed authentication 100/min"]));
    assert_eq!((refused.header("retry-after"), world.judged.so_far()), (Some("60"), 0));
    // A request without credentials gets a challenge and is no failure; an endpoint's own budget is separate.
    assert_eq!(world.get("/plain", HERE, "").await.status, 401);
    assert_eq!(world.get("/orders", HERE, &forged[100]).await.status, 401);
    let key = world.key("billing");
    assert_eq!(world.get("/plain", HERE, &header(&key)).await.body, "billing");
    assert_eq!(world.get("/plain", ELSEWHERE, &forged[100]).await.status, 401);
}

#[actix_web::test]
async fn by_default_the_same_bad_token_again_is_one_failure() {
    let world = World::new();
    let expired = world.forged(1);
    let many = vec![expired[0].clone(); 300];
    assert!(world.statuses("/plain", HERE, &many).await.iter().all(|status| *status == 401));
    assert_eq!(world.security.failure_statistics().bans, 0);
}

#[actix_web::test]
async fn the_default_spares_addresses_that_may_be_a_load_balancers() {
    let world = World::with(|builder| builder);
    let forged = world.forged(120);
    assert!(world.statuses("/plain", HERE, &forged).await.iter().all(|status| *status == 401));
    // The budget of an endpoint applies in any case.
    assert_eq!(world.statuses("/orders", HERE, &forged[..4]).await, [401, 401, 401, 429]);
    assert_eq!(world.security.failure_statistics().bans, 1);
}

#[actix_web::test]
async fn the_default_can_be_another_one_or_none() {
    let strict = with_default(2);
    assert_eq!(strict.statuses("/plain", HERE, &strict.forged(3)).await, [401, 401, 429]);
    let off = with(FailedAuthentication::Off);
    let all = off.statuses("/plain", HERE, &off.forged(120)).await;
    assert!(all.iter().all(|status| *status == 401));
}

#[actix_web::test]
async fn a_key_that_was_accepted_anywhere_passes_the_bans_of_its_address() {
    let world = with_default(3);
    let (key, newcomer) = (world.key("billing"), world.key("newcomer"));
    // An endpoint with its own budget, where the default budget is not in use.
    assert_eq!(world.get("/orders", HERE, &header(&key)).await.status, 200);
    ban_address(&world, "/plain", 10).await;
    assert_eq!(world.get("/plain", HERE, &header(&newcomer)).await.status, 429);
    assert_eq!(world.get("/plain", HERE, &header(&key)).await.body, "billing");
    // The endpoint's own budget goes to shadow mode, so the default budget applies there from now on.
    let id = world.security.limits().statistics().budgets;
    let id = id.iter().find(|row| row.id.as_str().ends_with("orders/failures/1")).unwrap();
    world.security.limits().set_mode(&id.id, LimitMode::Observe).unwrap();
    assert_eq!(world.get("/orders", HERE, &header(&newcomer)).await.status, 429);
    assert_eq!(world.get("/orders", HERE, &header(&key)).await.body, "billing");
    // The known callers of one address are not known at another.
    assert_eq!(world.get("/plain", ELSEWHERE, &header(&newcomer)).await.status, 200);
    assert_eq!(world.get("/plain", HERE, &header(&newcomer)).await.status, 429);

    // The same in the other direction.
    let world = World::new();
    let (key, newcomer) = (world.key("billing"), world.key("newcomer"));
    assert_eq!(world.get("/plain", HERE, &header(&key)).await.status, 200);
    ban_address(&world, "/orders", 10).await;
    assert_eq!(world.get("/orders", HERE, &header(&newcomer)).await.status, 429);
    assert_eq!(world.get("/orders", HERE, &header(&key)).await.body, "billing");
    // A day later the address has no known callers.
    world.clock.advance(Duration::from_secs(24 * 3600));
    ban_address(&world, "/orders", 10).await;
    assert_eq!(world.get("/orders", HERE, &header(&key)).await.status, 429);
}

#[actix_web::test]
async fn a_key_that_is_known_has_a_budget_of_its_own_all_the_same() {
    let world = with_default(3);
    let key = world.key("billing");
    assert_eq!(world.get("/orders", HERE, &header(&key)).await.status, 200);
    let id = key.record().id().to_owned();
    assert_eq!(world.statuses("/plain", HERE, &guesses(&id, 4)).await, [401, 401, 401, 429]);
    assert_eq!(world.get("/plain", HERE, &header(&key)).await.status, 429);
    // From there only.
    assert_eq!(world.get("/plain", ELSEWHERE, &header(&key)).await.status, 200);
}
