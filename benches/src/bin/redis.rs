//! `redis [--quick]`: decisions per second about shared limits, and their latency.
//!
//! On one server it compares our script; leases of 100; `INCR` and `EXPIRE` in one round trip, as a fixed
//! window needs; and a bare `PING`, the cost of a round trip. Each variant has one multiplexed connection,
//! driven by a thread of its own; two worker threads send the requests, as in a server.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use benches::Failure;
use benches::redis_server::RedisServer;
use benches::row::Row;
use benches::timing::median;
use redis::aio::MultiplexedConnection;
use secure_runtime::throttling::{Ask, Quota, SharedLimit, SharedLimits};

const WORKERS: usize = 2;
const CONCURRENCY: [usize; 3] = [1, 64, 512];
const COUNTER: &str = "INCR and EXPIRE, one trip";
const PING: &str = "PING";
const SCRIPT: &str = "our script, without leases";

/// The compared variants.
#[derive(Clone)]
enum Way {
    Ping(MultiplexedConnection),
    Counter(MultiplexedConnection),
    Shared(Arc<Limited>),
}

struct Limited {
    shared: SharedLimits,
    limit: SharedLimit,
    /// The number of callers, which take turns.
    callers: Vec<Vec<u8>>,
}

/// The results of one variant in one round, or the medians of all rounds.
#[derive(Clone, Default)]
struct Figures {
    a_second: f64,
    p50_us: f64,
    p99_us: f64,
}

fn main() -> Result<(), Failure> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (rounds, span) = if quick { (3, 200) } else { (9, 700) };
    let span = Duration::from_millis(span);
    let server = RedisServer::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = redis::Client::open(server.url.as_str())?;
    let connect = || runtime.block_on(client.get_multiplexed_async_connection());
    let (ping, counter) = (connect()?, connect()?);
    // The thread of the other variants' connections; ours has its own.
    std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
    let script = limited(&server, 1, 1)?;
    let leased = limited(&server, 100, 1)?;
    let leased_by_many = limited(&server, 100, 1_000)?;
    for concurrency in CONCURRENCY {
        let ways = [
            Way::Ping(ping.clone()),
            Way::Counter(counter.clone()),
            Way::Shared(Arc::clone(&script)),
            Way::Shared(Arc::clone(&leased)),
            Way::Shared(Arc::clone(&leased_by_many)),
        ];
        let [ping, counter, script, leased, leased_by_many] =
            interleaved(&ways, concurrency, rounds, span)?;
        print("script", concurrency, "", &script, &counter, COUNTER)?;
        print("floor", concurrency, "", &script, &ping, PING)?;
        print("leased", concurrency, "", &leased, &script, SCRIPT)?;
        print("leased", concurrency, "_1000_callers", &leased_by_many, &script, SCRIPT)?;
    }
    check(&script, &leased)
}

/// Checks that the right thing was measured: one round trip per decision without leases, and no decision refused
/// or failed.
fn check(script: &Limited, leased: &Limited) -> Result<(), Failure> {
    let (script, leased) = (script.shared.statistics(), leased.shared.statistics());
    eprintln!("script: {script:?}\nleased: {leased:?}");
    if script.trips > script.decided + CONCURRENCY.iter().sum::<usize>() as u64 {
        return Err("more than one trip a decision".into());
    }
    if script.fallback + script.failed + leased.fallback + leased.failed > 0 {
        return Err("Redis did not decide everything".into());
    }
    Ok(())
}

fn limited(server: &RedisServer, leases: u32, callers: usize) -> Result<Arc<Limited>, Failure> {
    let shared = SharedLimits::redis(&server.url)
        .prefix(format!("bench:{leases}:{callers}:"))
        .deadline(Duration::from_secs(10))
        .leases(leases)
        .build()?;
    // So many that nothing is refused.
    let quota = Quota::per_second(NonZeroU32::MAX);
    let limit = shared.limit("bench", quota);
    let callers = (0..callers).map(|n| format!("caller {n}").into_bytes()).collect();
    Ok(Arc::new(Limited { shared, limit, callers }))
}

fn interleaved<const N: usize>(
    ways: &[Way; N],
    concurrency: usize,
    rounds: usize,
    span: Duration,
) -> Result<[Figures; N], Failure> {
    let mut found: [Vec<Figures>; N] = std::array::from_fn(|_| Vec::new());
    for round in 0..=rounds {
        for (way, found) in ways.iter().zip(&mut found) {
            let figures = measure(way, concurrency, span)?;
            // The first round is the warm-up.
            if round > 0 {
                found.push(figures);
            }
        }
    }
    Ok(found.map(|rounds| {
        let middle = |figure: fn(&Figures) -> f64| {
            median(&mut rounds.iter().map(figure).collect::<Vec<f64>>())
        };
        Figures {
            a_second: middle(|figures| figures.a_second),
            p50_us: middle(|figures| figures.p50_us),
            p99_us: middle(|figures| figures.p99_us),
        }
    }))
}

