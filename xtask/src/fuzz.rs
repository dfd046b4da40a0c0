//! `cargo xtask fuzz [SECONDS]`: every fuzz target for so long, from its seeds.
//!
//! It is no part of `cargo xtask test`: it needs a nightly compiler, and what it finds is luck. CI
//! runs it briefly. What it found becomes an ordinary test.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::steps::{Steps, nightly};
use crate::{Failure, root};

/// What cargo-fuzz would pass, without a program to install.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

/// From so many seconds on, programs are optimized for speed.
const LONG: u32 = 60;

pub(crate) fn run(options: &[&str]) -> Result<(), Failure> {
    let seconds: u32 = match options {
        [] => 60,
        [seconds] => seconds.parse().map_err(|_| format!("`{seconds}` is no number of seconds"))?,
        _ => return Err("expected one number of seconds".into()),
    };
    let host = host()?;
    let mut steps = Steps::default();
    // What finds a fault in seconds finds it without much optimization, which takes longest to build.
    let level = if seconds < LONG { "1" } else { "3" };
    let options = ["build", "--release", "--locked", "--bins", "--target", &host];
    let mut build = nightly(&options);
    build
        .args(["--manifest-path=fuzz/Cargo.toml", "--target-dir=target/fuzz"])
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", level)
        .env("RUSTFLAGS", FLAGS);
    steps.command("build", &mut build);
    if steps.has_failed() {
        return steps.finish();
    }
    let targets = targets()?;
    let programs = root().join("target/fuzz").join(host).join("release");
    let at_once = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let name = format!("{} targets, {seconds} s each, {at_once} at once", targets.len());
    steps.run(&name, || {
        let waiting = Mutex::new(targets.into_iter());
        let next = || waiting.lock().ok()?.next();
        let work = || -> Vec<String> {
            let mut problems = Vec::new();
            while let Some(target) = next() {
                problems.extend(fuzz(&programs, &target, seconds).err());
            }
            problems
        };
        let problems: Vec<String> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
            let ended = workers.into_iter().map(|worker| {
                worker.join().unwrap_or_else(|_| vec!["a thread panicked".to_owned()])
            });
            ended.flatten().collect()
        });
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    });
    steps.finish()
}

/// Runs one target; its output is in a file, and shown if it fails.
fn fuzz(programs: &Path, target: &str, seconds: u32) -> Result<(), String> {
    let text = |error: std::io::Error| format!("{target}: {error}");
    let folder = root().join("target/fuzz");
    let (corpus, logs) = (folder.join("corpus").join(target), folder.join("logs"));
    std::fs::create_dir_all(&corpus).and_then(|()| std::fs::create_dir_all(&logs)).map_err(text)?;
    let log = logs.join(format!("{target}.log"));
    let status = Command::new(programs.join(target))
        .arg(corpus)
        .arg(format!("fuzz/seeds/{target}"))
        .arg(format!("-max_total_time={seconds}"))
        .arg("-artifact_prefix=target/fuzz/")
        .current_dir(root())
        .stderr(File::create(&log).map_err(text)?)
        .status()
        .map_err(text)?;
    let output = std::fs::read_to_string(&log).map_err(text)?;
    if status.success() {
        println!("{target}: {}", output.lines().last().unwrap_or_default());
        Ok(())
    } else {
        println!("{output}");
        Err(format!("{target}: {status}; its output is above, and in {}", log.display()))
    }
}

/// The nightly compiler's own platform; the flags must not reach build scripts, which a named
/// target keeps apart.
fn host() -> Result<String, Failure> {
    let output = Command::new("rustc")
        .args(["+nightly", "-vV"])
        .env_remove("RUSTUP_TOOLCHAIN")
        .output()
        .map_err(|error| format!("rustc cannot be started: {error}"))?;
    if !output.status.success() {
        return Err("fuzzing needs a nightly compiler: rustup toolchain install nightly".into());
    }
    let text = String::from_utf8(output.stdout)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc names no host")?.to_owned())
}

fn targets() -> Result<Vec<String>, Failure> {
    let mut targets = Vec::new();
    for entry in std::fs::read_dir(root().join("fuzz/fuzz_targets"))? {
        let path: PathBuf = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            targets.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    targets.sort();
    Ok(targets)
}
