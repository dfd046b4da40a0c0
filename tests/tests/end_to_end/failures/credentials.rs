//! Guessed credentials: which clients are banned, for how long, and which are not.

use std::time::Duration;

use secure_runtime::TrustedProxies;
use secure_tests::{Answer, bearer};

use super::{ELSEWHERE, HERE, World, guess, guesses, header};

#[actix_web::test]
async fn whoever_guesses_keys_is_refused_unjudged_even_with_the_right_one() {
    let world = World::new();
    let key = world.key("billing");
    let guesses = guesses(key.record().id(), 10);
    assert_eq!(world.statuses("/orders", HERE, &guesses[..4]).await, [401, 401, 401, 429]);
    world.judged.reset();
    let wrong = world.get("/orders", HERE, &guesses[5]).await;
    let right = world.get("/orders", HERE, &header(&key)).await;
    assert_eq!(world.judged.so_far(), 0, "nothing is verified while banned");
    assert_eq!(world.runs.so_far(), 0);
    for answer in [&wrong, &right] {
        let problem = answer.problem(429);
        assert_eq!(answer.header("retry-after"), Some("60"));
        assert_eq!(problem["violated-policies"], serde_json::json!(["failures 3/min"]));
        assert_eq!(answer.header("www-authenticate"), None);
    }
    assert_eq!(wrong.body, right.body, "the answer does not tell which key was right");
    assert_eq!(world.security.failure_statistics().bans, 1);
    assert_eq!(world.security.failure_statistics().refused, 3);
    world.advance(60);
    assert_eq!(world.get("/orders", HERE, &header(&key)).await.body, "billing");
}

#[actix_web::test]
async fn a_good_caller_beside_a_bad_one_is_served() {
    let world = World::new();
    let (key, token) = (world.key("billing"), bearer(&world.issuer.token("ada").sign()));
    assert_eq!(world.get("/orders", HERE, &token).await.status, 200);
    // Forged tokens have no verified subject: those of unknown callers share a budget.
    assert_eq!(world.statuses("/orders", HERE, &world.forged(4)).await, [401, 401, 401, 429]);
    let new = bearer(&world.issuer.token("grace").sign());
    assert_eq!(world.get("/orders", HERE, &new).await.status, 429);
    assert_eq!(world.get("/orders", ELSEWHERE, &new).await.status, 200);
    assert_eq!(world.get("/orders", HERE, &new).await.status, 200, "it is known by now");
    assert_eq!(world.get("/orders", HERE, &token).await.body, "ada");
    assert_eq!(world.get("/orders", HERE, &header(&key)).await.body, "billing");
}

#[actix_web::test]
async fn an_address_is_banned_at_ten_times_the_budget_but_not_who_is_known_there() {
    let world = World::new();
    let (known, new) = (world.key("billing"), world.key("newcomer"));
    assert_eq!(world.get("/orders", HERE, &header(&known)).await.status, 200);
    for victim in 0..10 {
        let id = format!("shop_{victim:012}");
        assert_eq!(world.statuses("/orders", HERE, &guesses(&id, 3)).await, [401; 3]);
    }
    let another = [guess("shop_000000000099", 1)];
    assert_eq!(world.statuses("/orders", HERE, &another).await, [429]);
    assert_eq!(world.get("/orders", HERE, &header(&new)).await.status, 429);
    assert_eq!(world.get("/orders", HERE, &header(&known)).await.body, "billing");
    assert_eq!(world.get("/orders", ELSEWHERE, &header(&new)).await.body, "newcomer");
}

#[actix_web::test]
async fn nobody_locks_anothers_key_from_elsewhere() {
    let world = World::new();
    let key = world.key("billing");
    let attack = world.statuses("/orders", ELSEWHERE, &guesses(key.record().id(), 9)).await;
    assert_eq!(attack, [401, 401, 401, 429, 429, 429, 429, 429, 429]);
    assert_eq!(world.get("/orders", HERE, &header(&key)).await.body, "billing");
    assert_eq!(world.get("/orders", ELSEWHERE, &header(&key)).await.status, 429);
}

