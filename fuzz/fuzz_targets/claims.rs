//! Any bytes as claims, signed: what is accepted has the claims that the profile demands.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use secure_runtime::Clock;
use secure_runtime::authentication::{Attempt, Authenticator, IntoAuthenticator};
use secure_runtime::testing::{FakeClock, Issuer, authenticate};
use serde_json::Value;

struct Bench {
    clock: FakeClock,
    issuer: Issuer,
    authenticator: Arc<dyn Authenticator>,
}

static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let clock = FakeClock::new();
    let issuer = Issuer::hs256().clock(clock.clone());
    let jwt = issuer.jwt().accept_test_keys().cache_bytes(0).tenant_claim("tid").roles_claim("realm_access.roles");
    Bench { clock, authenticator: jwt.into_authenticator().unwrap(), issuer }
});

fuzz_target!(|claims: &[u8]| {
    let bench = &*BENCH;
    let line = format!("Bearer {}", bench.issuer.token("alice").raw_payload(claims).sign());
    let now = bench.clock.now();
    let attempt = authenticate(&*bench.authenticator, &[("authorization", &line)], now);
    if let Attempt::Accepted(caller) = attempt {
        let claims: Value = serde_json::from_slice(claims).unwrap();
        let audience = &claims["aud"];
        assert_eq!(claims["iss"], "https://issuer.test");
        assert!(audience == "test" || audience.as_array().unwrap().contains(&"test".into()));
        assert_eq!(claims["sub"], caller.subject());
        assert!(claims.get("cnf").is_none());
        assert!(claims["exp"].as_f64().unwrap() > now.unix_seconds() as f64);
        assert!(claims["iat"].as_f64().unwrap() <= now.unix_seconds() as f64);
        for role in caller.roles() {
            let roles = &claims["realm_access"]["roles"];
            assert!(roles == role || roles.as_array().unwrap().contains(&role.into()));
        }
    }
});
