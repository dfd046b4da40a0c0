//! Opaque tokens: what an introspection endpoint says of them, and every way in which it says it
//! wrong, late or not at all.

use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use futures_util::future::join_all;
use secure_runtime::authentication::{Introspection, Jwt};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Clock, Principal, Security, SecurityBuilder, secure};
use secure_tests::{Answer, IntrospectionEndpoint, Manners, TestServer, bearer};
use serde_json::{Value, json};

use crate::Runs;

#[secure(scopes = "orders:read")]
#[get("/orders")]
async fn orders(caller: Principal, runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().body(caller.subject().to_owned())
}

const ISSUER: &str = "https://issuer.test";

/// An endpoint, and a service that asks it.
struct World {
    endpoint: IntrospectionEndpoint,
    clock: FakeClock,
    server: TestServer,
    runs: Runs,
}

/// The description that fits the endpoint.
fn fitting(endpoint: &IntrospectionEndpoint) -> Introspection {
    let (id, secret) = IntrospectionEndpoint::CLIENT;
    let at = Introspection::at(endpoint.url()).client_secret_basic(id, secret);
    at.issuer(ISSUER).audience("test")
}

impl World {
    fn new() -> Self {
        Self::with(fitting)
    }

    fn with(description: impl FnOnce(&IntrospectionEndpoint) -> Introspection) -> Self {
        Self::built(|builder, endpoint| builder.authenticator("opaque", description(endpoint)))
    }

    fn built(
        build: impl FnOnce(SecurityBuilder, &IntrospectionEndpoint) -> SecurityBuilder,
    ) -> Self {
        let clock = FakeClock::new();
        let endpoint = IntrospectionEndpoint::start();
        let builder = Security::builder().answers_for(module_path!()).clock(clock.clone());
        let security = build(builder, &endpoint).build().unwrap();
        let runs = Runs::default();
        let data = web::Data::new(runs.clone());
        let server = TestServer::run(move || {
            let api = secure_runtime::scope("").service(orders);
            actix_web::App::new().app_data(security.clone()).app_data(data.clone()).service(api)
        });
        Self { endpoint, clock, server, runs }
    }

    /// What is said of a good token of this subject, for a minute.
    fn active(&self, subject: &str) -> Value {
        let now = self.clock.now().unix_seconds();
        json!({
            "active": true, "sub": subject, "iss": ISSUER, "aud": "test", "scope": "orders:read",
            "client_id": "app", "token_type": "Bearer", "iat": now, "exp": now + 60,
        })
    }

    fn know(&self, token: &str) {
        self.endpoint.know(token, self.active("ada"));
    }

    /// What a token is answered; the handler ran exactly if it is 200.
    async fn answer(&self, token: &str) -> Answer {
        let before = self.runs.so_far();
        let answer = self.server.get("/orders", &[&bearer(token)]).await;
        assert_eq!(self.runs.so_far() - before, usize::from(answer.status == 200), "{answer:?}");
        answer
    }

    async fn status(&self, token: &str) -> u16 {
        self.answer(token).await.status
    }

