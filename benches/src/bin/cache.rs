//! `cache [--quick]`: whole requests with a cached token, for several stores of verified tokens; and the cost
//! of revocations and of repeated refusals.
//!
//! Figures are processor time of the serving threads: other programs on the machine do not count, but
//! contention between the threads does. `cache/request_T_N_S` has T live tokens on N threads; it compares
//! the shipped cache with the store S.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use actix_http::Request;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use benches::caches::{Moka, Papaya, PerThread, Quick, Remembering, Slots, Store};
use benches::drive::{SMALL_NOTE, body, drive, request};
use benches::row::Row;
use benches::timing::median;
use benches::variants::{Limits, bare, secured};
use benches::{Failure, sized};
use cpu_time::ThreadTime;
use secure_runtime::Security;
use secure_runtime::authentication::{IntoAuthenticator, Jwt, Revocations};
use secure_runtime::testing::Issuer;

const MANY: usize = sized(100_000, 200);
const CHUNK: usize = sized(1000, 20);
const ABOVE_BARE: &str = "ns above bare";

fn main() -> Result<(), Failure> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let rounds = if quick { 20 } else { 200 };
    let cores = std::thread::available_parallelism()?.get();
    let issuer = Issuer::hs256();
    // As long as a token signed with RSA.
    let padding = "x".repeat(230);
    let token = |number: usize| {
        issuer.token(format!("user {number}")).role("admin").claim("name", padding.clone()).sign()
    };
    let tokens: Vec<String> = (0..MANY).map(token).collect();

    let mut one_on_one = (0.0, 0.0);
    for (count, threads) in [(1, 1), (1, cores), (MANY, 1), (MANY, cores)] {
        let live = tokens.get(..count).unwrap_or_default();
        let stores = ["quick_cache", "moka", "papaya", "arc_swap_slots", "per_thread"];
        let mut securities = vec![security(jwt(&issuer, count))?];
        securities.push(security(remembering(&issuer, Quick::new(count))?)?);
        securities.push(security(remembering(&issuer, Moka::new(count))?)?);
        securities.push(security(remembering(&issuer, Papaya::new(count))?)?);
        securities.push(security(remembering(&issuer, Slots::new(count))?)?);
        securities.push(security(remembering(&issuer, PerThread::new(count))?)?);
        let figures = measure(&securities, live, threads, rounds, StatusCode::OK, &|_| {})?;
        let [bare, whole, peers @ ..] = figures.as_slice() else { return Err("no figure".into()) };
        let ours = whole - bare;
        for (store, &peer) in stores.iter().zip(peers) {
            let name = &format!("cache/request_{count}_{threads}_{store}");
            Row { name, unit: ABOVE_BARE, ours, peer: peer - bare, peer_name: store }.print()?;
        }
        if (count, threads) == (1, 1) {
            one_on_one = (ours, *whole);
        }
        if (count, threads) == (MANY, cores) {
            let (peer, peer_name) = (one_on_one, "one token on one core");
            let (name, unit) = ("cache/live_100000", ABOVE_BARE);
            Row { name, unit, ours, peer: peer.0, peer_name }.print()?;
            let (name, unit) = ("cache/live_100000_whole", "ns a request");
            Row { name, unit, ours: *whole, peer: peer.1, peer_name }.print()?;
        }
    }
    revoked(&issuer, &tokens, rounds)?;
    refused_again(rounds)
}

/// Cache hits with a list of revocations: an empty list, a list of 100,000 entries that does not change, and
/// a list that grows all the time, so that every hit looks its token up.
fn revoked(issuer: &Issuer, tokens: &[String], rounds: usize) -> Result<(), Failure> {
    let lists = [(); 3].map(|()| Revocations::in_memory());
    let [_, quiet, changing] = &lists;
    for number in 0..MANY {
        for list in [quiet, changing] {
            drop(list.revoke_token("https://issuer.test", &format!("revoked {number}")));
        }
    }
    let mut securities = vec![security(jwt(issuer, MANY))?];
    for list in &lists {
        securities.push(security(jwt(issuer, MANY).revocations(list))?);
    }
    let change = |number: usize| {
        drop(changing.revoke_token("https://issuer.test", &format!("revoked {}", number % MANY)));
    };
    for (count, suffix) in [(1, ""), (MANY, "_live_100000")] {
        // One revocation before each chunk: with many tokens, each hit is the first one after a change.
        let live = tokens.get(..count).unwrap_or_default();
        let figures = above_bare(&securities, live, 1, rounds, change)?;
        let (peer, lists) = figures.split_first().ok_or("no figure")?;
        for (what, &ours) in ["none", "100000", "100000_changing"].iter().zip(lists) {
            let name = &format!("cache/revoked_{what}{suffix}");
            Row { name, unit: ABOVE_BARE, ours, peer: *peer, peer_name: "no list" }.print()?;
        }
    }
    Ok(())
}

