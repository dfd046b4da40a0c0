//! The cache of introspection answers, and its expiry.

use super::*;

#[actix_web::test]
async fn an_active_token_is_accepted_no_longer_than_it_may_and_never_beyond_exp() {
    let world =
        World::with(|endpoint| fitting(endpoint).accept_positive_for(Duration::from_secs(40)));
    world.know("good");
    assert_eq!(world.status("good").await, 200);
    world.clock.advance(Duration::from_millis(39_999));
    assert_eq!(world.status("good").await, 200);
    assert_eq!(world.endpoint.asked(), 1);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.status("good").await, 200);
    assert_eq!(world.endpoint.asked(), 2);
    // Twenty seconds later the token expires, although the cache would keep it longer.
    world.clock.advance(Duration::from_millis(19_999));
    assert_eq!(world.status("good").await, 200);
    assert_eq!(world.endpoint.asked(), 2);
    world.clock.advance(Duration::from_millis(1));
    // The endpoint still reports it as active, as one with a wrong clock would.
    world.is_refused("good", "expired").await;
    world.is_refused("good", "expired").await;
    assert_eq!(world.endpoint.asked(), 3);

    // An answer without `exp` is also requested again.
    let mut endless = world.active("ada");
    endless.as_object_mut().unwrap().remove("exp");
    world.endpoint.know("endless", endless);
    assert_eq!(world.status("endless").await, 200);
    world.endpoint.revoke("endless");
    world.clock.advance(Duration::from_secs(39));
    assert_eq!(world.status("endless").await, 200);
    world.clock.advance(Duration::from_secs(1));
    world.is_refused("endless", "revoked").await;
}

#[actix_web::test]
async fn a_wall_clock_that_is_set_does_not_lengthen_a_life() {
    let world = World::new();
    world.know("good");
    assert_eq!(world.status("good").await, 200);
    world.clock.jump_wall(60);
    world.is_refused("good", "expired by the clock that was set").await;
    world.clock.jump_wall(-120);
    world.clock.advance(Duration::from_secs(11));
    world.is_refused("good", "issued in the future").await;
    world.clock.jump_wall(60);
    world.clock.advance(Duration::from_secs(11));
    assert_eq!(world.status("good").await, 200);
}

#[actix_web::test]
async fn a_refusal_is_remembered_shortly() {
    let world = World::new();
    for _ in 0..20 {
        world.is_refused("later", "unknown").await;
    }
    assert_eq!(world.endpoint.asked(), 1);
    world.know("later");
    world.clock.advance(Duration::from_millis(9_999));
    world.is_refused("later", "remembered").await;
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.status("later").await, 200);
    assert_eq!(world.endpoint.asked(), 2);
}

#[actix_web::test]
async fn with_no_memory_every_request_asks() {
    let world = World::with(|endpoint| {
        fitting(endpoint).accept_positive_for(Duration::ZERO).accept_negative_for(Duration::ZERO)
    });
    world.know("good");
    for _ in 0..3 {
        assert_eq!(world.status("good").await, 200);
        world.is_refused("bad", "unknown").await;
    }
    assert_eq!(world.endpoint.asked(), 6);
    world.endpoint.revoke("good");
    world.is_refused("good", "revoked").await;
}

/// A token that is not valid yet becomes valid in time; the cached refusal does not prevent this.
#[actix_web::test]
async fn a_token_that_is_early_is_good_once_its_time_has_come() {
    for (member, asked) in [("nbf", 1), ("iat", 1), ("auth_time", 2)] {
        let world = World::new();
        let mut answer = world.active("ada");
        // Five seconds in the future would be accepted at once.
        answer[member] = json!(world.clock.now().unix_seconds() + 7);
        world.endpoint.know("early", answer);
        world.know("now");
        for _ in 0..3 {
            world.is_refused("early", member).await;
            assert_eq!(world.status("now").await, 200);
        }
        world.clock.advance(Duration::from_millis(1999));
        if asked == 1 {
            world.is_refused("early", member).await;
        }
        world.clock.advance(Duration::from_millis(1));
        assert_eq!(world.status("early").await, 200, "{member}");
        assert_eq!(world.endpoint.asked(), 1 + asked, "{member}");
    }
}

/// The cache contains the caller of a token, not the result of its access checks.
#[actix_web::test]
async fn a_remembered_token_does_not_come_past_step_up() {
    let world = World::new();
    let now = world.clock.now().unix_seconds();
    let signed_in = |token: &str, acr: &str, at: u64| {
        let mut answer = world.active("ada");
        answer["acr"] = json!(acr);
        answer["auth_time"] = json!(at);
        world.endpoint.know(token, answer);
    };
    signed_in("good", "mfa", now);
    signed_in("weak", "pwd", now);
    signed_in("stale", "mfa", now - 31);
    world.know("silent");
    let send = async |token| world.server.get("/transfer", &[&bearer(token)]).await;
    let steps_up = async |token| {
        let before = world.runs.so_far();
        let answer = send(token).await;
        answer.problem(401);
        let challenge = answer.header("www-authenticate").unwrap().to_owned();
        assert!(challenge.contains("insufficient_user_authentication"), "{token}: {challenge}");
        assert_eq!(world.runs.so_far(), before);
    };
    for _ in 0..3 {
        for token in ["good", "weak", "stale", "silent"] {
            assert_eq!(world.status(token).await, 200, "good elsewhere: {token}");
        }
        assert_eq!(send("good").await.status, 200);
        for token in ["weak", "stale", "silent"] {
            steps_up(token).await;
        }
    }
    world.clock.advance(Duration::from_secs(31));
    steps_up("good").await;
    assert_eq!((world.status("good").await, world.endpoint.asked()), (200, 4));
}

#[actix_web::test]
async fn statistics_say_what_was_spared() {
    let world = World::new();
    world.know("good");
    for _ in 0..4 {
        assert_eq!(world.status("good").await, 200);
    }
    for _ in 0..3 {
        world.is_refused("bad", "unknown").await;
    }
    let (name, found) = world.security.token_cache_statistics().next().unwrap();
    let counted = (found.entries, found.hits, found.misses, found.refused_again);
    assert_eq!((name, counted), ("opaque", (1, 3, 4, 2)));
    assert!(found.bytes > 0 && found.bytes < found.max_bytes);
}

#[actix_web::test]
async fn a_remembered_token_passes_a_ban_that_keeps_the_provider_from_being_asked() {
    use secure_runtime::FailedAuthentication;
    use secure_runtime::TrustedProxies;
    use secure_runtime::throttling::Quota;
    let quota = Quota::per_minute(2.try_into().unwrap());
    let world = World::built(|builder, endpoint| {
        builder
            .authenticator("opaque", fitting(endpoint))
            .trusted_proxies(TrustedProxies::new([] as [&str; 0]).unwrap())
            .failed_authentication(FailedAuthentication::Budget(quota))
    });
    world.know("good");
    world.know("new");
    assert_eq!(world.status("good").await, 200);
    assert_eq!([world.status("bad").await, world.status("worse").await], [401, 401]);
    let asked = world.endpoint.asked();
    assert_eq!([world.status("worst").await, world.status("new").await], [429, 429]);
    assert_eq!(world.status("good").await, 200);
    assert_eq!(world.endpoint.asked(), asked, "nobody is asked");
}