    /// Asserts 401 `invalid_token`.
    async fn is_refused(&self, token: &str, what: &str) {
        let answer = self.answer(token).await;
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
        answer.problem(401);
        let challenge = answer.header("www-authenticate").unwrap();
        assert_eq!(challenge, r#"Bearer realm="api", error="invalid_token""#, "{what}");
    }

    /// Asserts 503 without a challenge: the client need not get another token.
    async fn is_unavailable(&self, token: &str, what: &str) {
        let answer = self.answer(token).await;
        assert_eq!(answer.status, 503, "{what}: {answer:?}");
        answer.problem(503);
        assert_eq!(answer.header("www-authenticate"), None, "{what}");
    }
}

#[actix_web::test]
async fn an_active_token_is_accepted_and_asked_about_once() {
    let world = World::new();
    world.know("good");
    for _ in 0..5 {
        assert_eq!(world.answer("good").await.body, "ada");
    }
    assert_eq!(world.endpoint.asked(), 1);
    let question = world.endpoint.last().unwrap();
    assert_eq!(question.accept.as_deref(), Some("application/json"));
    assert_eq!(question.form["token"], "good");
    assert_eq!(question.form["token_type_hint"], "access_token");
    assert_eq!(question.form.len(), 2, "the client is in the header alone");
}

#[actix_web::test]
async fn the_client_may_be_named_in_the_body_and_the_endpoint_discovered() {
    let (id, secret) = IntrospectionEndpoint::CLIENT;
    let world = World::with(|endpoint| {
        let issuer = Introspection::discover(endpoint.issuer());
        issuer.client_secret_post(id, secret).audience("test")
    });
    let mut answer = world.active("ada");
    answer["iss"] = world.endpoint.issuer().into();
    world.endpoint.know("good", answer);
    assert_eq!(world.status("good").await, 200);
    let question = world.endpoint.last().unwrap();
    assert_eq!(question.authorization, None);
    assert_eq!(question.form["client_secret"], secret);
    world.know("of another issuer");
    world.is_refused("unknown", "unknown").await;
}

/// One thing wrong with what is said of a token: its twin is the answer that it was made of.
#[actix_web::test]
async fn a_token_that_is_not_good_or_not_for_this_service_is_refused() {
    let world = World::new();
    let now = world.clock.now().unix_seconds();
    let mut number = 0;
    let mut know = |change: &dyn Fn(&mut Value)| {
        number += 1;
        let mut answer = world.active("ada");
        change(&mut answer);
        let token = format!("token-{number}");
        world.endpoint.know(&token, answer);
        token
    };
    let set = |name: &'static str, value: Value| {
        move |answer: &mut Value| answer[name] = value.clone()
    };
    let without = |name: &'static str| {
        move |answer: &mut Value| drop(answer.as_object_mut().unwrap().remove(name))
    };
    let faults: Vec<(&str, Box<dyn Fn(&mut Value)>)> = vec![
        ("not active", Box::new(|answer| *answer = json!({"active": false}))),
        ("not active, with claims", Box::new(set("active", json!(false)))),
        ("another iss", Box::new(set("iss", json!("https://elsewhere.test")))),
        ("a null iss", Box::new(set("iss", Value::Null))),
        ("an iss that is a list", Box::new(set("iss", json!([ISSUER])))),
        ("no aud", Box::new(without("aud"))),
        ("a null aud", Box::new(set("aud", Value::Null))),
        ("an empty list as aud", Box::new(set("aud", json!([])))),
        ("another aud", Box::new(set("aud", json!("elsewhere")))),
        ("an aud of mixed types", Box::new(set("aud", json!(["test", 1])))),
        ("no sub", Box::new(without("sub"))),
        ("an empty sub", Box::new(set("sub", json!("")))),
        ("a numeric sub", Box::new(set("sub", json!(7)))),
        ("exp now", Box::new(set("exp", json!(now)))),
        ("exp in the past", Box::new(set("exp", json!(1)))),
        ("nbf ahead", Box::new(set("nbf", json!(now + 1)))),
        ("iat ahead", Box::new(set("iat", json!(now + 1)))),
        ("a refresh token", Box::new(set("token_use", json!("refresh_token")))),
        ("another token type", Box::new(set("token_type", json!("DPoP")))),
        ("a null token type", Box::new(set("token_type", Value::Null))),
        ("bound to a key", Box::new(set("cnf", json!({"jkt": "x"})))),
        ("bound to nothing", Box::new(set("cnf", Value::Null))),
    ];
    for (fault, change) in &faults {
        world.is_refused(&know(change), fault).await;
    }
    for (twin, change) in [
        ("as it is", Box::new(|_: &mut Value| {}) as Box<dyn Fn(&mut Value)>),
        ("no iss", Box::new(without("iss"))),
        ("several audiences", Box::new(set("aud", json!(["elsewhere", "test"])))),
        ("no exp", Box::new(without("exp"))),
        ("no iat", Box::new(without("iat"))),
        ("no client", Box::new(without("client_id"))),
        ("no token type", Box::new(without("token_type"))),
        ("a token type in lower case", Box::new(set("token_type", json!("bearer")))),
        ("an access token", Box::new(set("token_use", json!("access_token")))),
        ("exp with a fraction", Box::new(set("exp", json!(now as f64 + 0.5)))),
    ] {
        assert_eq!(world.status(&know(&*change)).await, 200, "{twin}");
    }
    let mut poor = world.active("ada");
    poor["scope"] = json!("orders:write");
    world.endpoint.know("poor", poor);
    assert_eq!(world.status("poor").await, 403);
}

