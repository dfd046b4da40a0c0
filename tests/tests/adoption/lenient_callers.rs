//! `auth = lenient(…)`: requests with invalid credentials are treated as anonymous.

use actix_web::get;
use secure_runtime::authentication::{Attempt, Authenticator, Challenge, Presented, Refusal};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{FailedAuthentication, Moment, Principal, RequestHead, Security, secure};
use secure_tests::{TestServer, bearer, log};

#[secure(auth = lenient(jwt, device))]
#[get("/feed")]
async fn feed(caller: Option<Principal>) -> String {
    caller.map_or_else(|| String::from("nobody"), |caller| caller.subject().to_owned())
}

#[secure(auth = lenient(jwt), allow = caller.is_none_or(|caller| caller.has_scope("read")))]
#[get("/scoped")]
async fn scoped(caller: Option<Principal>) -> String {
    caller.map_or_else(|| String::from("nobody"), |caller| caller.subject().to_owned())
}

#[secure(auth = lenient(jwt), rate(anonymous = "2/min", authenticated = "100/min"))]
#[get("/limited")]
async fn limited(caller: Option<Principal>) -> String {
    caller.map_or_else(|| String::from("nobody"), |caller| caller.subject().to_owned())
}

#[secure(auth = lenient(device), failures("2/min", on = [401]))]
#[get("/watched")]
async fn watched(caller: Option<Principal>) -> String {
    caller.map_or_else(|| String::from("nobody"), |caller| caller.subject().to_owned())
}

struct Device;

impl Authenticator for Device {
    fn challenge(&self) -> Challenge {
        Challenge::new("Device")
    }

    fn presented(&self, request: &RequestHead<'_>) -> Presented<'_> {
        Presented::by_header(request, "x-device")
    }

    fn authenticate(&self, request: &RequestHead<'_>, _: Moment) -> Attempt {
        match request.header("x-device") {
            None => Attempt::Absent,
            Some(b"d1") => Attempt::Accepted(Principal::builder("d1").build()),
            Some(b"gone") => Attempt::Refused(Refusal::unavailable("the registry is gone")),
            Some(b"locked") => Attempt::Refused(Refusal::forbidden("locked")),
            Some(b"panic") => panic!("on purpose"),
            Some(_) => Attempt::Refused(Refusal::invalid_token("unknown device")),
        }
    }
}

fn server(failed: FailedAuthentication) -> (TestServer, Issuer) {
    let clock = FakeClock::new();
    let issuer = Issuer::hs256().clock(clock.clone());
    let security = Security::builder()
        .answers_for(module_path!())
        .clock(clock)
        .failed_authentication(failed)
        .named_authenticator("jwt", issuer.jwt())
        .named_authenticator("device", Device)
        .build()
        .unwrap();
    let server = TestServer::start(&security, || {
        secure_runtime::scope("").service(feed).service(scoped).service(limited).service(watched)
    });
    (server, issuer)
}

#[actix_web::test]
async fn bad_credentials_are_no_credentials() {
    log::record();
    let (server, issuer) = server(FailedAuthentication::default());
    let ada = bearer(&issuer.token("ada").sign());
    let expired = bearer(&issuer.token("ada").claim("exp", 1).sign());
    assert_eq!(server.get("/feed", &[&ada]).await.body, "ada");
    assert_eq!(server.get("/feed", &["x-device: d1"]).await.body, "d1");
    let two = [ada.as_str(), "x-device: d1"];
    for bad in
        [&[expired.as_str()][..], &["authorization: Bearer nonsense"], &["x-device: d2"], &two]
    {
        assert_eq!(server.get("/feed", bad).await.body, "nobody", "{bad:?}");
    }
    let lines = log::lines();
    let is_told = |line: &&String| line.starts_with("DEBUG") && line.contains("unknown device");
    assert!(lines.iter().any(|line| is_told(&line)), "{lines:?}");
    // One accepted credential is sufficient if another one is refused.
    assert_eq!(server.get("/scoped", &[&expired]).await.body, "nobody");
    let reader = bearer(&issuer.token("ada").scope("read").sign());
    assert_eq!(server.get("/scoped", &[&reader]).await.body, "ada");
    server.get("/scoped", &[&ada]).await.problem(403);
}

#[actix_web::test]
async fn what_cannot_be_judged_and_who_is_locked_out_is_refused() {
    let (server, _) = server(FailedAuthentication::default());
    for fault in ["x-device: gone", "x-device: panic"] {
        server.get("/feed", &[fault]).await.problem(503);
    }
    server.get("/feed", &["x-device: locked"]).await.problem(403);
}

#[actix_web::test]
async fn bad_credentials_are_limited_as_anonymous() {
    let (server, issuer) = server(FailedAuthentication::default());
    for _ in 0..2 {
        assert_eq!(
            server.get("/limited", &["authorization: Bearer nonsense"]).await.body,
            "nobody"
        );
    }
    server.get("/limited", &["authorization: Bearer nonsense"]).await.problem(429);
    server.get("/limited", &[]).await.problem(429);
    assert_eq!(server.get("/limited", &[&bearer(&issuer.token("ada").sign())]).await.body, "ada");
}

#[actix_web::test]
async fn guesses_use_up_budgets_all_the_same() {
    let (server, _) = server(FailedAuthentication::default());
    for guess in ["x-device: a", "x-device: b"] {
        assert_eq!(server.get("/watched", &[guess]).await.body, "nobody");
    }
    server.get("/watched", &["x-device: c"]).await.problem(429);
}
