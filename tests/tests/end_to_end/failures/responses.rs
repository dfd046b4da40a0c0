//! Responses that count as failures: of rules, of handlers, and of a login that names the account.

use std::sync::atomic::Ordering;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use secure_tests::{Answer, bearer};

use super::{ELSEWHERE, HERE, World};

#[actix_web::test]
async fn a_caller_who_probes_what_is_forbidden_is_banned_and_not_their_colleagues() {
    let world = World::new();
    let ada = bearer(&world.issuer.token("ada").sign());
    let root = bearer(&world.issuer.token("root").role("admin").sign());
    let probes = vec![ada.clone(); 4];
    assert_eq!(world.statuses("/admin", HERE, &probes).await, [403, 403, 403, 429]);
    assert_eq!(world.get("/admin", HERE, &root).await.status, 200);
    assert_eq!(world.get("/admin", ELSEWHERE, &ada).await.status, 403);
    // Invalid credentials are not failures there: only 403 is.
    assert_eq!(world.statuses("/admin", HERE, &world.forged(6)).await, [401; 6]);
    assert_eq!(world.runs.so_far(), 1);
}

#[actix_web::test]
async fn what_is_hidden_counts_as_what_is_forbidden() {
    let world = World::new();
    let ada = bearer(&world.issuer.token("ada").sign());
    let probes = vec![ada; 4];
    assert_eq!(world.statuses("/hidden", HERE, &probes).await, [404, 404, 404, 429]);
}

#[actix_web::test]
async fn who_is_sent_to_sign_in_again_has_not_failed() {
    let world = World::new();
    let stale = bearer(&world.issuer.token("ada").sign());
    assert_eq!(world.statuses("/fresh", HERE, &vec![stale; 6]).await, [401; 6]);
    assert_eq!(world.statuses("/fresh", HERE, &world.forged(4)).await, [401, 401, 401, 429]);
}

#[actix_web::test]
async fn answers_of_the_handler_count_as_the_attribute_says() {
    let world = World::new();
    let none = vec![String::new(); 6];
    for free in ["200", "403", "404", "500"] {
        let path = format!("/answers/{free}");
        assert_eq!(world.statuses(&path, HERE, &none).await, [free.parse::<u16>().unwrap(); 6]);
    }
    assert_eq!(world.statuses("/answers/401", HERE, &none[..2]).await, [401, 401]);
    assert_eq!(world.statuses("/answers/422", HERE, &none[..2]).await, [422, 429]);
    world.runs.reset();
    assert_eq!(world.statuses("/answers/200", HERE, &none[..1]).await, [429]);
    assert_eq!(world.runs.so_far(), 0);
    assert_eq!(world.statuses("/answers/200", ELSEWHERE, &none[..1]).await, [200]);
}

#[actix_web::test]
async fn a_login_is_guarded_by_account_and_address() {
    let world = World::new();
    assert_eq!(world.logs_in(HERE, "grace", "right").await.status, 200);
    for _ in 0..3 {
        assert_eq!(world.logs_in(HERE, "ada", "wrong").await.status, 401);
    }
    world.runs.reset();
    let refused = world.logs_in(HERE, "ada", "right").await;
    refused.problem(429);
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(world.runs.so_far(), 0, "no password is looked at");
    // Other accounts at this address, and the same account from another address.
    assert_eq!(world.logs_in(HERE, "bob", "right").await.status, 200);
    assert_eq!(world.logs_in(ELSEWHERE, "ada", "right").await.status, 200);
    // Many accounts from one address: accounts that signed in from there before are served, others are not.
    for account in 0..9 {
        for _ in 0..3 {
            world.logs_in(HERE, &format!("victim{account}"), "wrong").await;
        }
    }
    assert_eq!(world.logs_in(HERE, "eve", "right").await.status, 429);
    assert_eq!(world.logs_in(HERE, "grace", "right").await.status, 200);
    assert_eq!(world.logs_in(ELSEWHERE, "eve", "right").await.status, 200);
    world.advance(120);
    assert_eq!(world.logs_in(HERE, "ada", "right").await.status, 200);
}

/// An endpoint must not reveal which accounts have signed in from an address.
#[actix_web::test]
async fn during_the_ban_of_an_address_a_known_account_looks_like_any_other() {
    let world = World::new();
    assert_eq!(world.logs_in(HERE, "bob", "right").await.status, 200);
    for account in 0..10 {
        for _ in 0..3 {
            world.logs_in(HERE, &format!("victim{account}"), "wrong").await;
        }
    }
    let seen = |answer: &Answer| {
        let retry = answer.header("retry-after").map(str::to_owned);
        (
            answer.status,
            retry,
            answer.header("www-authenticate").map(str::to_owned),
            answer.body.clone(),
        )
    };
    // Also beyond the budget of the pair.
    for attempt in 0..6 {
        let unknown = world.logs_in(HERE, "alice", "wrong").await;
        let known = world.logs_in(HERE, "bob", "wrong").await;
        assert_eq!(seen(&known), seen(&unknown), "{attempt}");
        assert_eq!(known.status, 429);
    }
    // The counterparts: a known account with the right password, and one from another address with a wrong one.
    world.advance(600);
    assert_eq!(world.logs_in(HERE, "bob", "right").await.status, 200);
    assert_eq!(world.logs_in(ELSEWHERE, "bob", "wrong").await.status, 401);
}

#[actix_web::test]
async fn right_passwords_use_up_nothing() {
    let world = World::new();
    for _ in 0..20 {
        assert_eq!(world.logs_in(HERE, "ada", "right").await.status, 200);
    }
    for _ in 0..2 {
        assert_eq!(world.logs_in(HERE, "ada", "wrong").await.status, 401);
        assert_eq!(world.logs_in(HERE, "ada", "right").await.status, 200);
    }
    assert_eq!(world.security.failure_statistics().bans, 0);
}

#[actix_web::test]
async fn a_claim_that_nothing_counts_is_a_fault() {
    let world = World::new();
    let answer = world.server.send("POST", "/unwatched", &[], "").await;
    answer.problem(500);
}

#[actix_web::test]
async fn of_parallel_guesses_no_more_are_judged_than_the_budget_has() {
    let world = World::new();
    let from = format!("x-forwarded-for: {HERE}");
    let headers = [&*from];
    let guess = || world.server.send("POST", "/slow/ada", &headers, "");
    let mut guesses: FuturesUnordered<_> = (0..10).map(|_| guess()).collect();
    for _ in 0..7 {
        guesses.next().await.unwrap().problem(429);
    }
    world.doors.0.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        guesses.next().await.unwrap().problem(401);
    }
    assert_eq!(world.runs.so_far(), 3);
    assert_eq!(world.security.failure_statistics().bans, 1);
    assert_eq!(guess().await.header("retry-after"), Some("60"));
    assert_eq!(world.logs_in(HERE, "ada", "right").await.status, 200, "another endpoint");
}
