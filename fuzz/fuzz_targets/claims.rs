//! Fuzzes the claims of signed tokens: accepted claims contain what the profile requires and are of no other
//! kind, and the explanation agrees with the verifier.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use secure_runtime::Clock;
use secure_runtime::authentication::{Attempt, Authenticator, IntoAuthenticator, Jwt};
use secure_runtime::testing::{FakeClock, Issuer, authenticate};
use serde_json::Value;

struct Bench {
    clock: FakeClock,
    issuer: Issuer,
    jwt: Jwt,
    authenticator: Arc<dyn Authenticator>,
}

static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let clock = FakeClock::new();
    let issuer = Issuer::hs256().clock(clock.clone());
    let jwt = issuer.jwt().dangerously_accept_test_keys().cache_capacity_bytes(0).tenant_claim("tid");
    let jwt = jwt.roles_claim("realm_access.roles");
    Bench { clock, authenticator: jwt.clone().into_authenticator().unwrap(), issuer, jwt }
});

fuzz_target!(|claims: &[u8]| {
    let bench = &*BENCH;
    let token = bench.issuer.token("alice").header("typ", "JWT").raw_payload(claims).sign();
    let (line, now) = (format!("Bearer {token}"), bench.clock.now());
    let attempt = authenticate(&*bench.authenticator, &[("authorization", &line)], now);
    let explanation = bench.jwt.explain_token_at(&token, now).unwrap();
    let is_accepted = matches!(attempt, Attempt::Accepted(_));
    assert_eq!(explanation.is_accepted(), is_accepted, "{explanation}");
    assert!(explanation.to_string().len() < 16 * 1024);
    if let Attempt::Accepted(caller) = attempt {
        let claims: Value = serde_json::from_slice(claims).unwrap();
        let audience = &claims["aud"];
        assert_eq!(claims["iss"], "https://issuer.test");
        assert!(audience == "test" || audience.as_array().unwrap().contains(&"test".into()));
        assert_eq!(claims["sub"], caller.subject());
        for absent in ["cnf", "events", "at_hash", "c_hash", "s_hash"] {
            let says_access = ["token_use", "typ"].iter().any(|name| claims[name].is_string());
            assert!(claims[absent].is_null() || (says_access && absent.ends_with("hash")));
        }
        for name in ["token_use", "typ"] {
            let kind = claims[name].as_str().unwrap_or("access").to_lowercase();
            let kinds = ["access", "access_token", "bearer", "at+jwt", "dpop", "jwt"];
            assert!(kinds.contains(&&*kind), "{kind}");
        }
        assert!(claims["exp"].as_f64().unwrap() > now.unix_seconds() as f64);
        let issued = claims["iat"].as_f64().unwrap_or_default();
        assert!(issued <= now.unix_seconds() as f64 + 6.0);
        for role in caller.roles() {
            let roles = &claims["realm_access"]["roles"];
            assert!(roles == role || roles.as_array().unwrap().contains(&role.into()));
        }
    }
});
