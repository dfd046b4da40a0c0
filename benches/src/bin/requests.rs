//! `requests FIXTURE [--quick]`: nanoseconds per whole request; the applications take turns.

use std::hint::black_box;
use std::time::Instant;

use actix_http::Request;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use benches::Failure;
use benches::drive::{LARGE_NOTE, SMALL_NOTE, body, request, status};
use benches::fixture::{Algorithm, Fixture};
use benches::row::Row;
use benches::timing::{median, nanoseconds};
use benches::variants::{Limits, assembled, bare, handwritten, secured};

#[actix_rt::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: requests FIXTURE [--quick]")?;
    let rounds = if arguments.any(|option| option == "--quick") { 2_000 } else { 20_000 };
    let fixture = Fixture::read(file)?;
    first_seen(&fixture).await?;
    denied(&fixture, rounds).await?;
    seen(&fixture, Algorithm::Rs256, "request/rs256_seen_ns", rounds).await?;
    seen(&fixture, Algorithm::Hs256, "request/hs256_seen_ns", rounds).await
}

/// Compares a request with a new token with the verification of its signature alone.
async fn first_seen(fixture: &Fixture) -> Result<(), Failure> {
    let ours = secured::application(fixture, Algorithm::Rs256, Limits::Roomy).await?;
    let bare = bare::application().await;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &fixture.public_der);
    let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &fixture.public_der)?;
    let body = body(SMALL_NOTE)?;

    let mut times = [const { Vec::new() }; 4];
    let [of_ours, of_bare, of_key, of_parsed] = &mut times;
    for token in &fixture.first_seen {
        let (input, signature) = token.rsplit_once('.').ok_or("not a token")?;
        let (input, signature) = (input.as_bytes(), URL_SAFE_NO_PAD.decode(signature)?);
        of_ours.push(time(&ours, request(Some(token), &body), StatusCode::OK).await?);
        of_bare.push(time(&bare, request(Some(token), &body), StatusCode::OK).await?);
        of_key.push(nanoseconds(|| {
            let _ = black_box(key.verify(input, &signature));
        }));
        of_parsed.push(nanoseconds(|| {
            let _ = black_box(parsed.verify_sig(input, &signature));
        }));
    }
    let [ours, bare, key, parsed] = times.map(|mut times| median(&mut times));
    let ours = ours - bare;
    for (name, peer, peer_name) in [
        ("request/rs256_first", key, "aws-lc, RS256 verification"),
        ("request/rs256_first_parsed_key", parsed, "aws-lc, RS256 verification, key parsed before"),
    ] {
        Row { name, unit: "ns", ours, peer, peer_name }.print()?;
    }
    Ok(())
}

/// Compares a refused request with an accepted one of the unsecured route.
async fn denied(fixture: &Fixture, rounds: usize) -> Result<(), Failure> {
    let ours = secured::application(fixture, Algorithm::Rs256, Limits::Roomy).await?;
    let bare = bare::application().await;
    let viewer = Some(fixture.rs256.viewer.as_str());
    for (name, note, peer_name) in [
        ("request/denied_role_with_body", LARGE_NOTE, "a bare accepted request, same body"),
        ("request/denied_role", SMALL_NOTE, "a bare accepted request, same small body"),
    ] {
        let body = body(note)?;
        let (mut of_ours, mut of_bare) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            of_ours.push(time(&ours, request(viewer, &body), StatusCode::FORBIDDEN).await?);
            of_bare.push(time(&bare, request(viewer, &body), StatusCode::OK).await?);
        }
        let (ours, peer) = (median(&mut of_ours), median(&mut of_bare));
        Row { name, unit: "ns", ours, peer, peer_name }.print()?;
    }
    Ok(())
}

/// The cost of a request with a cached token, minus that of `bare`.
async fn seen(
    fixture: &Fixture,
    algorithm: Algorithm,
    name: &str,
    rounds: usize,
) -> Result<(), Failure> {
    let bare = bare::application().await;
    let ours = secured::application(fixture, algorithm, Limits::Roomy).await?;
    let assembled = assembled::application(fixture, algorithm, Limits::Roomy).await?;
    let handwritten = handwritten::application(fixture, algorithm, Limits::Roomy).await?;
    let token = Some(fixture.tokens(algorithm).admin.as_str());
    let body = body(SMALL_NOTE)?;

    let mut times = [const { Vec::new() }; 4];
    let [of_bare, of_ours, of_assembled, of_handwritten] = &mut times;
    for _ in 0..rounds {
        of_bare.push(time(&bare, request(token, &body), StatusCode::OK).await?);
        of_ours.push(time(&ours, request(token, &body), StatusCode::OK).await?);
        of_assembled.push(time(&assembled, request(token, &body), StatusCode::OK).await?);
        of_handwritten.push(time(&handwritten, request(token, &body), StatusCode::OK).await?);
    }
    let [bare, ours, assembled, handwritten] = times.map(|mut times| median(&mut times));
    let ours = ours - bare;
    let peer_name = "httpauth + jsonwebtoken + grants + governor + validator";
    let unit = "ns above bare";
    Row { name, unit, ours, peer: assembled - bare, peer_name }.print()?;
    let name = &format!("{name}_handwritten");
    let peer_name = "jsonwebtoken + governor + validator, by hand";
    Row { name, unit, ours, peer: handwritten - bare, peer_name }.print()
}

/// Nanoseconds from the request to the response, including the drop of the response.
async fn time<S, B>(service: &S, request: Request, expected: StatusCode) -> Result<f64, Failure>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let start = Instant::now();
    let status = status(service, request).await;
    let time = start.elapsed().as_secs_f64() * 1e9;
    if status == expected {
        Ok(time)
    } else {
        Err(format!("answered {status}, expected {expected}").into())
    }
}
