use secure_runtime::Clock;
use secure_runtime::authentication::{Attempt, IntoAuthenticator};
use secure_runtime::testing::{FakeClock, Issuer, with_request};
fn main() {
    let n: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let clock = FakeClock::new();
    let issuer = Issuer::hs256_with([7; 32]).clock(clock.clone());
    let a = issuer.jwt().cache_bytes(0).into_authenticator().unwrap();
    let token = issuer
        .token("ada")
        .role("admin")
        .scope("a")
        .permission("p")
        .claim("realm_access", serde_json::json!({"roles":["x"]}))
        .sign();
    let line = format!("Bearer {token}");
    with_request(&[("authorization", &line)], |head| {
        for _ in 0..n {
            assert!(matches!(a.authenticate(head, clock.now()), Attempt::Accepted(_)));
        }
    });
}
