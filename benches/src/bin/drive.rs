//! `drive FIXTURE VARIANT ALGORITHM COUNT`: sends COUNT requests through one application, for callgrind.
//! The difference between two counts of one variant contains only the requests; the startup cancels out.

use std::pin::Pin;

use actix_web::http::StatusCode;
use benches::Failure;
use benches::drive::{SMALL_NOTE, body, drive, request, request_for_object};
use benches::fixture::{Algorithm, Fixture};
use benches::variants::{Limits, assembled, bare, floor, handwritten, ruled, secured};

/// The number of requests that warm the caches, pools and tables of an application.
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
    let count = WARM_UP + count.parse::<usize>()?;
    let requests = (0..count).map(|_| request(Some(token), &body));
    let for_objects = (0..count).map(|_| request_for_object(token));

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
        "enriched" => drive(&secured::enriched(&fixture, algorithm).await?, requests, ok).await,
        "ruled" | "ruled_by_hand" | "ruled_bare" => {
            let kind = match variant.as_str() {
                "ruled" => ruled::Kind::Secured,
                "ruled_by_hand" => ruled::Kind::ByHand,
                _ => ruled::Kind::Bare,
            };
            let application = ruled::application(&fixture, kind).await?;
            // A separate function, so that callgrind lists its instructions separately.
            let driven: Pin<Box<dyn Future<Output = _>>> =
                Box::pin(drive(&application, for_objects, ok));
            driven.await
        }
        "floor" => drive(&floor::application(&fixture, algorithm).await?, requests, ok).await,
        "assembled" => {
            drive(&assembled::application(&fixture, algorithm, limits).await?, requests, ok).await
        }
        _ => Err(format!("unknown variant `{variant}`").into()),
    }
}
