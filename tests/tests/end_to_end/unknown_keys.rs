//! Tokens signed with keys that are unknown, not yet known or removed: which requests wait for a fetch of keys.

use std::time::{Duration, Instant};

use secure_runtime::authentication::Jwt;
use secure_runtime::testing::Issuer;
use secure_tests::{Behaviour, bearer};

use crate::identity_provider::World;

/// How long something takes by the machine's clock.
async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let begun = Instant::now();
    (work.await, begun.elapsed())
}

#[actix_web::test]
async fn an_unknown_key_has_the_set_fetched_and_is_refused_at_once_when_it_is_sent_again() {
    let world = World::discovering();
    world.first_is(200).await;
    let forged = world.issuer(Issuer::es256(), "unknown").token("mallory").sign();
    // At least a second passes between the starts of two fetches.
    let (status, waited) = timed(world.answer(&forged)).await;
    assert_eq!((status, world.provider.asked()), (401, 2));
    assert!(waited > Duration::from_millis(500), "{waited:?}");
    for _ in 0..20 {
        let (status, waited) = timed(world.answer(&forged)).await;
        assert_eq!(status, 401);
        assert!(waited < Duration::from_millis(500), "{waited:?}");
    }
    assert_eq!(world.provider.asked(), 2);
    // The fetch is retried after a second, two, four …
    for pause in [2, 2, 4] {
        let before = world.provider.asked();
        world.clock.advance(Duration::from_secs(pause));
        for _ in 0..5 {
            assert_eq!(world.answer(&forged).await, 401);
        }
        assert_eq!(world.provider.asked(), before + 1, "{pause}");
    }
    let before = world.provider.asked();
    let stranger =
        Issuer::es256().named("https://other.example").kid("x").clock(world.clock.clone());
    assert_eq!(world.answer(&stranger.token("mallory").sign()).await, 401);
    assert_eq!(world.provider.asked(), before, "other issuers cause no fetch");
    world.first_is(200).await;
}

/// Forged tokens arrive all the time, and the provider signs with a key as soon as it has published it.
#[actix_web::test]
async fn forged_tokens_beside_an_abrupt_rotation_fail_no_good_request() {
    let world = World::discovering();
    world.first_is(200).await;
    let is_over = std::cell::Cell::new(false);
    let forging = async {
        let (mut number, mut answers) = (0, Vec::new());
        while !is_over.get() {
            let forger = world.issuer(Issuer::es256(), &format!("invented-{number}"));
            let line = bearer(&forger.token("mallory").sign());
            let request = async { world.server.get("/orders", &[line.as_str()]).await.status };
            // An impatient client: its request ends before the fetch does.
            let answer = actix_web::rt::time::timeout(Duration::from_millis(40), request).await;
            answers.push(answer.unwrap_or(401));
            number += 1;
        }
        answers
    };
    let rotating = async {
        for round in 0..4 {
            let key = match round % 2 {
                0 => world.issuer(Issuer::es256(), &format!("key-{round}")),
                _ => world.issuer(Issuer::eddsa(), &format!("key-{round}")),
            };
            world.provider.publish(&[&key]);
            for user in 0..3 {
                let line = bearer(&key.token(format!("user {user}")).sign());
                let (answer, waited) = timed(world.server.get("/orders", &[line.as_str()])).await;
                assert_eq!(answer.status, 200, "round {round}, after {waited:?}");
                assert!(waited < Duration::from_secs(6), "{waited:?}");
            }
            actix_web::rt::time::sleep(Duration::from_millis(100 * round)).await;
        }
        is_over.set(true);
    };
    let (answers, ()) = futures_util::future::join(forging, rotating).await;
    assert!(answers.len() > 20 && answers.iter().all(|status| *status == 401), "{answers:?}");
    assert!(world.provider.asked() < 20, "{}", world.provider.asked());
}

/// The `kid` of the next key can often be guessed.
#[actix_web::test]
async fn a_forged_token_that_guesses_a_name_refuses_no_later_token_of_that_key() {
    let world = World::discovering();
    world.first_is(200).await;
    let forged = world.issuer(Issuer::eddsa(), "2027-01").token("mallory").tampered();
    assert_eq!(world.answer(&forged).await, 401);
    let next = world.issuer(Issuer::eddsa(), "2027-01");
    world.provider.publish(&[&next]);
    assert_eq!(world.answer(&next.token("ada").sign()).await, 200);
}

/// All tokens signed with a removed key are refused at once.
#[actix_web::test]
async fn tokens_of_a_withdrawn_key_do_not_wait_each() {
    let world = World::discovering();
    world.first_is(200).await;
    let second = world.issuer(Issuer::es256(), "second");
    world.provider.publish(&[&second]);
    assert_eq!(world.answer(&second.token("ada").sign()).await, 200);
    world.first_is(401).await;
    let asked = world.provider.asked();
    for _ in 0..10 {
        let (status, waited) = timed(world.answer(&world.first.token("ada").sign())).await;
        assert_eq!(status, 401);
        assert!(waited < Duration::from_millis(500), "{waited:?}");
    }
    assert_eq!(world.provider.asked(), asked);
}

/// Some providers write no `kid`: key rotation works for their tokens as well.
#[actix_web::test]
async fn a_rotation_without_names_is_followed() {
    let world = World::discovering();
    world.first_is(200).await;
    for keys in [[Issuer::es256(), Issuer::eddsa()], [Issuer::eddsa(), Issuer::es256()]] {
        let keys = keys.map(|key| world.issuer(key, "x"));
        let [one, _] = &keys;
        let mut jwk = one.jwk();
        jwk.as_object_mut().unwrap().remove("kid");
        let set = serde_json::json!({ "keys": [jwk] }).to_string();
        world.provider.behave(Behaviour::Saying(set));
        let token = one.token("ada").without_header("kid").sign();
        assert_eq!(world.answer(&token).await, 200);
    }
}

#[actix_web::test]
async fn nobody_waits_for_an_unknown_key_while_the_provider_is_down() {
    let world = World::discovering();
    world.first_is(200).await;
    world.provider.behave(Behaviour::Down(500));
    let second = world.issuer(Issuer::es256(), "second");
    assert_eq!(world.answer(&second.token("ada").sign()).await, 503);
    for _ in 0..5 {
        let (status, waited) = timed(world.answer(&second.token("ada").sign())).await;
        assert_eq!(status, 503);
        assert!(waited < Duration::from_millis(500), "{waited:?}");
    }
    world.first_is(200).await;
    world.provider.behave(Behaviour::Good);
    world.provider.publish(&[&world.first, &second]);
    world.clock.advance(Duration::from_secs(4));
    let asked = world.provider.asked();
    // This request triggers a retry, and does not wait either.
    let (status, waited) = timed(world.answer(&second.token("ada").sign())).await;
    assert_eq!(status, 503);
    assert!(waited < Duration::from_millis(500), "{waited:?}");
    world.provider.until_asked(asked + 1).await;
    let begun = Instant::now();
    while world.answer(&second.token("ada").sign()).await != 200 {
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
}

#[actix_web::test]
async fn a_withdrawn_key_is_refused_within_a_short_interval_also_after_a_pause() {
    let world = World::new(|provider| {
        let jwt = Jwt::discover(provider.issuer()).dangerously_accept_test_keys();
        jwt.refresh_every(Duration::from_secs(1))
    });
    let seen = world.first.token("ada").sign();
    assert_eq!(world.answer(&seen).await, 200);
    world.provider.publish(&[&world.issuer(Issuer::es256(), "second")]);
    world.clock.advance(Duration::from_secs(3));
    assert_eq!(world.answer(&seen).await, 401);
}