#[actix_web::test]
async fn bans_grow_and_expire_whatever_the_wall_clock_does() {
    let world = World::with(|builder| {
        let proxies = TrustedProxies::new(["127.0.0.1"]).unwrap();
        builder.trusted_proxies(proxies).longest_ban(Duration::from_secs(200))
    });
    let key = world.key("billing");
    let id = key.record().id().to_owned();
    for expected in [60, 120, 200, 200] {
        assert_eq!(world.statuses("/orders", HERE, &guesses(&id, 3)).await, [401; 3]);
        let wait = |answer: Answer| answer.header("retry-after").map(str::to_owned);
        let right = header(&key);
        assert_eq!(wait(world.get("/orders", HERE, &right).await), Some(expected.to_string()));
        world.clock.jump_wall(100_000);
        assert_eq!(wait(world.get("/orders", HERE, &right).await), Some(expected.to_string()));
        world.clock.jump_wall(-100_000);
        world.advance(expected - 1);
        assert_eq!(wait(world.get("/orders", HERE, &right).await), Some("1".to_owned()));
        world.advance(1);
    }
    assert_eq!(world.get("/orders", HERE, &header(&key)).await.status, 200);
    // After a long time without failures, bans start again at a minute.
    world.advance(4 * 400);
    assert_eq!(world.statuses("/orders", HERE, &guesses(&id, 3)).await, [401; 3]);
    let answer = world.get("/orders", HERE, &header(&key)).await;
    assert_eq!(answer.header("retry-after"), Some("60"));
}

#[actix_web::test]
async fn parallel_failures_are_all_counted() {
    let world = World::new();
    let key = world.key("billing");
    let id = &key.record().id().to_owned();
    let two = guesses(id, 2);
    let both = futures_util::future::join(
        world.get("/orders", HERE, &two[0]),
        world.get("/orders", HERE, &two[1]),
    );
    let (one, other) = both.await;
    assert_eq!((one.status, other.status), (401, 401));
    assert_eq!(world.statuses("/orders", HERE, &guesses(id, 2)).await, [401, 429]);
    assert_eq!(world.security.failure_statistics().bans, 1);
}

#[actix_web::test]
async fn one_ipv6_network_is_one_client() {
    let world = World::new();
    let forged = world.forged(5);
    for (last, token) in forged.iter().take(3).enumerate() {
        let from = format!("2001:db8:0:1::{last}");
        assert_eq!(world.get("/orders", &from, token).await.status, 401);
    }
    assert_eq!(world.get("/orders", "2001:db8:0:1:9::", &forged[3]).await.status, 429);
    assert_eq!(world.get("/orders", "2001:db8:0:2::", &forged[4]).await.status, 401);
}

#[actix_web::test]
async fn one_of_two_credentials_that_is_remembered_does_not_let_the_other_be_guessed() {
    let world = World::new();
    let (key, token) = (world.key("billing"), bearer(&world.issuer.token("ada").sign()));
    let from = format!("x-forwarded-for: {HERE}");
    let status = async |key: &str| world.server.get("/both", &[&from, &token, key]).await.status;
    assert_eq!(status(&header(&key)).await, 200);
    for guess in guesses(key.record().id(), 3) {
        assert_eq!(status(&guess).await, 401);
    }
    assert_eq!(status(&header(&key)).await, 429);
    world.advance(60);
    assert_eq!(status(&header(&key)).await, 200);
}

#[actix_web::test]
async fn an_authenticator_that_panics_remembers_nobody() {
    let world = World::new();
    let (good, bad) = ("x-careless: good", "x-careless: bad");
    assert_eq!(world.get("/careless", HERE, good).await.status, 200);
    assert_eq!(world.get("/careless", HERE, bad).await.status, 401);
    assert_eq!(world.get("/careless", HERE, good).await.status, 429);
    assert_eq!(world.get("/careless", ELSEWHERE, good).await.status, 200);
}

#[actix_web::test]
async fn malformed_and_missing_credentials_count_where_401_does() {
    let world = World::new();
    for (malformed, status) in
        [("authorization: Bearer a,b", 400), ("x-api-key: shop_nonsense", 401)]
    {
        let world = World::new();
        let many = vec![malformed.to_owned(); 4];
        assert_eq!(world.statuses("/orders", HERE, &many).await, [status, status, status, 429]);
    }
    assert_eq!(
        world.statuses("/orders", HERE, &[const { String::new() }; 4]).await,
        [401, 401, 401, 429]
    );
}

#[actix_web::test]
async fn a_guess_that_a_limit_of_the_anonymous_answers_is_one_all_the_same() {
    let world = World::new();
    let key = world.key("billing");
    let guesses = guesses(key.record().id(), 3);
    assert_eq!(world.statuses("/limited", HERE, &guesses).await, [401, 429, 429]);
    world.judged.reset();
    let refused = world.get("/limited", HERE, &header(&key)).await;
    let problem = refused.problem(429);
    assert_eq!(problem["violated-policies"], serde_json::json!(["failures 3/min"]));
    assert_eq!(world.judged.so_far(), 0);
    assert_eq!(world.get("/limited", ELSEWHERE, &header(&key)).await.status, 200);
}
