//! Keys of an identity provider: rotated, removed, unreachable, forged.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use futures_util::future::join_all;
use secure_runtime::authentication::{Algorithm, Jwt};
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

/// A provider with one published key, and a service that discovers it.
pub(crate) struct World {
    pub(crate) provider: IdentityProvider,
    pub(crate) first: Issuer,
    pub(crate) clock: FakeClock,
    pub(crate) server: TestServer,
    runs: Runs,
}

impl World {
    pub(crate) fn new(jwt: impl FnOnce(&IdentityProvider) -> Jwt) -> Self {
        let clock = FakeClock::new();
        let provider = IdentityProvider::start();
        let first = provider.signing(Issuer::rs256(), "first").clock(clock.clone());
        provider.publish(&[&first]);
        let security = Security::builder()
            .answers_for(module_path!())
            .clock(clock.clone())
            .authenticator("jwt", jwt(&provider).audience("test"))
            .build()
            .unwrap();
        let runs = Runs::default();
        let server = {
            let (security, runs) = (security.clone(), web::Data::new(runs.clone()));
            TestServer::run(move || {
                let api = secure_runtime::scope("").service(orders);
                actix_web::App::new().app_data(security.clone()).app_data(runs.clone()).service(api)
            })
        };
        Self { provider, first, clock, server, runs }
    }

    pub(crate) fn discovering() -> Self {
        Self::new(|provider| Jwt::discover(provider.issuer()).dangerously_accept_test_keys())
    }

    pub(crate) fn issuer(&self, issuer: Issuer, kid: &str) -> Issuer {
        self.provider.signing(issuer, kid).clock(self.clock.clone())
    }

    /// The status for a token; asserts that the handler ran exactly if it is 200.
    pub(crate) async fn answer(&self, token: &str) -> u16 {
        let before = self.runs.so_far();
        let status = self.server.get("/orders", &[&bearer(token)]).await.status;
        assert_eq!(self.runs.so_far() - before, usize::from(status == 200), "{status}");
        status
    }

    pub(crate) async fn first_is(&self, status: u16) {
        assert_eq!(self.answer(&self.first.token("ada").sign()).await, status);
    }
}

#[actix_web::test]
async fn the_first_requests_wait_for_the_keys_and_share_one_fetch() {
    let world = World::discovering();
    world.provider.behave(Behaviour::Slow(Duration::from_millis(200)));
    let tokens: Vec<_> = (0..20).map(|n| world.first.token(format!("user {n}")).sign()).collect();
    let lines: Vec<_> = tokens.iter().map(|token| bearer(token)).collect();
    let headers: Vec<_> = lines.iter().map(|line| [line.as_str()]).collect();
    let answers = join_all(headers.iter().map(|line| world.server.get("/orders", line))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(world.provider.asked(), 1);
}

#[actix_web::test]
async fn a_rotation_under_load_fails_no_good_request_and_accepts_no_bad_one() {
    let world = World::discovering();
    let second = world.issuer(Issuer::es256(), "second");
    let forger = world.issuer(Issuer::eddsa(), "second");
    world.first_is(200).await;
    world.clock.advance(Duration::from_secs(60));
    world.provider.publish(&[&world.first, &second]);
    let good = |n: usize| if n.is_multiple_of(2) { &world.first } else { &second };
    let tokens: Vec<_> = (0..60)
        .map(|n| match n % 3 {
            0 => (forger.token(format!("mallory {n}")).sign(), 401),
            _ => (good(n).token(format!("user {n}")).sign(), 200),
        })
        .collect();
    let lines: Vec<_> = tokens.iter().map(|(token, _)| bearer(token)).collect();
    let headers: Vec<_> = lines.iter().map(|line| [line.as_str()]).collect();
    let answers = join_all(headers.iter().map(|line| world.server.get("/orders", line))).await;
    for (answer, (_, expected)) in answers.iter().zip(&tokens) {
        assert_eq!(answer.status, *expected);
    }
    assert_eq!(world.provider.asked(), 2, "one fetch for all of them");
}

#[actix_web::test]
async fn a_withdrawn_key_is_refused_once_the_set_is_due_also_for_tokens_seen_before() {
    let world = World::discovering();
    let second = world.issuer(Issuer::es256(), "second");
    let seen = world.first.token("ada").sign();
    assert_eq!(world.answer(&seen).await, 200);
    world.provider.publish(&[&second]);
    world.clock.advance(Duration::from_secs(299));
    assert_eq!(world.answer(&seen).await, 200);
    // Another caller's new key triggers a fetch of the new set, which no longer contains the old key.
    assert_eq!(world.answer(&second.token("grace").sign()).await, 200);
    assert_eq!(world.answer(&seen).await, 401);
}

#[actix_web::test]
async fn an_idle_service_asks_before_it_accepts_anything() {
    let world = World::discovering();
    let seen = world.first.token("ada").sign();
    assert_eq!(world.answer(&seen).await, 200);
    world.provider.publish(&[&world.issuer(Issuer::es256(), "second")]);
    world.clock.advance(Duration::from_secs(601));
    assert_eq!(world.answer(&seen).await, 401);
}

#[actix_web::test]
async fn the_old_set_serves_while_the_provider_is_down_and_no_longer_than_it_may() {
    let world = World::discovering();
    world.first_is(200).await;
    world.provider.behave(Behaviour::Down(500));
    for _ in 0..5 {
        world.clock.advance(Duration::from_secs(11 * 60));
        world.first_is(200).await;
    }
    // A token with a new key cannot be verified now: 503, not 401.
    let second = world.issuer(Issuer::es256(), "second");
    assert_eq!(world.answer(&second.token("grace").sign()).await, 503);
    world.clock.advance(Duration::from_secs(6 * 60));
    world.first_is(503).await;
    world.provider.behave(Behaviour::Good);
    world.clock.advance(Duration::from_secs(64));
    world.first_is(200).await;
}

#[actix_web::test]
async fn nobody_waits_twice_for_a_provider_that_is_out_of_reach() {
    let world = World::discovering();
    world.first_is(200).await;
    world.provider.behave(Behaviour::Down(500));
    world.clock.advance(Duration::from_secs(11 * 60));
    world.first_is(200).await;
    world.provider.behave(Behaviour::Slow(Duration::from_secs(60)));
    world.clock.advance(Duration::from_secs(64));
    let begun = std::time::Instant::now();
    world.first_is(200).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "the fetch is given up after five");
}

