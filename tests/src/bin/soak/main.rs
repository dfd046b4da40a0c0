//! `soak SECONDS`: keeps limits busy for a long time, in memory and shared through a Redis that is restarted
//! repeatedly. The admitted requests must match the quotas, and memory must stay flat.

mod memory;
mod shared;
mod watched;

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A result, and whether it is acceptable.
struct Finding {
    what: String,
    holds: bool,
}

/// The start and the end of the run.
#[derive(Clone, Copy)]
struct Span {
    start: Instant,
    length: Duration,
}

impl Span {
    fn is_over(self) -> bool {
        self.start.elapsed() >= self.length
    }
}

fn main() -> ExitCode {
    let seconds = std::env::args().nth(1).and_then(|seconds| seconds.parse().ok());
    let Some(seconds) = seconds else {
        eprintln!("usage: soak SECONDS");
        return ExitCode::FAILURE;
    };
    let span = Span { start: Instant::now(), length: Duration::from_secs(seconds) };
    let (in_memory, shared, memory) = std::thread::scope(|scope| {
        let in_memory = scope.spawn(|| memory::soak(span));
        let shared = scope.spawn(|| shared::soak(span));
        let memory = resident(span);
        let end = "a thread that does not panic";
        (in_memory.join().expect(end), shared.join().expect(end), memory)
    });
    let findings: Vec<Finding> = in_memory.into_iter().chain(shared).chain(memory).collect();
    for finding in &findings {
        println!("{}  {}", if finding.holds { "ok    " } else { "FAILED" }, finding.what);
    }
    ExitCode::from(u8::from(findings.iter().any(|finding| !finding.holds)))
}

/// The growth of this process's memory, from the end of the warm-up to the end of the run.
fn resident(span: Span) -> Vec<Finding> {
    std::thread::sleep(span.length / 5);
    let before = resident_bytes();
    while !span.is_over() {
        std::thread::sleep(Duration::from_millis(200));
    }
    let grown = resident_bytes().saturating_sub(before);
    let megabytes = |bytes: u64| bytes / 1_000_000;
    vec![Finding {
        what: format!(
            "memory: {} MB after a fifth of the time, {} MB more at the end",
            megabytes(before),
            megabytes(grown)
        ),
        holds: grown < 16_000_000,
    }]
}

/// The second number of proc(5)'s `statm`, in pages of 4 KiB.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux' /proc");
    let pages = statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.expect("a number of pages") * 4096
}
