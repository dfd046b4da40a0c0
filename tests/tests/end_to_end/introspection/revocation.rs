//! Opaque tokens that this service revokes get 401 from then on, even if the provider reports them as active.

use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::post;
use secure_runtime::authentication::Revocations;
use secure_tests::{RedisServer, eventually};

use super::*;

/// A service with a list of revocations.
struct Listed {
    world: World,
    revocations: Revocations,
}

impl Listed {
    fn new() -> Self {
        Self::with(|description| description)
    }

    fn with(change: impl FnOnce(Introspection) -> Introspection) -> Self {
        let clock = FakeClock::new();
        let revocations = Revocations::builder().clock(clock.clone()).in_memory();
        Self::sharing(revocations, clock, change)
    }

    fn sharing(
        revocations: Revocations,
        clock: FakeClock,
        change: impl FnOnce(Introspection) -> Introspection,
    ) -> Self {
        let world = World::at(clock, |builder, endpoint| {
            let description = change(fitting(endpoint).revocations(&revocations));
            builder.authenticator("opaque", description)
        });
        Self { world, revocations }
    }

    /// Adds a token with these claims.
    fn know(&self, token: &str, subject: &str, names: &[(&str, &str)]) {
        let mut answer = self.world.active(subject);
        for (name, value) in names {
            answer[*name] = json!(value);
        }
        self.world.endpoint.know(token, answer);
    }

    async fn all_are<const N: usize>(&self, tokens: [&str; N], expected: [u16; N]) {
        for round in 0..3 {
            for (token, expected) in tokens.into_iter().zip(expected) {
                match expected {
                    401 => self.world.is_refused(token, "revoked").await,
                    503 => self.world.is_unavailable(token, "nobody knows").await,
                    _ => assert_eq!(self.world.status(token).await, 200, "{token} {round}"),
                }
            }
        }
    }
}

#[actix_web::test]
async fn a_token_is_revoked_by_its_own_name_its_session_its_subject_or_its_time() {
    let listed = Listed::new();
    let Listed { world, revocations } = &listed;
    listed.know("phone", "ada", &[("jti", "1"), ("sid", "phone")]);
    listed.know("phone-too", "ada", &[("jti", "2"), ("sid", "phone")]);
    listed.know("desk", "ada", &[("jti", "3"), ("sid", "desk")]);
    listed.know("sofa", "bob", &[]);
    let all = ["phone", "phone-too", "desk", "sofa"];
    listed.all_are(all, [200; 4]).await;
    revocations.revoke_token(ISSUER, "1").await.unwrap();
    listed.all_are(all, [401, 200, 200, 200]).await;
    revocations.revoke_session(ISSUER, "phone").await.unwrap();
    listed.all_are(all, [401, 401, 200, 200]).await;
    revocations.revoke_subject("https://elsewhere.test", "ada").await.unwrap();
    listed.all_are(all, [401, 401, 200, 200]).await;
    revocations.revoke_subject(ISSUER, "ada").await.unwrap();
    listed.all_are(all, [401, 401, 401, 200]).await;
    assert_eq!(world.endpoint.asked(), 4, "a revoked token is not asked about again and again");

    world.clock.advance(Duration::from_secs(1));
    listed.know("later", "ada", &[]);
    listed.all_are(["later", "sofa"], [200, 200]).await;
    revocations.revoke_issuer(ISSUER).await.unwrap();
    listed.all_are(["later", "sofa"], [401, 401]).await;
    world.clock.advance(Duration::from_secs(1));
    listed.know("last", "ada", &[]);
    listed.all_are(["last"], [200]).await;
    revocations.revoke_everything().await.unwrap();
    listed.all_are(["last"], [401]).await;

    // At the next introspection the token is still active, and still revoked.
    world.clock.advance(Duration::from_secs(50));
    listed.all_are(["last", "later"], [401, 401]).await;
    // A token that was revoked before its first use here.
    listed.know("unseen", "ada", &[("jti", "9")]);
    listed.know("unseen-too", "ada", &[("jti", "10")]);
    revocations.revoke_token(ISSUER, "9").await.unwrap();
    listed.all_are(["unseen", "unseen-too"], [401, 200]).await;
}

#[actix_web::test]
async fn without_memory_the_list_is_asked_all_the_same() {
    let listed = Listed::with(|it| it.accept_positive_for(Duration::ZERO).cache_capacity_bytes(0));
    listed.know("one", "ada", &[("jti", "1")]);
    listed.know("two", "ada", &[("jti", "2")]);
    listed.all_are(["one", "two"], [200, 200]).await;
    listed.revocations.revoke_token(ISSUER, "1").await.unwrap();
    listed.all_are(["one", "two"], [401, 200]).await;
}

