//! `memory FIXTURE`: counts the allocations of a request, and the memory that a key of a limiter takes.

use actix_http::Request;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use benches::allocator::{Counting, allocations, live_bytes};
use benches::api_key;
use benches::contestants::{Contestant, MutexMap, Papaya};
use benches::drive::{SMALL_NOTE, body, drive, request};
use benches::fixture::{Algorithm, Fixture};
use benches::row::Row;
use benches::variants::{Limits, assembled, bare, handwritten, secured};
use benches::{Failure, sized};
use governor::DefaultKeyedRateLimiter;
use secure_runtime::throttling::{Limiter, Quota};
use secure_runtime::{Moment, Principal, testing};
use std::num::NonZeroU32;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const REQUESTS: usize = 1000;
const KEYS: usize = sized(1_000_000, 10_000);
/// Any time that is not the start of the clock.
const START: Moment = Moment::new(Duration::from_nanos(1), Duration::ZERO);

#[actix_rt::main]
async fn main() -> Result<(), Failure> {
    let file = std::env::args().nth(1).ok_or("usage: memory FIXTURE")?;
    let fixture = Fixture::read(file)?;
    let (algorithm, limits) = (Algorithm::Rs256, Limits::Roomy);
    let token = &fixture.rs256.admin;

    let bare = per_request(&bare::application().await, token).await?;
    let ours = secured::application(&fixture, algorithm, limits).await?;
    let ours = per_request(&ours, token).await? - bare;
    let in_use = secured::application(&fixture, algorithm, Limits::InUse).await?;
    let in_use = per_request(&in_use, token).await? - bare;
    let assembled = assembled::application(&fixture, algorithm, limits).await?;
    let handwritten = handwritten::application(&fixture, algorithm, limits).await?;
    let assembled = per_request(&assembled, token).await? - bare;
    let handwritten = per_request(&handwritten, token).await? - bare;
    let peer_name = "httpauth + jsonwebtoken + grants + governor + validator";
    let by_hand = "jsonwebtoken + governor + validator, by hand";
    for (name, ours, peer, peer_name) in [
        ("request/rs256_seen_allocations", ours, assembled, peer_name),
        ("request/rs256_seen_in_use_allocations", in_use, assembled, peer_name),
        ("request/rs256_seen_allocations_handwritten", ours, handwritten, by_hand),
    ] {
        Row { name, unit: "allocations above bare", ours, peer, peer_name }.print()?;
    }

    let keys = api_key::Fixture::new()?;
    let (ours, peer) = testing::with_request(&[("x-api-key", &*keys.key)], |request| {
        let count = |accepted: &dyn Fn() -> Option<Principal>| {
            let before = allocations();
            (0..REQUESTS).for_each(|_| drop(accepted()));
            (allocations() - before) as f64 / REQUESTS as f64
        };
        (count(&|| keys.ours(request)), count(&|| keys.by_hand(request)))
    });
    let (name, peer_name) = ("api_key/accepted_allocations", "SHA-256 and a HashMap, by hand");
    Row { name, unit: "allocations", ours, peer, peer_name }.print()?;

    first_seen(&fixture).await?;
    Row {
        name: "limiter/bytes_per_key_1000000",
        unit: "bytes",
        ours: our_bytes(),
        peer: governor_bytes(),
        peer_name: "governor, RateLimiter::keyed",
    }
    .print()?;
    let bytes = [
        ("mutex_map", bytes_of(|| MutexMap::new(NonZeroU32::MIN))),
        ("papaya", bytes_of(|| Papaya::new(NonZeroU32::MIN))),
    ];
    for (peer_name, peer) in bytes {
        let name = &format!("limiter/bytes_per_key_1000000_{peer_name}");
        Row { name, unit: "bytes", ours: our_bytes(), peer, peer_name }.print()?;
    }
    Ok(())
}

/// Allocations of a request with warm caches.
async fn per_request<S, B>(service: &S, token: &str) -> Result<f64, Failure>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let body = body(SMALL_NOTE)?;
    let requests =
        || -> Vec<Request> { (0..REQUESTS).map(|_| request(Some(token), &body)).collect() };
    drive(service, requests().into_iter(), StatusCode::OK).await?;
    let requests = requests();
    let before = allocations();
    drive(service, requests.into_iter(), StatusCode::OK).await?;
    Ok((allocations() - before) as f64 / REQUESTS as f64)
}

/// Allocations of a request with a new token.
async fn first_seen(fixture: &Fixture) -> Result<(), Failure> {
    let (algorithm, limits) = (Algorithm::Rs256, Limits::Roomy);
    let bare = per_first_request(&bare::application().await, fixture).await?;
    let ours = secured::application(fixture, algorithm, limits).await?;
    let ours = per_first_request(&ours, fixture).await? - bare;
    let peer = handwritten::application(fixture, algorithm, limits).await?;
    let peer = per_first_request(&peer, fixture).await? - bare;
    let (name, unit) = ("request/rs256_first_allocations", "allocations above bare");
    let peer_name = "jsonwebtoken + governor + validator, by hand";
    Row { name, unit, ours, peer, peer_name }.print()
}

async fn per_first_request<S, B>(service: &S, fixture: &Fixture) -> Result<f64, Failure>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let body = body(SMALL_NOTE)?;
    let requests: Vec<Request> =
        fixture.first_seen.iter().map(|token| request(Some(token), &body)).collect();
    let (count, before) = (requests.len(), allocations());
    drive(service, requests.into_iter(), StatusCode::OK).await?;
    Ok((allocations() - before) as f64 / count as f64)
}

fn key(number: usize) -> String {
    format!("6f1c1f0a-8d0e-4f3b-{number:012x}")
}

fn our_bytes() -> f64 {
    let quota = Quota::per_second(NonZeroU32::MIN);
    let before = live_bytes();
    let limiter = Limiter::with_capacity_keys(KEYS);
    for number in 0..KEYS {
        // Whether it is admitted does not matter here.
        let _ = limiter.check(limiter.key(1, &key(number)), &quota, NonZeroU32::MIN, START);
    }
    let bytes = live_bytes() - before;
    drop(limiter);
    bytes as f64 / KEYS as f64
}

fn governor_bytes() -> f64 {
    let before = live_bytes();
    let limiter = DefaultKeyedRateLimiter::keyed(governor::Quota::per_hour(NonZeroU32::MIN));
    for number in 0..KEYS {
        let _ = limiter.check_key(&key(number));
    }
    let bytes = live_bytes() - before;
    drop(limiter);
    bytes as f64 / KEYS as f64
}

fn bytes_of<C: Contestant<String>>(make: impl Fn() -> C) -> f64 {
    let before = live_bytes();
    let contestant = make();
    for number in 0..KEYS {
        contestant.admits(&key(number), START);
    }
    let bytes = live_bytes() - before;
    drop(contestant);
    bytes as f64 / KEYS as f64
}
