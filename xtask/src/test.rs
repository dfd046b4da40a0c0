//! `cargo xtask test`: every test of the workspace, and one line that says how many passed.
//!
//! A part that cannot run here fails with the reason, but for Valkey, which not every distribution has:
//! that is told. Nothing is skipped silently. The tests' Redis is
//! installed where there is none, started on loopback, and stopped again.

use std::io::{BufRead, BufReader};
use std::process::Command;

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
    tally.print_slowest();
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
#[derive(Debug, Default, PartialEq)]
struct Tally {
    passed: u64,
    failed: u64,
    /// The test program that runs, as cargo names it.
    running: String,
    /// How many seconds each one took.
    took: Vec<(f64, String)>,
}

impl Tally {
    /// How many test programs are listed as the slowest.
    const SLOWEST: usize = 12;

    /// Runs `cargo test` in some form; shows what it prints and counts its results.
    fn run(&mut self, command: &mut Command) -> Result<(), Vec<String>> {
        let cannot = |error: std::io::Error| vec![format!("cannot be started: {error}")];
        let failed_before = self.failed;
        // One pipe for both: cargo names the program on one, and the program reports on the other.
        let (reader, writer) = std::io::pipe().map_err(cannot)?;
        command.current_dir(root()).stdout(writer.try_clone().map_err(cannot)?).stderr(writer);
        let child = command.spawn();
        // The command holds the pipe open.
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = child.map_err(cannot)?;
        for line in BufReader::new(reader).lines() {
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

    /// Reads cargo's `Running tests/x.rs (…)` and libtest's `test result: ok. 3 passed; 0 failed; …`.
    fn count(&mut self, line: &str) {
        let line = line.trim_start();
        if let Some(name) =
            line.strip_prefix("Running ").or_else(|| line.strip_prefix("Doc-tests "))
        {
            self.running = name.to_owned();
        }
        let Some((_, counts)) =
            line.strip_prefix("test result: ").and_then(|result| result.split_once(". "))
        else {
            return;
        };
        for count in counts.split("; ") {
            match count.split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                Some(("finished", took)) => {
                    let seconds = took.trim_start_matches("in ").trim_end_matches('s');
                    let seconds = seconds.parse().unwrap_or(0.0);
                    self.took.push((seconds, std::mem::take(&mut self.running)));
                }
                _ => {}
            }
        }
    }

    /// The programs whose tests took longest, without what compiling them took.
    fn print_slowest(&mut self) {
        self.took.sort_by(|a, b| b.0.total_cmp(&a.0));
        println!("\nthe slowest test programs:");
        for (seconds, name) in self.took.iter().take(Self::SLOWEST) {
            println!("{seconds:>7.1} s  {name}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_each_program_is_kept() {
        let mut tally = Tally::default();
        tally.count("     Running tests/units.rs (target/debug/deps/units-1a2b)");
        tally.count("test result: ok. 3 passed; 0 failed; 1 ignored; finished in 1.50s");
        tally.count("   Doc-tests secure_runtime");
        tally.count("test result: ok. 1 passed; 0 failed; finished in 12.00s");
        let units = String::from("tests/units.rs (target/debug/deps/units-1a2b)");
        assert_eq!(tally.took, [(1.5, units), (12.0, String::from("secure_runtime"))]);
    }

    #[test]
    fn results_are_counted() {
        let mut tally = Tally::default();
        tally.count("test result: ok. 3 passed; 0 failed; 1 ignored; finished in 0.00s");
        tally.count("test result: FAILED. 4 passed; 2 failed; 0 ignored; finished in 0.00s");
        tally.count("running 3 tests");
        assert_eq!((tally.passed, tally.failed), (7, 2));
    }
}