/// The provider's answer was sent before the revocation, or is sent after it: it is refused in both cases.
#[actix_web::test]
async fn a_revocation_that_comes_while_the_provider_is_asked_counts() {
    let listed = Listed::new();
    let Listed { world, revocations } = &listed;
    listed.know("one", "ada", &[("jti", "1")]);
    listed.know("two", "ada", &[("jti", "2")]);
    world.endpoint.behave(Manners::Holding);
    let lines = ["one", "one", "two", "two"].map(bearer);
    let headers = lines.each_ref().map(|line| [line.as_str()]);
    let waiting = join_all(headers.iter().map(|line| world.server.get("/orders", line)));
    let revoke = async {
        world.endpoint.until_asked(2).await;
        revocations.revoke_token(ISSUER, "1").await.unwrap();
        world.endpoint.behave(Manners::Good);
    };
    let (answers, ()) = futures_util::future::join(waiting, revoke).await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!((statuses, world.runs.so_far()), (vec![401, 401, 200, 200], 2));
    listed.all_are(["one", "two"], [401, 200]).await;
    assert_eq!(world.endpoint.asked(), 2);
}

/// No response to a request that started after the revocation is 200, under constant load.
#[actix_web::test]
async fn requests_under_way_meet_a_revocation() {
    let listed = Listed::with(|it| it.accept_positive_for(Duration::from_millis(5)));
    let Listed { world, revocations } = &listed;
    for round in 0..10 {
        let session = format!("session-{round}");
        let tokens: Vec<_> = (0..6).map(|number| format!("{session}-{number}")).collect();
        for token in &tokens {
            listed.know(token, "ada", &[("sid", &session)]);
        }
        let revoked = AtomicBool::new(false);
        let callers = tokens.iter().map(async |token| {
            let (line, mut refusals) = (bearer(token), 0);
            while refusals < 3 {
                let after = revoked.load(Ordering::SeqCst);
                // Some are cache hits, and some need introspection.
                world.clock.advance(Duration::from_millis(1));
                let status = world.server.get("/orders", &[&line]).await.status;
                assert!(status == 401 || (status == 200 && !after), "{status} {after}");
                refusals += u32::from(status == 401);
            }
        });
        let revoke = async {
            let first = bearer(&tokens[0]);
            for _ in 0..2 {
                let status = world.server.get("/orders", &[&first]).await.status;
                assert_eq!(status, 200, "the twin: accepted before");
            }
            revocations.revoke_session(ISSUER, &session).await.unwrap();
            revoked.store(true, Ordering::SeqCst);
        };
        futures_util::future::join(join_all(callers), revoke).await;
        world.clock.advance(Duration::from_secs(1));
    }
}

#[actix_web::test]
async fn a_token_that_could_not_be_revoked_is_not_accepted() {
    let listed = Listed::with(|it| it.require_claim("sid"));
    let world = &listed.world;
    let now = world.clock.now().unix_seconds();
    let day = 24 * 3600;
    let without_list = World::at(world.clock.clone(), |builder, endpoint| {
        builder.authenticator("opaque", fitting(endpoint))
    });
    for (token, member, value, status) in [
        ("good", "exp", json!(now + day), 200),
        ("lives-too-long", "exp", json!(now + day + 1), 401),
        ("endless", "exp", Value::Null, 401),
        ("undated", "iat", Value::Null, 401),
        ("without-session", "sid", Value::Null, 401),
    ] {
        let mut answer = world.active("ada");
        answer["sid"] = json!("s");
        answer[member] = value;
        answer.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        world.endpoint.know(token, answer.clone());
        without_list.endpoint.know(token, answer);
        listed.all_are([token], [status]).await;
        assert_eq!(without_list.status(token).await, 200, "the twin: {token}");
    }
}

