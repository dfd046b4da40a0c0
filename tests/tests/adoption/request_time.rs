//! The extractor for the time of the request.

use std::time::Duration;

use actix_web::{App, get, web};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Clock, Moment, Security, secure};
use secure_tests::{TestServer, bearer};

#[secure]
#[get("/time")]
async fn time(now: Moment) -> String {
    now.unix_seconds().to_string()
}

/// The same in a rule.
#[secure(allow = now.unix_seconds() < 2_000_000_000)]
#[get("/early")]
async fn early(now: Moment) -> String {
    now.unix_seconds().to_string()
}

#[secure(public)]
#[get("/public")]
async fn public_time(now: Moment) -> String {
    now.unix_seconds().to_string()
}

fn security() -> (Security, Issuer, FakeClock) {
    let (builder, issuer, clock) = crate::security(module_path!());
    (builder.build().unwrap(), issuer, clock)
}

#[actix_web::test]
async fn a_handler_has_the_time_of_the_pipeline() {
    let (security, issuer, clock) = security();
    let server = TestServer::start(&security, || {
        secure_runtime::scope("").service(time).service(early).service(public_time)
    });
    for _ in 0..2 {
        let now = clock.now().unix_seconds().to_string();
        let ada = bearer(&issuer.token("ada").sign());
        assert_eq!(server.get("/time", &[&ada]).await.body, now);
        assert_eq!(server.get("/early", &[&ada]).await.body, now);
        assert_eq!(server.get("/public", &[]).await.body, now);
        clock.advance(Duration::from_secs(100));
    }
    clock.advance(Duration::from_secs(2_000_000_000));
    let ada = bearer(&issuer.token("ada").sign());
    server.get("/early", &[&ada]).await.problem(403);
}

#[actix_web::test]
async fn without_a_security_there_is_no_time() {
    let unsecured = || {
        let handler = async |now: Moment| now.unix_seconds().to_string();
        App::new().route("/time", web::get().to(handler))
    };
    let server = TestServer::run(unsecured);
    assert_eq!(server.get("/time", &[]).await.status, 500);
}
