//! `drive FIXTURE VARIANT ALGORITHM COUNT`: so many requests through one application, for
//! callgrind. Two counts of one variant differ by the requests only: the start cancels out.

use actix_web::http::StatusCode;
use benches::Failure;
use benches::drive::{SMALL_NOTE, body, drive, request};
use benches::fixture::{Algorithm, Fixture};
use benches::variants::{Limits, assembled, bare, floor, handwritten, secured};

/// What the caches, pools and tables of an application need before they are warm.
const WARM_UP: usize = 20;

#[actix_rt::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [fixture, variant, algorithm, count] = arguments.as_slice() else {
        return Err("usage: drive FIXTURE VARIANT ALGORITHM COUNT".into());
    };
    let fixture = Fixture::read(fixture)?;
    let algorithm: Algorithm = algorithm.parse()?;
    let token = &fixture.tokens(algorithm).admin;
    let body = body(SMALL_NOTE)?;
    let requests = (0..WARM_UP + count.parse::<usize>()?).map(|_| request(Some(token), &body));

    let ok = StatusCode::OK;
    let limits = Limits::Roomy;
    match variant.as_str() {
        "bare" => drive(&bare::application().await, requests, ok).await,
        "handwritten" => {
            drive(&handwritten::application(&fixture, algorithm, limits).await?, requests, ok).await
        }
        "secured" => {
            drive(&secured::application(&fixture, algorithm, limits).await?, requests, ok).await
        }
        "secured_in_use" => {
            let limits = Limits::InUse;
            drive(&secured::application(&fixture, algorithm, limits).await?, requests, ok).await
        }
        "floor" => drive(&floor::application(&fixture, algorithm).await?, requests, ok).await,
        "assembled" => {
            drive(&assembled::application(&fixture, algorithm, limits).await?, requests, ok).await
        }
        _ => Err(format!("unknown variant `{variant}`").into()),
    }
}
