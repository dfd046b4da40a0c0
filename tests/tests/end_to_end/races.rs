//! Events while a request waits: revocations, removed keys, floods, a provider that hangs.

use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use futures_util::future::{Either, join, join_all, select};
use secure_runtime::authentication::{Jwt, Revocations};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Security, secure};
use secure_tests::{Behaviour, IdentityProvider, TestServer, bearer};

use crate::Runs;

#[secure]
#[get("/orders")]
async fn orders(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

/// A provider, and a service with its keys and a list of revocations.
struct World {
    provider: IdentityProvider,
    first: Issuer,
    revocations: Revocations,
    clock: FakeClock,
    server: TestServer,
    runs: Runs,
}

impl World {
    fn new() -> Self {
        Self::behaving(Behaviour::Good)
    }

    /// The keys are fetched when the service starts.
    fn behaving(behaviour: Behaviour) -> Self {
        let clock = FakeClock::new();
        let provider = IdentityProvider::start();
        provider.behave(behaviour);
        let first = provider.signing(Issuer::es256(), "first").clock(clock.clone());
        provider.publish(&[&first]);
        let revocations = Revocations::builder().clock(clock.clone()).in_memory();
        let jwt = Jwt::discover(provider.issuer())
            .dangerously_accept_test_keys()
            .audience("test")
            .revocations(&revocations);
        let security = Security::builder()
            .answers_for(module_path!())
            .clock(clock.clone())
            .authenticator("jwt", jwt)
            .build()
            .unwrap();
        let runs = Runs::default();
        let data = web::Data::new(runs.clone());
        let server = TestServer::start(&security, move || {
            secure_runtime::scope("").app_data(data.clone()).service(orders)
        });
        Self { provider, first, revocations, clock, server, runs }
    }

    async fn status(&self, token: &str) -> u16 {
        self.server.get("/orders", &[&bearer(token)]).await.status
    }
}

#[actix_web::test]
async fn a_token_that_is_revoked_while_its_request_waits_for_keys_is_refused() {
    let world = World::behaving(Behaviour::Slow(Duration::from_millis(200)));
    let token = |id: &str| world.first.token("ada").claim("jti", id).sign();
    let (revoked, twin) = (token("1"), token("2"));
    let waiting = join(world.status(&revoked), world.status(&twin));
    let revoke = async {
        world.provider.until_asked(1).await;
        world.revocations.revoke_token(&world.provider.issuer(), "1").await.unwrap();
    };
    let (answers, ()) = join(waiting, revoke).await;
    assert_eq!((answers, world.runs.so_far()), ((401, 200), 1));
    for _ in 0..4 {
        assert_eq!((world.status(&revoked).await, world.status(&twin).await), (401, 200));
    }
    assert_eq!(world.runs.so_far(), 5);
}

/// A token signed with a key that is removed while others wait for the new set: none is accepted after the
/// new set has arrived, cached or not.
#[actix_web::test]
async fn keys_that_are_withdrawn_under_load_accept_nothing_afterwards() {
    let world = World::new();
    for round in 0..5 {
        let next = world.provider.signing(Issuer::rs256(), &format!("next {round}"));
        let next = next.clock(world.clock.clone());
        let old = world.provider.signing(Issuer::es256(), &format!("old {round}"));
        let old = old.clock(world.clock.clone());
        world.provider.publish(&[&world.first, &old]);
        world.clock.advance(Duration::from_secs(2));
        let seen: Vec<_> = (0..10).map(|n| old.token(format!("user {n}")).sign()).collect();
        for token in &seen {
            assert_eq!(world.status(token).await, 200, "the twin");
        }
        world.provider.publish(&[&world.first, &next]);
        world.clock.advance(Duration::from_secs(2));
        let news: Vec<_> = (0..5).map(|n| next.token(format!("user {n}")).sign()).collect();
        let all = seen.iter().chain(&news).map(|token| world.status(token));
        let answers = join_all(all).await;
        assert!(answers.iter().skip(10).all(|status| *status == 200), "{answers:?}");
        assert_eq!(world.status(&next.token("last").sign()).await, 200);
        for token in &seen {
            assert_eq!(world.status(token).await, 401);
        }
    }
}

/// A key set in transit was written before the new key was published.
#[actix_web::test]
async fn a_new_key_that_comes_while_an_older_set_is_on_its_way_is_found() {
    let world = World::new();
    let seen = world.first.token("ada").sign();
    assert_eq!(world.status(&seen).await, 200);
    world.provider.behave(Behaviour::Slow(Duration::from_millis(500)));
    world.clock.advance(Duration::from_secs(301));
    // The keys are fetched again in the background; the set is the one of this time.
    assert_eq!(world.status(&seen).await, 200);
    world.provider.until_asked(2).await;
    let next = world.provider.signing(Issuer::rs256(), "next").clock(world.clock.clone());
    let forger = world.provider.signing(Issuer::eddsa(), "unknown").clock(world.clock.clone());
    world.provider.publish(&[&world.first, &next]);
    world.clock.advance(Duration::from_secs(2));
    let tokens: Vec<_> = (0..10).map(|n| next.token(format!("user {n}")).sign()).collect();
    let good = join_all(tokens.iter().map(|token| world.status(token)));
    let forged = forger.token("mallory").sign();
    let (answers, forged) = join(good, world.status(&forged)).await;
    assert_eq!((answers, forged), (vec![200; 10], 401));
    assert_eq!(world.provider.asked(), 3, "one more fetch for all of them");
    assert_eq!(world.runs.so_far(), 12);
}

#[actix_web::test]
async fn a_flood_of_unknown_keys_at_a_provider_that_hangs_keeps_no_known_caller_waiting() {
    let world = World::new();
    let seen = world.first.token("ada").sign();
    assert_eq!(world.status(&seen).await, 200);
    world.provider.behave(Behaviour::Slow(Duration::from_secs(60)));
    world.clock.advance(Duration::from_secs(2));
    let forger = world.provider.signing(Issuer::rs256(), "unknown").clock(world.clock.clone());
    let forged: Vec<_> = (0..100).map(|n| forger.token(format!("mallory {n}")).sign()).collect();
    let flood = Box::pin(join_all(forged.iter().map(|token| world.status(token))));
    let known = Box::pin(async {
        world.provider.until_asked(2).await;
        for number in 0..20 {
            assert_eq!(world.status(&seen).await, 200);
            let new = world.first.token(format!("user {number}")).sign();
            assert_eq!(world.status(&new).await, 200);
        }
    });
    // The flood waits until the fetch is cancelled, after five seconds.
    assert!(matches!(select(known, flood).await, Either::Left(_)));
    assert_eq!((world.runs.so_far(), world.provider.asked()), (41, 2));
}

#[cfg(unix)]
#[actix_web::test]
async fn a_key_set_that_everybody_can_write_is_not_read() {
    use std::os::unix::fs::PermissionsExt as _;

    let file = std::env::temp_dir().join(format!("writable-{}.json", std::process::id()));
    let issuer = Issuer::es256().kid("first");
    let keys = serde_json::json!({ "keys": [issuer.jwk()] }).to_string();
    for (mode, text, status) in [
        (0o644, keys.clone(), 200),
        (0o666, keys.clone(), 503),
        (0o646, keys.clone(), 503),
        (0o600, " ".repeat(600 * 1024) + &keys, 503),
        (0o600, keys, 200),
    ] {
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let clock = FakeClock::new();
        let jwt = Jwt::jwks_file(&file)
            .dangerously_accept_test_keys()
            .issuer("https://issuer.test")
            .audience("test");
        let builder = Security::builder().answers_for(module_path!()).clock(clock.clone());
        let security = builder.authenticator("jwt", jwt).build().unwrap();
        let runs = web::Data::new(Runs::default());
        let server = TestServer::start(&security, move || {
            secure_runtime::scope("").app_data(runs.clone()).service(orders)
        });
        let token = bearer(&issuer.clone().clock(clock).token("ada").sign());
        assert_eq!(server.get("/orders", &[&token]).await.status, status, "{mode:o}");
    }
    std::fs::remove_file(file).unwrap();
}
