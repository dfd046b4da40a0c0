//! `cargo xtask interop [FILTER]`: tests a server that is secured by this library with real identity providers
//! and with clients of other projects, and tests the policy engines of the example (`engines`).
//!
//! The programs are in `tests/interop`. Their dependencies are installed into `target/interop` and kept for the
//! next run; see [`install`]. Each program starts its providers and servers on free ports of loopback and
//! prints a line of JSON per check; this module prints them as a table, and fails if a check fails.

mod install;
mod program;

use std::path::PathBuf;
use std::time::Duration;

use crate::steps::{Steps, cargo};
use crate::{Failure, root};
use program::{Check, Program};

/// The programs, in the order in which they run, and how long each may take.
const PROGRAMS: [(&str, Duration); 7] = [
    ("certified/tokens", Duration::from_secs(60)),
    ("certified/opaque", Duration::from_secs(60)),
    ("certified/rotation", Duration::from_secs(150)),
    ("certified/outages", Duration::from_secs(90)),
    ("glewlwyd", Duration::from_secs(60)),
    ("authlib", Duration::from_secs(60)),
    ("django", Duration::from_secs(60)),
];

/// The tests of `examples/dynamic_policy` with each of its policy engines.
const ENGINES: &str = "engines";

pub(crate) fn run(options: &[&str]) -> Result<(), Failure> {
    let filter = match options {
        [] => "",
        [filter] => filter,
        _ => return Err("expected one part of a program's name at most".into()),
    };
    let programs: Vec<_> = PROGRAMS.iter().filter(|(name, _)| name.contains(filter)).collect();
    let with_engines = ENGINES.contains(filter);
    if programs.is_empty() && !with_engines {
        return Err(format!("no program is called `{filter}`").into());
    }
    let mut steps = Steps::default();
    if with_engines {
        let tests = ["test", "--locked", "--package=dynamic_policy", "--features=casbin,cedar"];
        steps.command(ENGINES, &mut cargo(&tests));
    }
    if programs.is_empty() {
        return steps.finish();
    }
    install::node()?;
    install::python()?;
    let glewlwyd = install::glewlwyd();
    build_server()?;

    let (mut checks, mut skipped) = (Vec::new(), Vec::new());
    for (name, limit) in programs {
        if let ("glewlwyd", Err(reason)) = (*name, &glewlwyd) {
            println!("==> {name}\nSKIPPED: {reason}");
            skipped.push(format!("SKIPPED {name}: {reason}"));
            continue;
        }
        steps.run(name, || Program { name, limit: *limit }.run(&mut checks));
    }
    print_table(&checks);
    let outcome = steps.finish();
    for line in &skipped {
        println!("{line}");
    }
    let failed = checks.iter().filter(|check| !check.ok).count();
    println!(
        "interoperability: {} checks passed, {failed} failed, {} programs skipped",
        checks.len() - failed,
        skipped.len()
    );
    outcome
}

/// Builds the server. It uses the features of `cargo test --workspace`, so nothing is built twice: a test of
/// the package is built with the programs of the package.
fn build_server() -> Result<(), Failure> {
    println!("==> server");
    let mut build = cargo(&["test", "--locked", "--workspace", "--no-run", "--test=fetch_log"]);
    let status = build.current_dir(root()).status()?;
    if status.success() { Ok(()) } else { Err("the server cannot be built".into()) }
}

/// The folder of installed packages and of the files that programs write.
fn folder() -> PathBuf {
    root().join("target/interop")
}

/// The folder of the programs' sources.
fn sources() -> PathBuf {
    root().join("tests/interop")
}

fn print_table(checks: &[Check]) {
    let width = |of: fn(&Check) -> &str, title: &str| {
        let longest = checks.iter().map(|check| of(check).chars().count()).max();
        longest.unwrap_or_default().max(title.len())
    };
    let (provider, name) = (width(|it| &it.provider, "provider"), width(|it| &it.check, "check"));
    println!("\n{:<provider$}  {:<name$}  result", "provider", "check");
    for check in checks {
        println!("{:<provider$}  {:<name$}  {}", check.provider, check.check, check.result());
    }
}
