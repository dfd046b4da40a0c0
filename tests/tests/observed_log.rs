//! What the log says of limits that are not enforced: enough, and not more under an attack.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fmt::{Debug, Write as _};
use std::sync::Mutex;

use actix_web::{HttpResponse, get};
use secure_runtime::testing::{FakeClock, Issuer};
use secure_runtime::{Security, secure};
use secure_tests::{TestServer, bearer};
use tracing::field::{Field, Visit};
use tracing::span;
use tracing::{Event, Metadata, Subscriber};

const SECRET: &str = "caller-of-whom-nothing-is-logged";

static LOGGED: Mutex<String> = Mutex::new(String::new());

struct Recorder;

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("secure_runtime")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Line(&mut LOGGED.lock().unwrap()));
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

fn logged() -> String {
    let logged = LOGGED.lock().unwrap().clone();
    assert!(!logged.contains(SECRET) && !logged.contains("127.0.0.1"), "{logged}");
    logged
}

/// Beyond its limit for as long as it is observed.
#[secure(rate("1/h", mode = observe))]
#[get("/observed")]
async fn observed() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[actix_web::test]
async fn an_attack_on_an_observed_limit_does_not_fill_the_log_and_names_nobody() {
    tracing::subscriber::set_global_default(Recorder).unwrap();
    let clock = FakeClock::new();
    let issuer = Issuer::hs256().clock(clock.clone());
    let builder = Security::builder().clock(clock.clone()).authenticator("jwt", issuer.jwt());
    let security = builder.build().unwrap();
    let server = TestServer::start(&security, || secure_runtime::scope("").service(observed));
    let lines = || logged().matches("would have been refused: the limit is observed").count();
    assert!(logged().contains("limits that are not enforced") && logged().contains("1/h observed"));
    let callers: Vec<String> =
        (0..30).map(|number| bearer(&issuer.token(format!("{SECRET} {number}")).sign())).collect();
    for (asked, expected) in [(1, 0), (2, 1), (3, 1)] {
        assert_eq!(server.get("/observed", &[&callers[0]]).await.status, 200);
        assert_eq!(lines(), expected, "request {asked} of one caller");
    }
    for caller in callers.iter().skip(1) {
        for _ in 0..3 {
            assert_eq!(server.get("/observed", &[caller]).await.status, 200);
        }
    }
    assert_eq!(lines(), 10, "of thirty callers in one minute");
    clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(server.get("/observed", &[&callers[29]]).await.status, 200);
    assert_eq!(lines(), 11, "the next minute has room for a caller of whom nothing was said");
    let total: u64 = security.limits().statistics().limits.iter().map(|it| it.observed).sum();
    assert_eq!(total, 30 * 2 + 1, "everything is counted");
}
