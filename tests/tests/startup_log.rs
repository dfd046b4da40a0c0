//! The warnings about a configuration that works, but perhaps not as expected.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use actix_web::get;
use secure_runtime::authentication::Jwt;
use secure_runtime::authentication::api_key::{ApiKey, ApiKeys, MemoryKeyStore};
use secure_runtime::testing::Issuer;
use secure_runtime::{Principal, Security, secure};
use secure_tests::log;

#[secure(failures = "3/min")]
#[get("/guarded")]
async fn guarded() -> &'static str {
    "ok"
}

/// A service with this authenticator, and the named ones.
fn with_all(jwt: Jwt) -> Security {
    Security::builder()
        .answers_for(module_path!())
        .authenticator("jwt", jwt)
        .named_authenticator("token", Issuer::hs256_with([8; 32]).jwt())
        .named_authenticator("key", ApiKeys::new(MemoryKeyStore::new()))
        .build()
        .unwrap()
}

/// The warnings of a service with this authenticator.
fn warnings(change: impl FnOnce(Jwt) -> Jwt) -> Vec<String> {
    log::record();
    let before = log::lines().len();
    let jwt = change(Issuer::hs256_with([7; 32]).jwt());
    with_all(jwt);
    let lines = log::lines().split_off(before).into_iter();
    // Only the warnings of this service: other tests use unreachable providers and keys without an issuer.
    let is_of_others =
        |line: &str| line.contains("127.0.0.1:9/") || line.contains("have no issuer");
    lines.filter(|line| line.contains("WARN") && !is_of_others(line)).collect()
}

/// A single test, because all tests of a process share the log.
#[test]
fn a_budget_beside_a_cache_that_is_turned_off_is_warned_of_once() {
    assert_eq!(warnings(|jwt| jwt), [""; 0]);
    let found = warnings(|jwt| jwt.cache_capacity_bytes(0));
    assert_eq!(found.len(), 1, "{found:?}");
    for expected in ["authenticators=\"jwt\"", "startup_log::guarded", "cache_capacity_bytes(0)"] {
        assert!(found[0].contains(expected), "{expected} in {found:?}");
    }
}

#[secure(auth = any(token, key), rate("100/h", by = tenant))]
#[get("/of-tenants")]
async fn of_tenants() -> &'static str {
    "ok"
}

/// A tenant with both kinds of credentials has its limit twice, unless the key records name the tokens' issuer.
#[test]
fn keys_without_an_issuer_beside_tokens_are_warned_of() {
    let counted = |issuer: Option<&str>| {
        log::record();
        let before = log::lines().len();
        let store = MemoryKeyStore::new();
        let owner = Principal::builder("billing").tenant("acme");
        let owner = issuer.into_iter().fold(owner, |owner, issuer| owner.issuer(issuer));
        store.add(ApiKey::generate("shop", owner).unwrap().record()).unwrap();
        let security = Security::builder()
            .answers_for(module_path!())
            .authenticator("jwt", Issuer::hs256_with([9; 32]).jwt())
            .named_authenticator("token", Issuer::hs256_with([8; 32]).jwt())
            .named_authenticator("key", ApiKeys::new(store))
            .build();
        assert!(security.is_ok(), "{security:?}");
        let lines = log::lines().split_off(before).into_iter();
        lines.filter(|line| line.contains("have no issuer")).collect::<Vec<_>>()
    };
    let found = counted(None);
    assert_eq!(found.len(), 1, "{found:?}");
    for expected in ["WARN", "authenticators=\"key\"", "startup_log::of_tenants"] {
        assert!(found[0].contains(expected), "{expected} in {found:?}");
    }
    assert!(!found[0].contains("guarded"), "{found:?}");
    assert_eq!(counted(Some("https://issuer.example")), [""; 0]);
}

/// The assumptions of a preset are logged; for an issuer without a preset, the log suggests its preset.
#[test]
fn what_is_assumed_of_a_provider_is_told() {
    log::record();
    let of = |issuer: &str| {
        let lines = log::lines().into_iter().filter(|line| line.contains(issuer));
        lines.filter(|line| line.starts_with("INFO ")).collect::<Vec<_>>()
    };
    let build = with_all;
    // Nothing answers at this port.
    let nowhere = "http://127.0.0.1:9/realms/told";
    drop(build(Jwt::keycloak("http://127.0.0.1:9", "told").audience("shop")));
    let found = of(nowhere);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("is Keycloak: roles of the realm in `realm_access.roles`"),
        "{found:?}"
    );

    let nowhere = "http://127.0.0.1:9/realms/discovered";
    drop(build(Jwt::discover(nowhere).audience("shop")));
    let found = of(nowhere);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0]
            .contains("looks like Keycloak: consider `Jwt::keycloak(url, realm)`, which assumes: ")
    );

    let nowhere = "http://127.0.0.1:9/unheard-of";
    drop(build(Jwt::discover(nowhere).audience("shop")));
    assert_eq!(of(nowhere), [""; 0]);
}