fn measure(way: &Way, concurrency: usize, span: Duration) -> Result<Figures, Failure> {
    let is_over = Arc::new(AtomicBool::new(false));
    let workers = WORKERS.min(concurrency);
    let start = Instant::now();
    let threads: Vec<_> = (0..workers)
        .map(|worker| {
            let (way, is_over) = (way.clone(), Arc::clone(&is_over));
            std::thread::spawn(move || work(&way, worker, concurrency / workers, &is_over))
        })
        .collect();
    std::thread::sleep(span);
    is_over.store(true, Ordering::Relaxed);
    let (mut done, mut times) = (0, Vec::new());
    for thread in threads {
        let (count, taken) = thread.join().map_err(|_| "a worker panicked")??;
        done += count;
        times.extend(taken);
    }
    let elapsed = start.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |percent: usize| {
        let index = times.len() * percent / 100;
        times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    };
    Ok(Figures { a_second: done as f64 / elapsed, p50_us: at(50), p99_us: at(99) })
}

/// Runs this many tasks on one thread; returns the number of decisions, and the durations of some of them.
fn work(
    way: &Way,
    worker: usize,
    tasks: usize,
    is_over: &Arc<AtomicBool>,
) -> Result<(u64, Vec<Duration>), String> {
    actix_rt::System::new().block_on(async {
        let tasks: Vec<_> = (0..tasks)
            .map(|task| {
                let (mut way, is_over) = (way.clone(), Arc::clone(is_over));
                let first = worker * 7_919 + task * 31;
                actix_rt::spawn(async move {
                    let (mut done, mut times) = (0_u64, Vec::new());
                    while !is_over.load(Ordering::Relaxed) {
                        let start = done.is_multiple_of(SAMPLE).then(Instant::now);
                        way.decide(first + done as usize).await?;
                        times.extend(start.map(|start| start.elapsed()));
                        done += 1;
                        // Yield, so that the next decision is a new request behind those that wait.
                        tokio::task::yield_now().await;
                    }
                    Ok::<_, String>((done, times))
                })
            })
            .collect();
        let (mut done, mut times) = (0, Vec::new());
        for task in tasks {
            let (count, taken) = task.await.map_err(|error| error.to_string())??;
            done += count;
            times.extend(taken);
        }
        Ok((done, times))
    })
}

impl Way {
    async fn decide(&mut self, number: usize) -> Result<(), String> {
        match self {
            Self::Ping(connection) => {
                let pong: String =
                    redis::cmd("PING").query_async(connection).await.map_err(text)?;
                if pong == "PONG" { Ok(()) } else { Err(pong) }
            }
            Self::Counter(connection) => {
                let mut pipeline = redis::pipe();
                pipeline.cmd("INCR").arg("bench:counter");
                pipeline.cmd("EXPIRE").arg("bench:counter").arg(60).ignore();
                let (count,): (u64,) = pipeline.query_async(connection).await.map_err(text)?;
                if count > 0 { Ok(()) } else { Err("no count".to_owned()) }
            }
            Self::Shared(limited) => {
                let callers = &limited.callers;
                let caller = callers.get(number % callers.len()).ok_or("no caller")?;
                let asks = [Ask::take(&limited.limit, caller, NonZeroU32::MIN)];
                let verdict = limited.shared.decide(caller, &asks).await.map_err(text)?;
                if verdict.is_admitted() { Ok(()) } else { Err("refused".to_owned()) }
            }
        }
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn print(
    figure: &str,
    concurrency: usize,
    suffix: &str,
    ours: &Figures,
    peer: &Figures,
    peer_name: &str,
) -> Result<(), Failure> {
    let name = format!("redis/{figure}_{concurrency}{suffix}");
    for (part, unit, ours, peer) in [
        ("", "decisions/s", ours.a_second, peer.a_second),
        ("_p50_us", "us", ours.p50_us, peer.p50_us),
        ("_p99_us", "us", ours.p99_us, peer.p99_us),
    ] {
        Row { name: &format!("{name}{part}"), unit, ours, peer, peer_name }.print()?;
    }
    Ok(())
}

/// One of this many decisions is timed, because reading the clock costs as much as some decisions.
const SAMPLE: u64 = 16;