#[secure]
#[post("/logout")]
async fn log_out(caller: Principal, revocations: web::Data<Revocations>) -> HttpResponse {
    match revocations.revoke_caller(&caller).await {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}

#[actix_web::test]
async fn a_caller_logs_out_and_others_stay() {
    let listed = Listed::new();
    let Listed { world, revocations } = &listed;
    let security = world.security.clone();
    let data = web::Data::new(revocations.clone());
    let server = TestServer::start(&security, move || {
        secure_runtime::scope("").app_data(data.clone()).service(log_out)
    });
    let leave = async |token| server.send("POST", "/logout", &[&bearer(token)], "").await.status;
    listed.know("mine", "ada", &[("jti", "1")]);
    listed.know("other", "ada", &[("jti", "2")]);
    listed.all_are(["mine", "other"], [200, 200]).await;
    assert_eq!(leave("mine").await, 204);
    listed.all_are(["mine", "other"], [401, 200]).await;
    assert_eq!(leave("mine").await, 401);
    // A token without an id of its own is revoked together with all tokens of its subject.
    listed.know("nameless", "bob", &[]);
    listed.know("nameless-too", "bob", &[]);
    listed.all_are(["nameless", "nameless-too"], [200, 200]).await;
    assert_eq!(leave("nameless").await, 204);
    listed.all_are(["nameless", "nameless-too", "other"], [401, 401, 200]).await;
}

#[actix_web::test]
async fn processes_share_revocations_and_without_redis_no_memory_serves() {
    let mut redis = RedisServer::start();
    let shared = || {
        let builder = Revocations::builder().redis_key("opaque");
        let revocations = builder.staleness(Duration::from_secs(1)).redis(&redis.url()).unwrap();
        eventually("the list can be read", || revocations.statistics().is_readable);
        Listed::sharing(revocations, FakeClock::new(), |it| it)
    };
    let (here, there) = (shared(), shared());
    for listed in [&here, &there] {
        listed.know("one", "ada", &[("jti", "1")]);
        listed.know("two", "ada", &[("jti", "2")]);
        listed.all_are(["one", "two"], [200, 200]).await;
    }
    here.revocations.revoke_token(ISSUER, "1").await.unwrap();
    eventually("it arrives", || there.revocations.statistics().entries == 1);
    for listed in [&here, &there] {
        listed.all_are(["one", "two"], [401, 200]).await;
    }
    redis.stop();
    eventually("it is missed", || !there.revocations.statistics().is_readable);
    there.all_are(["two"], [503]).await;
    redis.restart();
    eventually("it is back", || there.revocations.statistics().is_readable);
    there.all_are(["one", "two"], [401, 200]).await;
    assert_eq!(there.world.endpoint.asked(), 2);
}

/// A JWT that one authenticator refuses as revoked is passed to the next, which introspects it.
#[actix_web::test]
async fn a_revoked_jwt_does_not_come_in_as_an_opaque_token() {
    let clock = FakeClock::new();
    let issuer = Issuer::es256().clock(clock.clone());
    let revocations = Revocations::builder().clock(clock.clone()).in_memory();
    let world = World::at(clock.clone(), |builder, endpoint| {
        builder
            .authenticator("jwt", issuer.jwt().revocations(&revocations))
            .authenticator("opaque", fitting(endpoint).revocations(&revocations))
    });
    let sign = |id: &str| issuer.token("ada").scope("orders:read").claim("jti", id).sign();
    let [one, two] = [sign("1"), sign("2")];
    for (token, id) in [(&one, "1"), (&two, "2")] {
        let mut answer = world.active("ada");
        answer["jti"] = json!(id);
        world.endpoint.know(token.clone(), answer);
        assert_eq!(world.status(token).await, 200);
    }
    revocations.revoke_token(ISSUER, "1").await.unwrap();
    for _ in 0..3 {
        world.is_refused(&one, "revoked").await;
        assert_eq!(world.status(&two).await, 200);
    }
    assert_eq!(world.endpoint.asked(), 1);

    // A list of revocations on only one of the two authenticators is a startup error.
    let endpoint = &world.endpoint;
    let faults = |jwt: Jwt, opaque: Introspection| {
        let builder = Security::builder().answers_for(MODULE);
        let builder = builder.authenticator("jwt", jwt).authenticator("opaque", opaque);
        builder.build().err().map(|error| error.to_string()).unwrap_or_default()
    };
    let listed =
        (issuer.jwt().revocations(&revocations), fitting(endpoint).revocations(&revocations));
    assert_eq!(faults(listed.0.clone(), listed.1.clone()), "");
    assert_eq!(faults(issuer.jwt(), fitting(endpoint)), "");
    let other = fitting(endpoint).issuer("https://other.test");
    assert_eq!(faults(listed.0.clone(), other), "");
    for (jwt, opaque, sentence) in [
        (
            listed.0,
            fitting(endpoint),
            "from `jwt`, which asks a list of revocations, and from `opaque`",
        ),
        (issuer.jwt(), listed.1, "from `opaque`, which asks a list of revocations, and from `jwt`"),
    ] {
        let found = faults(jwt, opaque);
        assert!(found.contains(sentence) && found.contains("`.revocations(…)`"), "{found}");
    }
    let keys = Jwt::discover(endpoint.issuer())
        .dangerously_accept_test_keys()
        .audience("shop api")
        .revocations(&revocations);
    let found = faults(issuer.jwt(), fitting(endpoint).signed_answers(keys));
    assert!(found.contains("what is revoked are tokens, not answers about them"), "{found}");
}
