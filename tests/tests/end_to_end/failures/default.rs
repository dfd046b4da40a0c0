//! The budget for failed authentication that is on by default.

use secure_runtime::TrustedProxies;

use super::{ELSEWHERE, HERE, World, header};

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
    // Who sends nothing is told what to send, and an endpoint's own budget is another one.
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
    // What an endpoint says counts in any case.
    assert_eq!(world.statuses("/orders", HERE, &forged[..4]).await, [401, 401, 401, 429]);
    assert_eq!(world.security.failure_statistics().bans, 1);
}

#[actix_web::test]
async fn the_default_can_be_another_one_or_none() {
    use secure_runtime::security::FailedAuthentication;
    use secure_runtime::throttling::Quota;
    let world = |budget| {
        World::with(move |builder| {
            let proxies = TrustedProxies::new(["127.0.0.1"]).unwrap();
            builder.trusted_proxies(proxies).failed_authentication(budget)
        })
    };
    let quota = Quota::new(2.try_into().unwrap(), 60.try_into().unwrap());
    let strict = world(FailedAuthentication::Budget(quota));
    assert_eq!(strict.statuses("/plain", HERE, &strict.forged(3)).await, [401, 401, 429]);
    let off = world(FailedAuthentication::Off);
    let all = off.statuses("/plain", HERE, &off.forged(120)).await;
    assert!(all.iter().all(|status| *status == 401));
}