#[actix_web::test]
async fn whatever_the_provider_says_wrong_nobody_is_accepted() {
    let internal = "http://169.254.169.254/keys".to_owned();
    for behaviour in [
        Behaviour::Down(404),
        Behaviour::OtherIssuer,
        Behaviour::KeysAt(internal.clone()),
        Behaviour::KeysAt("file:///etc/passwd".to_owned()),
        Behaviour::Redirecting(internal),
        Behaviour::Padded(10 << 20),
        Behaviour::Saying(String::new()),
        Behaviour::Saying("[]".to_owned()),
        Behaviour::Saying(r#"{"keys":[]}"#.to_owned()),
        Behaviour::Saying(r#"{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"first"}]}"#.to_owned()),
    ] {
        let world = World::new(|provider| {
            provider.behave(behaviour.clone());
            Jwt::discover(provider.issuer()).dangerously_accept_test_keys()
        });
        world.first_is(503).await;
        world.provider.behave(Behaviour::Good);
        world.clock.advance(Duration::from_secs(64));
        world.first_is(200).await;
    }
}

#[actix_web::test]
async fn a_redirect_is_not_followed_to_where_the_keys_are() {
    let elsewhere = IdentityProvider::start();
    let there = elsewhere.keys_url();
    let world = World::new(|provider| {
        provider.behave(Behaviour::Redirecting(there));
        Jwt::discover(provider.issuer()).dangerously_accept_test_keys()
    });
    elsewhere.publish(&[&world.first]);
    world.first_is(503).await;
    assert_eq!(elsewhere.asked(), 0);
}

#[actix_web::test]
async fn several_issuers_are_trusted_each_for_its_own_tokens() {
    let clock = FakeClock::new();
    let (one, other) = (IdentityProvider::start(), IdentityProvider::start());
    let first = one.signing(Issuer::rs256(), "key").clock(clock.clone());
    let second = other.signing(Issuer::es256(), "key").audience("partner").clock(clock.clone());
    // One provider is slow: callers of the other do not wait for it.
    one.behave(Behaviour::Slow(Duration::from_secs(60)));
    other.publish(&[&second]);
    let partner = Jwt::discover(other.issuer())
        .dangerously_accept_test_keys()
        .audience("partner")
        .roles_claim("groups");
    let security = Security::builder()
        .answers_for(module_path!())
        .clock(clock.clone())
        .authenticator(
            "own",
            Jwt::discover(one.issuer()).dangerously_accept_test_keys().audience("test"),
        )
        .authenticator("partner", partner)
        .build()
        .unwrap();
    let runs = web::Data::new(Runs::default());
    let server = TestServer::run(move || {
        let api = secure_runtime::scope("").service(orders);
        actix_web::App::new().app_data(security.clone()).app_data(runs.clone()).service(api)
    });
    let status = async |token: String| server.get("/orders", &[&bearer(&token)]).await.status;
    assert_eq!(status(second.token("grace").sign()).await, 200);
    let crossed = second.clone().named(one.issuer()).kid("key");
    assert_eq!(status(second.clone().audience("test").token("mallory").sign()).await, 401);
    one.until_asked(1).await;
    one.behave(Behaviour::Good);
    one.publish(&[&first]);
    clock.advance(Duration::from_secs(10));
    // The slow fetch is cancelled after five seconds.
    assert_eq!(status(first.token("ada").sign()).await, 503);
    clock.advance(Duration::from_secs(10));
    assert_eq!(status(first.token("ada").sign()).await, 200);
    assert_eq!(status(crossed.audience("test").token("mallory").sign()).await, 401);
}

#[actix_web::test]
async fn a_set_at_an_address_and_one_in_a_file_are_read_again() {
    let world = World::new(|provider| {
        Jwt::jwks_url(provider.keys_url()).dangerously_accept_test_keys().issuer(provider.issuer())
    });
    world.first_is(200).await;

    let file = std::env::temp_dir().join(format!("keys-{}.json", std::process::id()));
    let write = |issuers: &[&Issuer]| {
        let keys: Vec<_> = issuers.iter().map(|issuer| issuer.jwk()).collect();
        std::fs::write(&file, serde_json::json!({ "keys": keys }).to_string()).unwrap();
    };
    let first = Issuer::rs256().kid("first");
    write(&[&first]);
    let world = World::new(|_| {
        Jwt::jwks_file(&file).dangerously_accept_test_keys().issuer("https://issuer.test")
    });
    let first = first.clock(world.clock.clone());
    let second = Issuer::es256().kid("second").clock(world.clock.clone());
    assert_eq!(world.answer(&first.token("ada").sign()).await, 200);
    write(&[&second]);
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(world.answer(&second.token("ada").sign()).await, 200);
    assert_eq!(world.answer(&first.token("ada").sign()).await, 401);
    std::fs::remove_file(file).unwrap();
}

/// Servers close idle connections, possibly while a connection is reused for the next request.
#[actix_web::test]
async fn a_connection_that_ended_meanwhile_does_not_fail_a_fetch() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/keys", listener.local_addr().unwrap());
    let published = Arc::new(Mutex::new(String::new()));
    let (served, asked) = (Arc::clone(&published), Runs::default());
    let counted = asked.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            counted.count();
            let keys = served.lock().unwrap().clone();
            let _ =
                write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{keys}", keys.len());
            // The server reads the next request and closes the connection.
            let _ = stream.read(&mut [0; 4096]);
        }
    });
    let publish = |issuers: &[&Issuer]| {
        let keys: Vec<_> = issuers.iter().map(|issuer| issuer.jwk()).collect();
        *published.lock().unwrap() = serde_json::json!({ "keys": keys }).to_string();
    };
    let first = Issuer::rs256().kid("first");
    publish(&[&first]);
    let world = World::new(|_| {
        Jwt::jwks_url(&address).dangerously_accept_test_keys().issuer("https://issuer.test")
    });
    let first = first.clock(world.clock.clone());
    assert_eq!(world.answer(&first.token("ada").sign()).await, 200);
    for kid in ["second", "third"] {
        let next = Issuer::es256().kid(kid).clock(world.clock.clone());
        publish(&[&first, &next]);
        world.clock.advance(Duration::from_secs(2));
        assert_eq!(world.answer(&next.token("ada").sign()).await, 200, "{kid}");
    }
    assert_eq!(asked.so_far(), 3);
}

