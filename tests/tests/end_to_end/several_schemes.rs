//! Endpoints that accept several schemes: the error, the challenges, and the limit of one credential.

use actix_web::{HttpResponse, get, web};
use secure_runtime::authentication::{
    Attempt, Authenticator, Challenge, Presented, Refusal, Verdict,
};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Moment, Principal, RequestHead, secure};
use secure_tests::{Answer, TestServer, bearer};

use crate::Runs;

#[secure(auth = any(jwt, partner, device, badge))]
#[get("/any")]
async fn any(caller: Principal, runs: web::Data<Runs>) -> String {
    runs.count();
    caller.subject().to_owned()
}

#[secure(auth = any(jwt, partner, device, badge), scopes = "write")]
#[get("/write")]
async fn write(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

#[secure(auth = all(jwt, device))]
#[get("/all")]
async fn all(caller: Principal, runs: web::Data<Runs>) -> String {
    runs.count();
    caller.subject().to_owned()
}

#[secure(auth = any(moody, jwt))]
#[get("/moody")]
async fn moody(runs: web::Data<Runs>) -> HttpResponse {
    runs.count();
    HttpResponse::Ok().finish()
}

/// A scheme with a name in a header: it is accepted if it starts with an `a`; `away` takes a while.
struct Named(&'static str, &'static str);

impl Authenticator for Named {
    fn challenge(&self) -> Challenge {
        Challenge::new(self.0)
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        Presented::by_header(request, self.1)
    }

    fn authenticate(&self, request: &RequestHead<'_>, _: Moment) -> Attempt {
        match request.header(self.1) {
            None => Attempt::Absent,
            Some(b"away") => Attempt::Pending(Box::pin(async {
                Verdict::Refused(Refusal::unavailable("the registry is gone"))
            })),
            Some([b'a', ..]) => Attempt::Accepted(Principal::builder("a device").build()),
            Some(_) => Attempt::Refused(Refusal::invalid_token("unknown")),
        }
    }
}

/// An authenticator that cannot determine whether there are credentials.
struct Moody;

impl Authenticator for Moody {
    fn challenge(&self) -> Challenge {
        Challenge::new("Moody")
    }

    fn presented(&self, _: &RequestHead<'_>) -> Presented<'_> {
        panic!("on purpose")
    }

    fn authenticate(&self, _: &RequestHead<'_>, _: Moment) -> Attempt {
        Attempt::Absent
    }
}

struct World {
    server: TestServer,
    issuer: Issuer,
    partner: Issuer,
    runs: Runs,
}

impl World {
    fn new() -> Self {
        let (builder, issuer, clock): (_, _, FakeClock) = crate::security(module_path!());
        let partner = Issuer::es256().named("https://partner.test").clock(clock);
        let security = builder
            .named_authenticator("partner", partner.jwt().realm("partners"))
            .named_authenticator("device", Named("Device", "x-device"))
            .named_authenticator("badge", Named("Badge", "x-badge"))
            .named_authenticator("moody", Moody)
            .build()
            .unwrap();
        let runs = Runs::default();
        let data = web::Data::new(runs.clone());
        let server = TestServer::start(&security, move || {
            let scope = secure_runtime::scope("").app_data(data.clone());
            scope.service(any).service(write).service(all).service(moody)
        });
        Self { server, issuer, partner, runs }
    }

    /// Sends the request; asserts that the handler ran exactly if the response is 200.
    async fn get(&self, path: &str, headers: &[&str]) -> Answer {
        let before = self.runs.so_far();
        let answer = self.server.get(path, headers).await;
        assert_eq!(self.runs.so_far() - before, usize::from(answer.status == 200), "{answer:?}");
        answer
    }
}

fn challenges(answer: &Answer) -> Vec<&str> {
    let lines = answer.headers.iter().filter(|(name, _)| name == "www-authenticate");
    lines.map(|(_, value)| value.as_str()).collect()
}

#[actix_web::test]
async fn without_credentials_each_scheme_is_named_once_and_none_has_an_error() {
    let world = World::new();
    let answer = world.get("/any", &[]).await;
    answer.problem(401);
    assert_eq!(challenges(&answer), [r#"Bearer realm="api""#, "Device", "Badge"]);
}

#[actix_web::test]
async fn the_error_is_that_of_the_scheme_whose_credentials_were_sent() {
    let world = World::new();
    assert_eq!(world.get("/any", &["x-device: a1"]).await.status, 200);
    let answer = world.get("/any", &["x-device: b1"]).await;
    answer.problem(401);
    assert_eq!(challenges(&answer), [r#"Bearer realm="api""#, "Device", "Badge"]);

    let bad = bearer(&world.issuer.token("ada").tampered());
    let answer = world.get("/any", &[&bad]).await;
    answer.problem(401);
    let expected = [r#"Bearer realm="api", error="invalid_token""#, "Device", "Badge"];
    assert_eq!(challenges(&answer), expected);

    // The refusal of the second issuer is of the same scheme.
    let expired = bearer(&world.partner.token("ada").claim("exp", 1).sign());
    let answer = world.get("/any", &[&expired]).await;
    answer.problem(401);
    assert_eq!(challenges(&answer), expected);

    let answer = world.get("/any", &["authorization: Bearer a b"]).await;
    answer.problem(400);
    assert_eq!(challenges(&answer)[0], r#"Bearer realm="api", error="invalid_request""#);

    let answer = world.get("/any", &["x-badge: away"]).await;
    answer.problem(503);
    assert!(challenges(&answer).is_empty());
}

#[actix_web::test]
async fn one_credential_that_several_schemes_may_understand_is_one() {
    let world = World::new();
    let own = bearer(&world.issuer.token("ada").sign());
    let partner = bearer(&world.partner.token("grace").sign());
    assert_eq!(world.get("/any", &[&own]).await.body, "ada");
    assert_eq!(world.get("/any", &[&partner]).await.body, "grace");
}

#[actix_web::test]
async fn two_credentials_at_once_are_refused_whether_they_are_good_or_not() {
    let world = World::new();
    let good = bearer(&world.issuer.token("ada").sign());
    let bad = bearer(&world.issuer.token("ada").tampered());
    for headers in [
        [good.as_str(), "x-device: a1"],
        [&good, "x-device: b1"],
        [&bad, "x-device: a1"],
        [&bad, "x-badge: b1"],
        ["x-badge: away", "x-device: a1"],
        ["x-badge: a1", "x-device: a1"],
        ["authorization: Bearer a b", "x-device: a1"],
        ["authorization: Bearer", "x-device: a1"],
    ] {
        let answer = world.get("/any", &headers).await;
        answer.problem(400);
        let expected = [r#"Bearer realm="api", error="invalid_request""#, "Device", "Badge"];
        assert_eq!(challenges(&answer), expected, "{headers:?}");
    }
    // Credentials of a scheme that the endpoint does not use are ignored.
    let other = ["authorization: Basic YWRhOng=", "x-device: a1"];
    assert_eq!(world.get("/any", &other).await.status, 200);
    // If all schemes are required, all credentials are sent.
    assert_eq!(world.get("/all", &[&good, "x-device: a1"]).await.body, "ada");
    assert_eq!(world.get("/all", &[&good, "x-device: b1"]).await.status, 401);
}

#[actix_web::test]
async fn a_token_in_the_query_beside_that_of_the_header_is_refused() {
    let world = World::new();
    let good = bearer(&world.issuer.token("ada").sign());
    for path in ["/any?access_token=x", "/any?a=b&access_token=", "/any?access_token"] {
        let answer = world.get(path, &[&good]).await;
        answer.problem(400);
        let challenge = challenges(&answer)[0].to_owned();
        assert!(challenge.contains(r#"error="invalid_request""#), "{path}: {challenge}");
    }
    for path in ["/any?access_tokens=x", "/any?my_access_token=x", "/any?a=access_token", "/any?"] {
        assert_eq!(world.get(path, &[&good]).await.status, 200, "{path}");
    }
    // A key that is only in the query is ignored.
    let token = world.issuer.token("ada").sign();
    let answer = world.get(&format!("/any?access_token={token}"), &[]).await;
    answer.problem(401);
    assert_eq!(challenges(&answer)[0], r#"Bearer realm="api""#);
}

#[actix_web::test]
async fn missing_scope_is_told_to_callers_of_a_scheme_that_has_words_for_it() {
    let world = World::new();
    let writer = bearer(&world.issuer.token("ada").scope("write").sign());
    assert_eq!(world.get("/write", &[&writer]).await.status, 200);
    let reader = bearer(&world.partner.token("ada").sign());
    let answer = world.get("/write", &[&reader]).await;
    answer.problem(403);
    let expected = [r#"Bearer realm="api", error="insufficient_scope", scope="write""#];
    assert_eq!(challenges(&answer), expected);
    let answer = world.get("/write", &["x-device: a1"]).await;
    answer.problem(403);
    assert!(challenges(&answer).is_empty());
}

#[actix_web::test]
async fn of_all_schemes_the_refused_one_is_named() {
    let world = World::new();
    let bad = bearer(&world.issuer.token("ada").tampered());
    let answer = world.get("/all", &[&bad, "x-device: a1"]).await;
    answer.problem(401);
    assert_eq!(challenges(&answer), [r#"Bearer realm="api", error="invalid_token""#, "Device"]);
    let good = bearer(&world.issuer.token("ada").sign());
    let answer = world.get("/all", &[&good, "x-device: b1"]).await;
    answer.problem(401);
    assert_eq!(challenges(&answer), [r#"Bearer realm="api""#, "Device"]);
}

#[actix_web::test]
async fn a_scheme_that_cannot_say_whether_it_is_meant_refuses() {
    let world = World::new();
    let good = bearer(&world.issuer.token("ada").sign());
    world.get("/moody", &[&good]).await.problem(503);
}
