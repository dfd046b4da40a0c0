//! Valid tokens that are revoked get 401 from then on, whether or not they are cached.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::{HttpResponse, get, post, web};
use futures_util::future::join_all;
use secure_runtime::authentication::{
    Attempt, Authenticator, Challenge, Jwt, Presented, Profile, Refusal, Revocations,
};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Clock, Moment, Principal, RequestHead, Security, secure};
use secure_tests::{TestServer, bearer, unix};

use crate::Runs;

#[secure]
#[get("/orders")]
async fn orders(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure]
#[post("/logout")]
async fn log_out(caller: Principal, revocations: web::Data<Revocations>) -> HttpResponse {
    match revocations.revoke_caller(&caller).await {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}

#[secure(auth = gateway)]
#[get("/gateway")]
async fn behind_a_gateway(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

/// A scheme of the application that caches verified credentials.
struct Gateway {
    known: Principal,
    revocations: Revocations,
}

impl Authenticator for Gateway {
    fn challenge(&self) -> Challenge {
        Challenge::new("Gateway")
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        Presented::by_header(request, "x-gateway")
    }

    fn authenticate(&self, request: &RequestHead<'_>, _: Moment) -> Attempt {
        match request.header("x-gateway") {
            None => Attempt::Absent,
            Some(_) => match self.revocations.check(&self.known) {
                Ok(()) => Attempt::Accepted(self.known.clone()),
                Err(refusal) => Attempt::Refused(refusal),
            },
        }
    }
}

struct World {
    issuer: Issuer,
    revocations: Revocations,
    clock: FakeClock,
    server: TestServer,
    runs: Runs,
}

const ISSUER: &str = "https://issuer.test";

impl World {
    fn new(jwt: impl FnOnce(Jwt) -> Jwt) -> Self {
        let clock = FakeClock::new();
        let issuer = Issuer::rs256().clock(clock.clone());
        let revocations = Revocations::builder().clock(clock.clone()).in_memory();
        let now = clock.now().unix_seconds();
        let known = Principal::builder("alice").issuer("gateway").session("g");
        let known = known.issued_at(unix(now)).expires_at(unix(now + 60)).build();
        let security = Security::builder()
            .answers_for(module_path!())
            .clock(clock.clone())
            .authenticator("jwt", jwt(issuer.jwt().revocations(&revocations)))
            .named_authenticator("gateway", Gateway { known, revocations: revocations.clone() })
            .build()
            .unwrap();
        let runs = Runs::default();
        let data = (web::Data::new(runs.clone()), web::Data::new(revocations.clone()));
        let server = TestServer::run(move || {
            let api = secure_runtime::scope("");
            let api = api.service(orders).service(log_out).service(behind_a_gateway);
            let app = actix_web::App::new().app_data(security.clone());
            app.app_data(data.0.clone()).app_data(data.1.clone()).service(api)
        });
        Self { issuer, revocations, clock, server, runs }
    }

    /// The status for a token; asserts that the handler ran exactly if it is 200.
    async fn answer(&self, token: &str) -> u16 {
        let before = self.runs.so_far();
        let answer = self.server.get("/orders", &[&bearer(token)]).await;
        assert_eq!(self.runs.so_far() - before, usize::from(answer.status == 200), "{answer:?}");
        if answer.status != 200 {
            answer.problem(answer.status);
            let challenge = answer.header("www-authenticate").unwrap_or_default();
            assert_eq!(challenge.contains(r#"error="invalid_token""#), answer.status == 401);
            assert!(!answer.body.contains("revoked"), "{answer:?}");
        }
        answer.status
    }

    async fn all_are<const N: usize>(&self, tokens: [&String; N], expected: [u16; N]) {
        // On both workers, and each twice: from the verification and from the cache.
        for round in 0..4 {
            for (index, (token, expected)) in tokens.iter().zip(expected).enumerate() {
                assert_eq!(self.answer(token).await, expected, "token {index} in round {round}");
            }
        }
    }
}

#[actix_web::test]
async fn a_token_is_revoked_by_its_own_name_its_session_its_subject_or_its_time() {
    let world = World::new(|jwt| jwt);
    let sign = |subject: &str, session: &str, id: &str| {
        world.issuer.token(subject).claim("sid", session).claim("jti", id).sign()
    };
    let phone = sign("alice", "phone", "1");
    let phone_later = sign("alice", "phone", "2");
    let desk = sign("alice", "desk", "3");
    let bob = sign("bob", "sofa", "4");
    let all = [&phone, &phone_later, &desk, &bob];
    world.all_are(all, [200, 200, 200, 200]).await;

    world.revocations.revoke_token(ISSUER, "1").await.unwrap();
    world.all_are(all, [401, 200, 200, 200]).await;
    world.revocations.revoke_session(ISSUER, "phone").await.unwrap();
    world.all_are(all, [401, 401, 200, 200]).await;
    world.revocations.revoke_subject(ISSUER, "alice").await.unwrap();
    world.all_are(all, [401, 401, 401, 200]).await;
    world.clock.advance(Duration::from_secs(1));
    let back = sign("alice", "desk again", "5");
    assert_eq!(world.answer(&back).await, 200);
    world.revocations.revoke_issuer("https://elsewhere.test").await.unwrap();
    world.all_are([&bob, &back], [200, 200]).await;
    world.revocations.revoke_issuer(ISSUER).await.unwrap();
    world.all_are([&bob, &back], [401, 401]).await;
    world.clock.advance(Duration::from_secs(1));
    let new = sign("bob", "sofa", "6");
    assert_eq!(world.answer(&new).await, 200);
    world.revocations.revoke_everything().await.unwrap();
    assert_eq!(world.answer(&new).await, 401);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.answer(&sign("bob", "sofa", "7")).await, 200);
}

#[actix_web::test]
async fn a_caller_logs_out_and_others_stay() {
    let world = World::new(|jwt| jwt);
    let [mine, other] = ["alice", "alice"].map(|name| world.issuer.token(name).sign());
    world.all_are([&mine, &other], [200, 200]).await;
    let left = world.server.send("POST", "/logout", &[&bearer(&mine)], "").await;
    assert_eq!(left.status, 204);
    world.all_are([&mine, &other], [401, 200]).await;
    assert_eq!(world.server.send("POST", "/logout", &[&bearer(&mine)], "").await.status, 401);
}

#[actix_web::test]
async fn a_token_that_could_not_be_revoked_is_not_accepted() {
    let world = World::new(|jwt| jwt.profile(Profile::Jwt).require_claim("sid"));
    let now = world.clock.now().unix_seconds();
    let token = || world.issuer.token("alice").claim("sid", "s").without("jti");
    assert_eq!(world.answer(&token().sign()).await, 200);
    assert_eq!(world.answer(&token().without("iat").sign()).await, 401);
    assert_eq!(world.answer(&token().without("sid").sign()).await, 401);
    assert_eq!(world.answer(&token().claim("sid", 7).sign()).await, 401);
    assert_eq!(world.answer(&token().claim("jti", 7).sign()).await, 401);
    assert_eq!(world.answer(&token().claim("exp", now + 24 * 3600).sign()).await, 200);
    assert_eq!(world.answer(&token().claim("exp", now + 24 * 3600 + 1).sign()).await, 401);

    // Without a list of revocations, the same tokens are accepted.
    let clock = world.clock.clone();
    let builder = Security::builder().answers_for(module_path!()).clock(clock);
    let jwt = world.issuer.jwt().profile(Profile::Jwt);
    let known = Principal::builder("alice").build();
    let gateway = Gateway { known, revocations: Revocations::in_memory() };
    let security = builder.authenticator("jwt", jwt).named_authenticator("gateway", gateway);
    let runs = web::Data::new(Runs::default());
    let server = TestServer::start(&security.build().unwrap(), move || {
        secure_runtime::scope("").app_data(runs.clone()).service(orders)
    });
    for token in [token().without("iat"), token().claim("exp", now + 24 * 3600 + 1)] {
        assert_eq!(server.get("/orders", &[&bearer(&token.sign())]).await.status, 200);
    }
}

#[actix_web::test]
async fn an_applications_own_authenticator_asks_the_same_list() {
    let world = World::new(|jwt| jwt);
    let call = async || world.server.get("/gateway", &["x-gateway: 1"]).await.status;
    assert_eq!(call().await, 200);
    world.revocations.revoke_session(ISSUER, "g").await.unwrap();
    assert_eq!(call().await, 200);
    world.revocations.revoke_session("gateway", "g").await.unwrap();
    assert_eq!(call().await, 401);
    assert_eq!(world.runs.so_far(), 2);
}

/// No response to a request that started after the revocation is 200, under constant load.
#[actix_web::test]
async fn requests_under_way_meet_a_revocation() {
    let world = World::new(|jwt| jwt);
    for round in 0..10 {
        let session = format!("session {round}");
        let tokens: Vec<_> = (0..8)
            .map(|_| bearer(&world.issuer.token("alice").claim("sid", session.clone()).sign()))
            .collect();
        let revoked = AtomicBool::new(false);
        let callers = tokens.iter().map(async |token| {
            let mut refusals = 0;
            while refusals < 3 {
                let after = revoked.load(Ordering::SeqCst);
                let status = world.server.get("/orders", &[token]).await.status;
                assert!(status == 401 || (status == 200 && !after), "{status} {after}");
                refusals += u32::from(status == 401);
            }
        });
        let revoke = async {
            for _ in 0..2 {
                let answer = world.server.get("/orders", &[tokens.first().unwrap()]).await;
                assert_eq!(answer.status, 200, "the twin: accepted before");
            }
            world.revocations.revoke_session(ISSUER, &session).await.unwrap();
            revoked.store(true, Ordering::SeqCst);
        };
        futures_util::future::join(join_all(callers), revoke).await;
    }
}

#[actix_web::test]
async fn a_full_list_revokes_more_instead_of_less() {
    let clock = FakeClock::new();
    let issuer = Issuer::hs256().clock(clock.clone());
    let revocations = Revocations::builder().clock(clock.clone()).capacity(1).in_memory();
    let builder = Security::builder().answers_for(module_path!()).clock(clock.clone());
    let gateway =
        Gateway { known: Principal::builder("alice").build(), revocations: revocations.clone() };
    let security = builder
        .authenticator("jwt", issuer.jwt().revocations(&revocations))
        .named_authenticator("gateway", gateway);
    let runs = web::Data::new(Runs::default());
    let server = TestServer::start(&security.build().unwrap(), move || {
        secure_runtime::scope("").app_data(runs.clone()).service(orders)
    });
    let status = async |token: &str| server.get("/orders", &[&bearer(token)]).await.status;
    let [first, second, bystander] =
        ["1", "2", "3"].map(|id| issuer.token("alice").claim("jti", id).sign());
    revocations.revoke_token(ISSUER, "1").await.unwrap();
    assert_eq!([status(&first).await, status(&second).await], [401, 200]);
    revocations.revoke_token(ISSUER, "2").await.unwrap();
    let all = [status(&first).await, status(&second).await, status(&bystander).await];
    assert_eq!(all, [401, 401, 401]);
    clock.advance(Duration::from_secs(301));
    assert_eq!(status(&issuer.token("alice").sign()).await, 200);
    assert_eq!(revocations.statistics().coarse, 1);
}

#[test]
fn a_refusal_says_in_the_log_what_was_wrong() {
    let revocations = Revocations::in_memory();
    let caller = Principal::builder("alice").issued_at(unix(1)).expires_at(unix(2)).build();
    drop(revocations.revoke_everything());
    let refused: Refusal = revocations.check(&caller).unwrap_err();
    assert_eq!(refused.cause(), "the token was revoked");
}
