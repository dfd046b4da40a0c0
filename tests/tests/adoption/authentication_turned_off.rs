//! A development mode in which every caller is admitted; it logs a warning.

use std::time::Duration;

use actix_web::get;
use secure_runtime::testing::FakeClock;
use secure_runtime::{Caller, Principal, Security, SecurityBuilder, secure};
use secure_tests::{TestServer, log};

#[secure(roles = "admin")]
#[get("/admin")]
async fn admin(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(roles = "auditor")]
#[get("/audit")]
async fn audit(caller: Principal) -> String {
    caller.subject().to_owned()
}

#[secure(auth = any(session, oidc), rate("2/min", by = tenant))]
#[get("/named")]
async fn named(number: Caller<u32>) -> String {
    number.to_string()
}

#[secure(auth = optional)]
#[get("/maybe")]
async fn maybe(caller: Option<Principal>) -> String {
    caller.map_or_else(|| String::from("nobody"), |caller| caller.subject().to_owned())
}

#[secure(public)]
#[get("/public")]
async fn public() -> &'static str {
    "everybody"
}

fn builder(clock: &FakeClock, reason: &str) -> SecurityBuilder {
    let developer = Principal::builder("developer").role("admin").tenant("here").extension(7_u32);
    Security::builder()
        .answers_for(module_path!())
        .clock(clock.clone())
        .open_because(reason, developer.build())
}

fn serve(security: &Security) -> TestServer {
    TestServer::start(security, || {
        secure_runtime::scope("")
            .service(admin)
            .service(audit)
            .service(named)
            .service(maybe)
            .service(public)
    })
}

#[actix_web::test]
async fn everybody_is_the_configured_caller() {
    let server = serve(&builder(&FakeClock::new(), "no master key").build().unwrap());
    for headers in [&[][..], &["authorization: Bearer nonsense"], &["cookie: id=1"]] {
        assert_eq!(server.get("/admin", headers).await.body, "developer");
        assert_eq!(server.get("/maybe", headers).await.body, "developer");
        // Rules and limits are still enforced.
        server.get("/audit", headers).await.problem(403);
    }
    assert_eq!(server.get("/public", &[]).await.body, "everybody");
    for _ in 0..2 {
        assert_eq!(server.get("/named", &[]).await.body, "7");
    }
    server.get("/named", &[]).await.problem(429);
}

#[actix_web::test]
async fn it_is_loud() {
    log::record();
    let clock = FakeClock::new();
    let reason = "no master key in this very test";
    let security = builder(&clock, reason).build().unwrap();
    let count = || {
        let lines = log::lines().into_iter();
        lines.filter(|line| line.starts_with("WARN") && line.contains(reason)).count()
    };
    assert_eq!(count(), 1, "at startup");
    let inventory = security.inventory();
    let table = inventory.to_string();
    assert!(table.contains("AUTHENTICATION IS OFF") && table.contains(reason), "{table}");
    assert!(inventory.to_json().contains("\"open_to_everybody_as\": \"developer\""));
    let server = serve(&security);
    for minute in 1..=2 {
        for _ in 0..5 {
            server.get("/admin", &[]).await;
            server.get("/public", &[]).await;
        }
        assert_eq!(count(), 1 + minute, "once a minute");
        clock.advance(Duration::from_secs(60));
    }
}

#[actix_web::test]
async fn without_it_the_same_program_needs_authenticators() {
    let builder = Security::builder().answers_for(module_path!());
    let faults = builder.build().unwrap_err().to_string();
    assert!(faults.contains("default authenticator") && faults.contains("`session`"), "{faults}");
    let faults = self::builder(&FakeClock::new(), " ").build().unwrap_err().to_string();
    assert!(faults.contains("expects a reason"), "{faults}");
}
