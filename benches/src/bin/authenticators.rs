//! `authenticators [--quick]`: compares an opaque token in the cache with a JWT in the cache.

use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use benches::Failure;
use benches::row::Row;
use benches::timing::side_by_side;
use secure_runtime::authentication::{
    Attempt, Authenticator, IntoAuthenticator, Introspection, Verdict,
};
use secure_runtime::testing::{Issuer, with_request};
use secure_runtime::{Clock, Moment, SystemClock};

const ITERATIONS: usize = 100_000;

#[actix_rt::main]
async fn main() -> Result<(), Failure> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let rounds = if quick { 5 } else { 21 };
    let now = SystemClock::new().now();

    let issuer = Issuer::rs256();
    let signed = issuer.token("ada").scope("orders:read orders:write").sign();
    let jwt = issuer.jwt().dangerously_accept_test_keys().into_authenticator()?;
    see(&*jwt, &signed, now).await?;

    let answer = r#"{"active":true,"sub":"ada","aud":"test","scope":"orders:read orders:write"}"#;
    let opaque = Introspection::at(endpoint(answer)?)
        .client_secret_basic("shop", "secret")
        .issuer("https://issuer.test")
        .audience("test")
        .into_authenticator()?;
    let token = "2YotnFZFEjr1zCsicMWpAA.tGzv3JOkF0XG5Qx2TlKWIA";
    see(&*opaque, token, now).await?;

    let (ours, peer) =
        side_by_side(rounds, ITERATIONS, &mut || hit(&*opaque, token, now), &mut || {
            hit(&*jwt, &signed, now)
        });
    let name = "authenticator/introspected_seen";
    Row { name, unit: "ns", ours, peer, peer_name: "ours, a JWT seen before" }.print()
}

/// Presents a token once, so that it is in the cache.
async fn see(authenticator: &dyn Authenticator, token: &str, now: Moment) -> Result<(), Failure> {
    let line = format!("Bearer {token}");
    let attempt =
        with_request(&[("authorization", &line)], |head| authenticator.authenticate(head, now));
    let accepted = match attempt {
        Attempt::Accepted(_) => true,
        Attempt::Pending(waiting) => matches!(waiting.await, Verdict::Accepted(_)),
        _ => false,
    };
    if accepted { Ok(()) } else { Err("the token is not accepted".into()) }
}

fn hit(authenticator: &dyn Authenticator, token: &str, now: Moment) {
    let line = format!("Bearer {token}");
    with_request(&[("authorization", &line)], |head| {
        for _ in 0..ITERATIONS {
            let attempt = authenticator.authenticate(black_box(head), now);
            assert!(matches!(black_box(attempt), Attempt::Accepted(_)));
        }
    });
}

/// An endpoint on loopback that always gives the same answer.
fn endpoint(answer: &'static str) -> Result<String, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}/introspect", listener.local_addr()?);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let length = answer.len();
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json";
            let _ = stream.read(&mut [0; 4096]);
            let _ = write!(stream, "{head}\r\ncontent-length: {length}\r\n\r\n{answer}");
        }
    });
    Ok(address)
}
