//! `cargo xtask test`: every test of the workspace, and one line that says how many passed.
//!
//! A part that cannot run here fails with the reason, but for Valkey, which not every distribution has:
//! that is told. Nothing is skipped silently. The tests' Redis is
//! installed where there is none, started on loopback, and stopped again.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::redis::{self, Redis};
use crate::steps::{Steps, cargo};
use crate::{Failure, root};

pub(crate) fn run() -> Result<(), Failure> {
    let mut steps = Steps::default();
    let mut tally = Tally::default();
    let mut redis = None;
    steps.run("Redis", || {
        redis = Some(Redis::start().map_err(|fault| vec![fault])?);
        Ok(())
    });
    // `--no-fail-fast`: one run shows every failure.
    let mut tests = cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
    if let Some(redis) = &redis {
        tests.env("SECURE_TESTS_REDIS", redis.address());
    }
    steps.run("tests", || tally.run(&mut tests));
    drop(redis);
    match redis::valkey() {
        Ok(valkey) => {
            for test in ["--test=shared_limits", "--test=end_to_end"] {
                let mut shared = shared(valkey, test);
                steps.run("shared limits, with Valkey", || tally.run(&mut shared));
            }
        }
        // Not every distribution has it.
        Err(fault) => println!("shared limits are tested with Redis alone: {fault}"),
    }
    if root().join("tests/loom/Cargo.toml").is_file() {
        steps.run("every interleaving, under loom", || tally.run(&mut loom()));
    }
    let outcome = steps.finish();
    println!("{} passed, {} failed", tally.passed, tally.failed);
    outcome
}

/// The tests of shared limits with servers of this program.
fn shared(server: &str, test: &str) -> Command {
    let mut command = cargo(&["test", "--locked", "--workspace", test]);
    if test == "--test=end_to_end" {
        command.arg("shared_");
    }
    command.env_remove("SECURE_TESTS_REDIS").env("SECURE_TESTS_REDIS_SERVER", server);
    command
}

/// The models of the limiter's table. They are a package of their own, with a target folder of its
/// own: `--cfg loom` reaches every dependency, and actix-web does not build with it.
fn loom() -> Command {
    let mut command = cargo(&["test", "--locked", "--release", "--target-dir=target/loom"]);
    command.arg("--manifest-path=tests/loom/Cargo.toml").env("RUSTFLAGS", "--cfg loom");
    command
}

/// Tests counted over several runs of `cargo test`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
}

impl Tally {
    /// Runs `cargo test` in some form; shows what it prints and counts its results.
    fn run(&mut self, command: &mut Command) -> Result<(), Vec<String>> {
        let failed_before = self.failed;
        let mut child = command
            .current_dir(root())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| vec![format!("cannot be started: {error}")])?;
        for line in child.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines) {
            let line = line.map_err(|error| vec![format!("its output cannot be read: {error}")])?;
            println!("{line}");
            self.count(&line);
        }
        match child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(_) if self.failed > failed_before => {
                Err(vec![format!("{} failed; see above", self.failed - failed_before)])
            }
            Ok(status) => Err(vec![format!("{status}; its output is above")]),
            Err(error) => Err(vec![error.to_string()]),
        }
    }

    /// Reads libtest's `test result: ok. 3 passed; 0 failed; …`.
    fn count(&mut self, line: &str) {
        let Some((_, counts)) =
            line.strip_prefix("test result: ").and_then(|result| result.split_once(". "))
        else {
            return;
        };
        for count in counts.split("; ") {
            match count.split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_counted() {
        let mut tally = Tally::default();
        tally.count("test result: ok. 3 passed; 0 failed; 1 ignored; finished in 0.00s");
        tally.count("test result: FAILED. 4 passed; 2 failed; 0 ignored; finished in 0.00s");
        tally.count("running 3 tests");
        assert_eq!(tally, Tally { passed: 7, failed: 2 });
    }
}