#[actix_web::test]
async fn only_accepted_algorithms_count() {
    let world = World::new(|provider| {
        Jwt::discover(provider.issuer())
            .dangerously_accept_test_keys()
            .algorithms([Algorithm::Rs256])
    });
    let other = world.issuer(Issuer::es256(), "second");
    world.provider.publish(&[&world.first, &other]);
    world.first_is(200).await;
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(world.answer(&other.token("ada").sign()).await, 401);
}

#[actix_web::test]
async fn a_source_that_cannot_be_right_is_refused_at_launch() {
    let fault = |jwt: Jwt| {
        let builder = Security::builder().answers_for(module_path!());
        builder.authenticator("jwt", jwt).build().unwrap_err().to_string()
    };
    let good = || Jwt::discover("https://issuer.example").audience("shop");
    for (jwt, expected) in [
        (Jwt::discover("http://issuer.example").audience("shop"), "is not HTTPS, and not on"),
        (Jwt::discover("issuer.example").audience("shop"), "is not a URL"),
        (Jwt::jwks_url("https://issuer.example/keys").audience("shop"), "no issuer"),
        (Jwt::discover("https://issuer.example"), "no audience"),
        (
            good().dangerously_accept_test_keys().key(Issuer::rs256().key()),
            "published ones as well: remove one of the two",
        ),
        (good().algorithms([Algorithm::Hs256]), "cannot be for an HMAC"),
        (good().algorithms([]), "no algorithm is accepted"),
        (good().refresh_every(Duration::ZERO), "expected at least a second"),
        (good().keys_last(Duration::from_secs(60)), "no less than the former"),
        (
            Issuer::rs256().jwt().algorithms([Algorithm::Es256]),
            "is for RS256, which is not accepted",
        ),
    ] {
        let found = fault(jwt);
        assert!(found.contains(expected), "{expected} in: {found}");
        assert!(found.contains("has 1 fault"), "{found}");
    }
}