/// Compares one forged token that is presented repeatedly with forged tokens that are all different.
fn refused_again(rounds: usize) -> Result<(), Failure> {
    let issuer = Issuer::rs256();
    let same = vec![issuer.token("alice").role("admin").tampered(); 1];
    let forged = |number: usize| issuer.token(format!("user {number}")).role("admin").tampered();
    let different: Vec<String> = (0..CHUNK * 2).map(forged).collect();
    let security = [security(jwt(&issuer, 1000))?];
    let rounds = rounds.min(40);
    let refuse = |tokens: &[String]| {
        measure(&security, tokens, 1, rounds, StatusCode::UNAUTHORIZED, &|_| {})
    };
    // Later refused tokens overwrite the slots of earlier ones, so few of the different ones are found again.
    let (ours, peer) = (refuse(&same)?, refuse(&different)?);
    let (Some(&ours), Some(&peer)) = (ours.get(1), peer.get(1)) else {
        return Err("no figure".into());
    };
    let (name, peer_name) = ("cache/refused_again", "a forged token that was not shown before");
    Row { name, unit: "ns a refused request", ours, peer, peer_name }.print()
}

fn jwt(issuer: &Issuer, tokens: usize) -> Jwt {
    issuer.jwt().dangerously_accept_test_keys().cache_capacity_bytes(tokens.max(1000) * 4096)
}

fn remembering<S: Store>(issuer: &Issuer, store: S) -> Result<Remembering<S>, Failure> {
    let verifier =
        issuer.jwt().dangerously_accept_test_keys().cache_capacity_bytes(0).into_authenticator();
    Ok(Remembering::new(verifier?, store))
}

fn security(authenticator: impl IntoAuthenticator) -> Result<Security, Failure> {
    let builder = Security::builder().limiter_capacity_bytes(64 << 20);
    Ok(builder.authenticator("jwt", authenticator).build()?)
}

/// Nanoseconds per request for each configuration, minus those of an unsecured request.
fn above_bare(
    securities: &[Security],
    tokens: &[String],
    threads: usize,
    rounds: usize,
    before: impl Fn(usize) + Sync,
) -> Result<Vec<f64>, Failure> {
    let figures = measure(securities, tokens, threads, rounds, StatusCode::OK, &before)?;
    let bare = figures.first().copied().unwrap_or_default();
    Ok(figures.iter().skip(1).map(|figure| figure - bare).collect())
}

/// Nanoseconds per request: unsecured, then for each configuration.
fn measure(
    securities: &[Security],
    tokens: &[String],
    threads: usize,
    rounds: usize,
    expected: StatusCode,
    before: &(impl Fn(usize) + Sync),
) -> Result<Vec<f64>, Failure> {
    let barrier = Arc::new(Barrier::new(threads));
    let results = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                let barrier = Arc::clone(&barrier);
                scope.spawn(move || {
                    let work =
                        serve(securities, tokens, (thread, rounds), expected, &barrier, before);
                    actix_rt::System::new().block_on(work).map_err(|failure| failure.to_string())
                })
            })
            .collect();
        workers.into_iter().map(|it| it.join().map_err(|_| "a thread panicked")).collect::<Vec<_>>()
    });
    let mut merged = vec![Vec::new(); securities.len() + 1];
    for result in results {
        for (all, figures) in merged.iter_mut().zip(result??) {
            all.extend(figures);
        }
    }
    Ok(merged.iter_mut().map(|figures| median(figures)).collect())
}

/// The requests of one thread.
async fn serve(
    securities: &[Security],
    tokens: &[String],
    (thread, rounds): (usize, usize),
    expected: StatusCode,
    barrier: &Barrier,
    before: &(impl Fn(usize) + Sync),
) -> Result<Vec<Vec<f64>>, Failure> {
    let body = body(SMALL_NOTE)?;
    let bare = bare::application().await;
    let mut secured = Vec::new();
    for security in securities {
        let service = secured::under(security.clone(), Limits::Roomy).await;
        // Warm-up: every thread has cached every token before the measurement.
        drive(&service, tokens.iter().map(|token| request(Some(token), &body)), expected).await?;
        secured.push(service);
    }
    let mut figures = vec![Vec::new(); securities.len() + 1];
    for round in 0..rounds {
        let first = round * CHUNK + thread * 7919;
        for (index, figures) in figures.iter_mut().enumerate() {
            before(round * securities.len() + index);
            barrier.wait();
            figures.push(match index.checked_sub(1).and_then(|index| secured.get(index)) {
                None => chunk(&bare, tokens, first, &body, StatusCode::OK).await?,
                Some(service) => chunk(service, tokens, first, &body, expected).await?,
            });
        }
    }
    Ok(figures)
}

/// Nanoseconds per request in a chunk of requests, with tokens that are far apart in memory.
async fn chunk<S, B>(
    service: &S,
    tokens: &[String],
    first: usize,
    body: &Bytes,
    expected: StatusCode,
) -> Result<f64, Failure>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    const STEP: usize = 61_953;
    let token = |number: usize| tokens.get((first + number) * STEP % tokens.len());
    let requests: Vec<Request> =
        (0..CHUNK).map(|number| request(token(number).map(String::as_str), body)).collect();
    let start = ThreadTime::now();
    drive(service, requests.into_iter(), expected).await?;
    let time: Duration = start.elapsed();
    Ok(time.as_secs_f64() * 1e9 / CHUNK as f64)
}
