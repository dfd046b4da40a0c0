//! `cargo xtask fuzz [SECONDS]`: every fuzz target for so long, from its seeds.
//!
//! It is no part of `cargo xtask test`: it needs a nightly compiler, and what it finds is luck. CI
//! runs it briefly. What it found becomes an ordinary test.

use std::path::PathBuf;
use std::process::Command;

use crate::steps::Steps;
use crate::{Failure, root};

/// What cargo-fuzz would pass, without a program to install.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

pub(crate) fn run(options: &[&str]) -> Result<(), Failure> {
    let seconds: u32 = match options {
        [] => 60,
        [seconds] => seconds.parse().map_err(|_| format!("`{seconds}` is no number of seconds"))?,
        _ => return Err("expected one number of seconds".into()),
    };
    let host = host()?;
    let mut steps = Steps::default();
    for target in targets()? {
        let corpus = root().join("target/fuzz/corpus").join(&target);
        std::fs::create_dir_all(&corpus)?;
        steps.command(
            &format!("fuzz {target}, {seconds} s"),
            // `cargo +nightly`, and not the cargo that runs this: that one is no proxy of rustup.
            Command::new("cargo")
                .args(["+nightly", "run", "--release", "--locked", "--target", &host])
                .args(["--manifest-path=fuzz/Cargo.toml", "--target-dir=target/fuzz", "--bin"])
                .args([&target, "--"])
                .arg(corpus)
                .arg(format!("fuzz/seeds/{target}"))
                .arg(format!("-max_total_time={seconds}"))
                .arg("-artifact_prefix=target/fuzz/")
                .env("RUSTFLAGS", FLAGS)
                .env_remove("RUSTUP_TOOLCHAIN")
                .env_remove("CARGO"),
        );
    }
    steps.finish()
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
