//! Fuzzes the answer of an introspection endpoint: an accepted answer declares the token active, for this
//! service, and at this time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secure_runtime::Clock;
use secure_runtime::authentication::Introspection;
use secure_runtime::testing::{FakeClock, introspected};
use serde_json::Value;

fuzz_target!(|answer: &str| {
    let description = Introspection::at("https://issuer.test/introspect")
        .client_secret_basic("shop", "secret")
        .issuer("https://issuer.test")
        .audience("test")
        .client_as_subject()
        .roles_claim("realm_access.roles");
    let now = FakeClock::new().now();
    if let Ok(caller) = introspected(description, answer, now) {
        let members: Value = serde_json::from_str(answer).expect("what is accepted is JSON");
        assert_eq!(members["active"], true);
        let audience = &members["aud"];
        assert!(audience == "test" || audience.as_array().unwrap().contains(&"test".into()));
        // A member with the value `null` counts as absent.
        let given = |name: &str| members.get(name).filter(|value| !value.is_null());
        assert!(given("iss").is_none_or(|issuer| issuer == "https://issuer.test"));
        assert!(given("cnf").is_none());
        let clients = ["client_id", "azp", "cid", "appid"];
        let client = || clients.iter().find_map(|name| given(name));
        let name = given("sub").filter(|sub| *sub != "").or_else(client).unwrap();
        assert_eq!(name, caller.subject());
        if let Some(expires) = given("exp") {
            assert!(expires.as_f64().unwrap() > now.unix_seconds() as f64);
        }
        for begins in ["nbf", "iat"].iter().filter_map(|name| given(name)) {
            assert!(begins.as_f64().unwrap() <= now.unix_seconds() as f64 + 6.0);
        }
        for role in caller.roles() {
            let roles = &members["realm_access"]["roles"];
            assert!(roles == role || roles.as_array().unwrap().contains(&role.into()));
        }
    }
});