#[actix_web::test]
async fn a_malformed_answer_is_no_answer() {
    let world = World::new();
    let good = world.active("ada").to_string();
    let json = "application/json";
    let say = |text: &str| Manners::Saying(json, text.to_owned());
    let changed = |from: &str, to: &str| say(&good.replace(from, to));
    let faults = [
        say(""),
        say("null"),
        say("true"),
        say("[]"),
        say(&format!("[{good}]")),
        say(&format!("{good}{good}")),
        say("{}"),
        say("{\"active\":true"),
        changed(r#""active":true"#, r#""active":"true""#),
        changed(r#""active":true"#, r#""active":1"#),
        changed(r#""active":true"#, r#""active":null"#),
        changed(r#""active":true"#, r#""active":[true]"#),
        changed(r#""active":true"#, r#""active":{}"#),
        changed(r#""active":true"#, r#""Active":true"#),
        changed(r#""active":true"#, r#""active":false,"active":true"#),
        changed(r#""active":true"#, r#""active":true,"active":true"#),
        changed(r#""sub":"ada""#, r#""sub":"ada","sub":"root""#),
        changed(r#""exp":"#, r#""exp":"tomorrow","x":"#),
        changed(r#""exp":"#, r#""exp":null,"x":"#),
        changed(r#""exp":"#, r#""exp":-1,"x":"#),
        changed(r#""exp":"#, r#""exp":1e300,"x":"#),
        changed(r#""iat":"#, r#""iat":[1],"x":"#),
        changed(r#""token_type":"#, r#""nbf":"now","token_type":"#),
        changed(r#""scope":"orders:read""#, r#""scope":7"#),
        changed(r#""scope":"orders:read""#, r#""scope":{"orders:read":true}"#),
        changed(r#""scope":"#, r#""roles":"a\u0000","scope":"#),
        Manners::Saying("text/html", good.clone()),
        Manners::Saying("text/plain", good.clone()),
        Manners::Saying("application/jwt", good.clone()),
        Manners::Saying("application/jsonp", good.clone()),
        Manners::Saying("application/token-introspection+jwt", good.clone()),
        Manners::Padded(10 << 20),
        Manners::Down(400),
        Manners::Down(500),
        Manners::Down(201),
        Manners::Down(206),
        Manners::Down(418),
    ];
    for (number, manners) in faults.into_iter().enumerate() {
        let token = format!("token-{number}");
        world.know(&token);
        world.endpoint.behave(manners.clone());
        world.is_unavailable(&token, &format!("{manners:?}")).await;
        // Nothing of it is kept for long, and nobody else suffers.
        world.endpoint.behave(Manners::Good);
        let twin = format!("twin-{number}");
        world.know(&twin);
        assert_eq!(world.status(&twin).await, 200, "{manners:?}");
        world.clock.advance(Duration::from_secs(1));
        world.know(&token);
        assert_eq!(world.status(&token).await, 200, "{manners:?}");
    }
    world.know("with a charset");
    world.endpoint.behave(Manners::Saying(
        "Application/JSON; charset=UTF-8",
        world.active("ada").to_string(),
    ));
    assert_eq!(world.status("with a charset").await, 400, "no token has spaces");
    assert_eq!(world.status("with-a-charset").await, 200);
}

/// What says that nobody can be asked now: one call finds it out, and those that come meanwhile are
/// answered at once.
#[actix_web::test]
async fn a_provider_that_is_out_of_reach_is_not_asked_by_every_request() {
    let internal = "http://169.254.169.254/introspect".to_owned();
    for manners in [
        Manners::Down(401),
        Manners::Down(403),
        Manners::Down(404),
        Manners::Down(429),
        Manners::Down(502),
        Manners::Down(503),
        Manners::Down(504),
        Manners::Redirecting(internal),
        Manners::Breaking,
    ] {
        let world = World::new();
        world.know("seen");
        assert_eq!(world.status("seen").await, 200);
        world.endpoint.behave(manners.clone());
        for number in 0..20 {
            let token = format!("token-{number}");
            world.know(&token);
            world.is_unavailable(&token, &format!("{manners:?}")).await;
            assert_eq!(world.status("seen").await, 200, "what is known stays known");
        }
        assert_eq!(world.endpoint.asked(), 2, "{manners:?}");
        // It is still down when the pause ends, and then it is not.
        world.clock.advance(Duration::from_secs(20));
        world.is_unavailable("token-1", "still down").await;
        world.is_unavailable("token-2", "still down").await;
        assert_eq!(world.endpoint.asked(), 3, "{manners:?}");
        world.endpoint.behave(Manners::Good);
        world.clock.advance(Duration::from_secs(20));
        world.know("token-1");
        assert_eq!(world.status("token-1").await, 200, "{manners:?}");
        world.know("token-2");
        assert_eq!(world.status("token-2").await, 200, "{manners:?}");
    }
}

#[actix_web::test]
async fn a_slow_provider_is_waited_for_once_and_never_longer_than_the_timeout() {
    let patience = Duration::from_millis(300);
    let world = World::with(|endpoint| fitting(endpoint).timeout(patience));
    world.endpoint.behave(Manners::Holding);
    let begun = std::time::Instant::now();
    world.is_unavailable("one", "slow").await;
    assert!(begun.elapsed() >= patience);
    for number in 0..20 {
        world.is_unavailable(&format!("token-{number}"), "slow").await;
    }
    assert_eq!(world.endpoint.asked(), 1);
    world.endpoint.behave(Manners::Good);
    world.know("one");
    world.clock.advance(Duration::from_secs(60));
    world.know("one");
    assert_eq!(world.status("one").await, 200);
}

#[actix_web::test]
async fn a_provider_that_is_not_there_is_unavailable() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let world = World::with(|_| {
        Introspection::at(format!("http://{address}/introspect"))
            .client_secret_basic("a", "b")
            .issuer(ISSUER)
            .audience("test")
    });
    world.is_unavailable("token", "nobody listens").await;
}

#[actix_web::test]
async fn a_client_that_the_provider_does_not_know_is_no_fault_of_the_caller() {
    let world = World::with(|endpoint| {
        let at = Introspection::at(endpoint.url()).client_secret_basic("shop api", "another");
        at.issuer(ISSUER).audience("test")
    });
    world.know("good");
    world.is_unavailable("good", "401 for the client").await;
}

#[actix_web::test]
async fn all_that_wait_for_a_token_share_one_question_and_may_leave() {
    let world = World::new();
    world.know("good");
    world.endpoint.behave(Manners::Holding);
    let line = bearer("good");
    let headers = [line.as_str()];
    let waiting: Vec<_> = (0..50).map(|_| world.server.get("/orders", &headers)).collect();
    let waiting = join_all(waiting);
    {
        // The first that asks leaves before there is an answer.
        let leaving = world.server.get("/orders", &headers);
        let asked = world.endpoint.until_asked(1);
        let first = futures_util::future::select(Box::pin(leaving), Box::pin(asked)).await;
        assert!(matches!(first, futures_util::future::Either::Right(_)));
    }
    let release = async {
        actix_web::rt::task::yield_now().await;
        world.endpoint.behave(Manners::Good);
    };
    let (answers, ()) = futures_util::future::join(waiting, release).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(world.runs.so_far(), 50);
    assert_eq!(world.endpoint.asked(), 1);
}

#[actix_web::test]
async fn no_more_questions_are_under_way_than_so_many() {
    let world = World::with(|endpoint| fitting(endpoint).at_once(3));
    world.endpoint.behave(Manners::Holding);
    let tokens: Vec<_> = (0..40).map(|number| format!("token-{number}")).collect();
    tokens.iter().for_each(|token| world.know(token));
    let lines: Vec<_> = tokens.iter().map(|token| bearer(token)).collect();
    let headers: Vec<_> = lines.iter().map(|line| [line.as_str()]).collect();
    let all = join_all(headers.iter().map(|line| world.server.get("/orders", line)));
    let release = async {
        world.endpoint.until_asked(3).await;
        world.endpoint.behave(Manners::Good);
    };
    let (answers, ()) = futures_util::future::join(all, release).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "they wait for their turn");
    assert_eq!((world.endpoint.asked(), world.endpoint.most_at_once()), (40, 3));
}

#[actix_web::test]
async fn an_active_token_is_accepted_no_longer_than_it_may_and_never_beyond_exp() {
    let world = World::with(|endpoint| fitting(endpoint).accept_positive_for(Duration::from_secs(40)));
    world.know("good");
    assert_eq!(world.status("good").await, 200);
    world.clock.advance(Duration::from_millis(39_999));
    assert_eq!(world.status("good").await, 200);
    assert_eq!(world.endpoint.asked(), 1);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.status("good").await, 200);
    assert_eq!(world.endpoint.asked(), 2);
    // Twenty seconds later it expires, whatever the memory would allow.
    world.clock.advance(Duration::from_millis(19_999));
    assert_eq!(world.status("good").await, 200);
    assert_eq!(world.endpoint.asked(), 2);
    world.clock.advance(Duration::from_millis(1));
    // The endpoint still says that it is active: its clock is wrong, or it lies.
    world.is_refused("good", "expired").await;
    world.is_refused("good", "expired").await;
    assert_eq!(world.endpoint.asked(), 3);

    // Without `exp` it is asked about again all the same.
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

#[actix_web::test]
async fn what_cannot_be_a_token_is_refused_without_a_question() {
    let world = World::new();
    for (line, status) in [
        ("authorization: Bearer a b", 400),
        ("authorization: Bearer a\"b", 400),
        ("authorization: Bearer ==", 400),
        ("authorization: Bearer", 400),
        ("authorization: Basic YTpi", 401),
    ] {
        assert_eq!(world.server.get("/orders", &[line]).await.status, status, "{line}");
    }
    let two = [bearer("a"), bearer("a")];
    assert_eq!(world.server.get("/orders", &[&two[0], &two[1]]).await.status, 400);
    world.is_refused(&"x".repeat(8 * 1024 + 1), "too long").await;
    assert_eq!(world.server.get("/orders?access_token=good", &[]).await.status, 401);
    assert_eq!((world.endpoint.asked(), world.runs.so_far()), (0, 0));
    let longest = "x".repeat(8 * 1024);
    world.know(&longest);
    assert_eq!(world.status(&longest).await, 200);
    for token in ["a+b/c==", "a%20b", "a&token=b"] {
        world.know(token);
        let is_token = token.bytes().all(|byte| byte != b'%' && byte != b'&');
        assert_eq!(world.status(token).await, if is_token { 200 } else { 400 }, "{token}");
    }
}

#[actix_web::test]
async fn a_client_without_a_user_is_named_only_where_that_is_said() {
    let client = json!({ "active": true, "client_id": "batch", "aud": "test", "scope": "orders:read" });
    let world = World::new();
    world.endpoint.know("machine", client.clone());
    world.is_refused("machine", "no sub").await;
    let world = World::with(|endpoint| fitting(endpoint).client_as_subject());
    world.endpoint.know("machine", client);
    assert_eq!(world.answer("machine").await.body, "batch");
    world.know("person");
    assert_eq!(world.answer("person").await.body, "ada");
    world.endpoint.know("nobody", json!({ "active": true, "aud": "test" }));
    world.is_refused("nobody", "neither").await;
}

#[actix_web::test]
async fn beside_jwt_each_token_goes_its_way() {
    let issuer = Issuer::hs256();
    let world = World::built(|builder, endpoint| {
        let jwt = issuer.clone().clock(FakeClock::new()).jwt();
        builder.authenticator("jwt", jwt).authenticator("opaque", fitting(endpoint))
    });
    let issuer = issuer.clock(world.clock.clone());
    world.know("good");
    assert_eq!(world.status("good").await, 200);
    let signed = issuer.token("grace").scope("orders:read").sign();
    assert_eq!(world.answer(&signed).await.body, "grace");
    assert_eq!(world.endpoint.asked(), 1, "nobody is asked about a JWT that is good");
    // One that the first does not accept may be known to the provider all the same.
    let strange = Issuer::es256().token("eve").sign();
    world.is_refused(&strange, "neither").await;
    world.clock.advance(Duration::from_secs(10));
    world.know(&strange);
    assert_eq!(world.answer(&strange).await.body, "ada");
    world.endpoint.behave(Manners::Down(503));
    world.is_unavailable("new", "the second cannot say").await;
    assert_eq!(world.status(&signed).await, 200);
}

/// A provider that signs, and what can be wrong with what it signs.
#[actix_web::test]
async fn a_signed_answer_is_verified_and_an_unsigned_one_refused() {
    let issuer = Issuer::es256();
    let keys = || Jwt::with_key(issuer.key()).audience("shop-api");
    let world = World::with(|endpoint| fitting(endpoint).signed_answers(keys()));
    let now = world.clock.now().unix_seconds();
    let claims = move |answer: &Value| {
        json!({"iss": ISSUER, "aud": "shop-api", "iat": now, "token_introspection": answer})
    };
    let sign = |issuer: &Issuer, typ: &'static str, change: fn(&mut Value)| {
        let issuer = issuer.clone();
        move |answer: &Value| {
            let mut claims = claims(answer);
            change(&mut claims);
            issuer.token("x").header("typ", typ).raw_payload(claims.to_string()).sign()
        }
    };
    const TYPE: &str = "token-introspection+jwt";
    world.know("unsigned");
    world.is_unavailable("unsigned", "unsigned").await;

    let mut number = 0;
    let mut token = || {
        number += 1;
        let token = format!("token-{number}");
        world.know(&token);
        token
    };
    type Change = fn(&mut Value);
    let faults: [(&str, &str, Change); 10] = [
        ("a plain JWT", "JWT", |_| {}),
        ("an access token", "at+jwt", |_| {}),
        ("another issuer", TYPE, |claims| claims["iss"] = json!("https://elsewhere.test")),
        ("another audience", TYPE, |claims| claims["aud"] = json!("elsewhere")),
        ("no audience", TYPE, |claims| claims["aud"] = Value::Null),
        ("no iat", TYPE, |claims| drop(claims.as_object_mut().unwrap().remove("iat"))),
        ("an old one", TYPE, |claims| claims["iat"] = json!(claims["iat"].as_u64().unwrap() - 301)),
        ("one of tomorrow", TYPE, |claims| claims["iat"] = json!(claims["iat"].as_u64().unwrap() + 999)),
        ("an expired one", TYPE, |claims| claims["exp"] = claims["iat"].clone()),
        ("no answer in it", TYPE, |claims| claims["token_introspection"] = json!([true])),
    ];
    for (fault, typ, change) in faults {
        world.endpoint.sign(sign(&issuer, typ, change));
        world.is_unavailable(&token(), fault).await;
    }
    // The members of the answer where only those of the JWT belong.
    let issuer_of_flat = issuer.clone();
    world.endpoint.sign(move |answer| {
        let mut flat = answer.clone();
        flat["aud"] = json!(["shop-api", "test"]);
        let token = issuer_of_flat.token("x").header("typ", TYPE);
        token.raw_payload(flat.to_string()).sign()
    });
    world.is_unavailable(&token(), "flat").await;
    world.endpoint.sign(sign(&Issuer::eddsa(), TYPE, |_| {}));
    world.is_unavailable(&token(), "another key").await;
    let tampering = sign(&issuer, TYPE, |_| {});
    world.endpoint.sign(move |answer| {
        let signed = tampering(answer);
        let (rest, signature) = signed.rsplit_once('.').unwrap();
        let (header, _) = rest.split_once('.').unwrap();
        format!("{header}.e30.{signature}")
    });
    world.is_unavailable(&token(), "tampered").await;

    world.endpoint.sign(sign(&issuer, TYPE, |_| {}));
    assert_eq!(world.answer(&token()).await.body, "ada");
    world.is_refused("unknown", "signed, and not active").await;
    let question = world.endpoint.last().unwrap();
    assert_eq!(question.accept.as_deref(), Some("application/token-introspection+jwt"));
}

#[actix_web::test]
async fn the_keys_of_signed_answers_are_fetched_and_rotated() {
    let provider = secure_tests::IdentityProvider::start();
    let clock = FakeClock::new();
    let (old, new) = (provider.signing(Issuer::rs256(), "old"), provider.signing(Issuer::es256(), "new"));
    provider.publish(&[&old]);
    let world = World::with(|endpoint| {
        let keys = Jwt::discover(provider.issuer()).audience("shop-api");
        fitting(endpoint).signed_answers(keys)
    });
    let (now, name) = (clock.now().unix_seconds(), provider.issuer());
    let sign = move |issuer: &Issuer| {
        let (issuer, name) = (issuer.clone(), name.clone());
        move |answer: &Value| {
            let claims = json!({"iss": name, "aud": "shop-api", "iat": now, "token_introspection": answer});
            let token = issuer.token("x").header("typ", "token-introspection+jwt");
            token.raw_payload(claims.to_string()).sign()
        }
    };
    world.endpoint.sign(sign(&old));
    world.know("one");
    assert_eq!(world.status("one").await, 200);
    world.endpoint.sign(sign(&new));
    world.clock.advance(Duration::from_secs(2));
    world.know("two");
    world.is_unavailable("two", "its key is not published").await;
    provider.publish(&[&new]);
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(world.status("two").await, 200);
}

#[actix_web::test]
async fn a_description_that_cannot_be_right_is_refused_at_launch() {
    let fault = |description: Introspection| {
        let builder = Security::builder().answers_for(module_path!());
        builder.authenticator("opaque", description).build().unwrap_err().to_string()
    };
    let bare = || Introspection::at("https://issuer.example/introspect");
    let good = || bare().client_secret_basic("a", "b").issuer(ISSUER).audience("test");
    let second = Duration::from_secs(1);
    for (description, expected) in [
        (bare().issuer(ISSUER).audience("test"), "no client"),
        (good().client_secret_post("a", "b"), "several clients"),
        (bare().client_secret_basic("", "b").issuer(ISSUER).audience("t"), "identifier is empty"),
        (bare().client_secret_basic("a", "\n").issuer(ISSUER).audience("t"), "secret is empty, or"),
        (bare().client_secret_basic("a", "b").audience("test"), "no issuer"),
        (bare().client_secret_basic("a", "b").issuer(ISSUER), "no audience"),
        (good().dangerously_accept_any_audience(), "which one?"),
        (good().accept_positive_for(3601 * second), "expected at most 3600s"),
        (good().accept_negative_for(301 * second), "expected at most 300s"),
        (good().timeout(Duration::ZERO), "expected 100ms to 30s"),
        (good().at_once(0), "expected 1 to 256"),
        (good().leeway(301 * second), "the leeway is 301 seconds"),
        (good().max_token_bytes(1), "the longest token has 1 bytes"),
        (good().roles_claim("sub"), "has another meaning"),
        (good().signed_answers(Jwt::hs256("x").audience("a")), "signed answers: key 1"),
        (good().signed_answers(Issuer::es256().jwt().audience("")), "signed answers: an audience"),
    ] {
        let found = fault(description);
        assert!(found.contains(expected), "{expected} in: {found}");
        assert!(found.contains("has 1 fault"), "{found}");
    }
    let at = |address: &str| Introspection::at(address).issuer(ISSUER).audience("test");
    for address in ["http://issuer.example/introspect", "issuer.example", "https://a:b@c.example"] {
        let found = fault(at(address).client_secret_basic("a", "b"));
        assert!(found.contains("has 1 fault"), "{found}");
    }
    let all = fault(at("ftp://x").timeout(Duration::ZERO).leeway(301 * second));
    assert!(all.contains("has 4 faults"), "{all}");
}
