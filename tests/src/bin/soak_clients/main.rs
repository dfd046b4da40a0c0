//! `soak_clients SECONDS`: runs good clients beside slow, resetting and hostile ones for SECONDS. It checks
//! that the good clients are served as well as alone, that memory stays flat, and that no slot leaks.
//!
//! The service runs in a separate process: this program with the argument `serve`.

mod callers;
mod errors;
mod good;
mod hostile;
mod http1;
mod http2;
mod operator;
mod places;
mod report;
mod request;
mod service;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use operator::Service;

/// A result, and whether it is acceptable.
struct Finding {
    what: String,
    holds: bool,
}

/// A shorter run could not distinguish growing memory from memory that is used for the first time.
const LEAST_SECONDS: u64 = 60;
/// The warm-up: after this time beside hostile clients, all memory that the service keeps has been used once.
const SETTLED: Duration = Duration::from_secs(15);

fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    if argument.as_deref() == Some("serve") {
        service::serve();
        return ExitCode::SUCCESS;
    }
    let seconds = argument.and_then(|seconds| seconds.parse().ok());
    let Some(seconds) = seconds.filter(|seconds| *seconds >= LEAST_SECONDS) else {
        eprintln!("usage: soak_clients SECONDS, at least {LEAST_SECONDS}");
        return ExitCode::FAILURE;
    };
    let findings = soak(Duration::from_secs(seconds));
    println!();
    for finding in &findings {
        println!("{}  {}", if finding.holds { "ok    " } else { "FAILED" }, finding.what);
    }
    ExitCode::from(u8::from(findings.iter().any(|finding| !finding.holds)))
}

fn soak(length: Duration) -> Vec<Finding> {
    const WARM_UP: Duration = Duration::from_secs(3);
    let alone = (length / 10).clamp(Duration::from_secs(15), Duration::from_secs(60));
    let service = Service::start();
    println!(
        "good clients warm up for {WARM_UP:?}, are alone for {alone:?}, then beside hostile ones for {length:?}"
    );
    println!("the paces are moderate: they test held slots, time and memory, not the processor\n");
    good::run(service.http1, service.http2, WARM_UP);
    // By now, the connections of the warm-up are closed.
    std::thread::sleep(Duration::from_secs(1));
    let sockets = service.open_sockets();
    let before = good::run(service.http1, service.http2, alone);
    let (beside, hostile, watched) = std::thread::scope(|scope| {
        let (http1, http2) = (service.http1, service.http2);
        let hostile = scope.spawn(move || hostile::run(http1, http2, length));
        let good = scope.spawn(move || good::run(http1, http2, length));
        let watched = watch(&service, length);
        let end = "a thread that does not panic";
        (good.join().expect(end), hostile.join().expect(end), watched)
    });
    report::print_good(&before, &beside);
    report::print_hostile(&hostile);
    let mut findings = report::good(&before, &beside, (alone, length));
    findings.extend(report::hostile(&hostile));
    findings.push(report::sockets(watched.most_sockets, sockets));
    findings.push(report::memory(&watched.memory));
    // One request above each limit is refused on purpose, and logged.
    let errors = service.errors();
    findings.extend(places::check(&service, sockets));
    findings.push(report::log(service.panics(), errors));
    findings
}

/// Samples of the service's state, four per second.
#[derive(Default)]
struct Watched {
    /// Resident memory after the warm-up.
    memory: Vec<u64>,
    most_sockets: usize,
}

fn watch(service: &Service, length: Duration) -> Watched {
    let start = Instant::now();
    let mut watched = Watched::default();
    while start.elapsed() < length {
        if start.elapsed() >= SETTLED {
            watched.memory.push(service.resident_bytes());
        }
        watched.most_sockets = watched.most_sockets.max(service.open_sockets());
        std::thread::sleep(Duration::from_millis(250));
    }
    watched
}
