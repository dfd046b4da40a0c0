//! What a person types, and what CI runs: `cargo xtask tidy`, `advisories`, `test`, `publish-check`,
//! `semver-check`, `sbom`, `interop`, `bench`, `fuzz`, `soak`.

mod advisories;
mod bench;
mod fuzz;
mod interop;
mod publish;
mod redis;
mod sbom;
mod semver_check;
mod soak;
mod steps;
mod test;
mod tidy;
mod tree;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What can go wrong; a person reads it.
type Failure = Box<dyn std::error::Error>;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  tidy                      formatting, clippy, source files, dependencies, advisories, documentation
  advisories PATH           writes xtask/advisories.txt anew, from a checkout of the RustSec
                            advisory database
  test                      every test of the workspace
  publish-check             both crates as crates.io would get them: archives, every feature alone,
                            documentation, the oldest dependencies; needs a nightly compiler
  semver-check [REVISION]   changes of the public interface that need a new minor version, since the
                            newest on crates.io or a revision; installs cargo-semver-checks
  sbom                      a CycloneDX document for each published crate, in target/sbom
  interop [FILTER]          real identity providers and clients against a secured server; a table;
                            needs Node.js, npm and Python
  bench [FILTER] [--quick | --smoke]
                            side by side with what a user would take instead;
                            a table, and target/bench/results.json;
                            --smoke: only whether everything runs, in debug builds
  fuzz [SECONDS]            every fuzz target for so long; needs a nightly compiler
  soak [SECONDS]            limits under churn and restarts of Redis for so long; 120 unless said
  soak clients [SECONDS]    good clients beside slow, resetting and hostile ones for so long;
                            600 unless said";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["tidy"] => tidy::run(),
        ["advisories", database] => advisories::renew(database),
        ["test"] => test::run(),
        ["publish-check"] => publish::run(),
        ["semver-check", options @ ..] => semver_check::run(options),
        ["sbom"] => sbom::run(),
        ["interop", options @ ..] => interop::run(options),
        ["bench", options @ ..] => bench::run(options),
        ["soak", options @ ..] => soak::run(options),
        ["fuzz", options @ ..] => fuzz::run(options),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\n{failure}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
