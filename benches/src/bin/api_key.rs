//! `api_key [--quick]`: verifies one of 1000 API keys, without the rest of the request.

use std::hint::black_box;

use benches::Failure;
use benches::api_key::Fixture;
use benches::row::Row;
use benches::timing::side_by_side;
use secure_runtime::testing::with_request;

const ITERATIONS: usize = 20_000;

fn main() -> Result<(), Failure> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let fixture = Fixture::new()?;
    let (ours, peer) = with_request(&[("x-api-key", &*fixture.key)], |request| {
        if fixture.ours(request).is_none() || fixture.by_hand(request).is_none() {
            return Err("one of the two refuses a good key");
        }
        Ok(side_by_side(
            if quick { 9 } else { 51 },
            ITERATIONS,
            &mut || {
                for _ in 0..ITERATIONS {
                    black_box(fixture.ours(black_box(request)));
                }
            },
            &mut || {
                for _ in 0..ITERATIONS {
                    black_box(fixture.by_hand(black_box(request)));
                }
            },
        ))
    })?;
    let peer_name = "SHA-256 and a HashMap, by hand";
    Row { name: "api_key/accepted", unit: "ns", ours, peer, peer_name }.print()
}
