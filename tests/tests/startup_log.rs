//! What the log says of a configuration that works, and not as one may expect.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use actix_web::get;
use secure_runtime::authentication::Jwt;
use secure_runtime::testing::Issuer;
use secure_runtime::{Security, secure};
use secure_tests::log;

#[secure(failures = "3/min")]
#[get("/guarded")]
async fn guarded() -> &'static str {
    "ok"
}

/// The warnings of a service with this authenticator.
fn warnings(change: impl FnOnce(Jwt) -> Jwt) -> Vec<String> {
    log::record();
    let before = log::lines().len();
    let jwt = change(Issuer::hs256_with([7; 32]).jwt());
    Security::builder().answers_for(module_path!()).authenticator("jwt", jwt).build().unwrap();
    log::lines().split_off(before).into_iter().filter(|line| line.contains("WARN")).collect()
}

/// Both in one test, as the log is one of the process.
#[test]
fn a_budget_beside_a_cache_that_is_turned_off_is_warned_of_once() {
    assert_eq!(warnings(|jwt| jwt), [""; 0]);
    let found = warnings(|jwt| jwt.cache_bytes(0));
    assert_eq!(found.len(), 1, "{found:?}");
    for expected in ["authenticators=\"jwt\"", "startup_log::guarded", "cache_bytes(0)"] {
        assert!(found[0].contains(expected), "{expected} in {found:?}");
    }
}
