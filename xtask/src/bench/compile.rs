//! What a secured handler costs the compiler.
//!
//! Only the package with the handlers is compiled, its dependencies have been; without
//! incremental compilation, the programs in turns. What is counted is processor time: other
//! programs' share of the machine is not in it.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use super::crates::{self, Kind};
use super::results::Row;
use super::{Effort, Plan, directory, succeed, target};
use crate::Failure;
use crate::steps::cargo;

pub(super) const FIGURES: [&str; 4] = [
    "compile/check_ms_per_handler",
    "compile/build_ms_per_handler",
    "compile/check_ms_per_handler_vocabulary",
    "compile/build_ms_per_handler_vocabulary",
];

/// Twenty roles that include one another.
const VOCABULARY: &str = include_str!("secure.toml");

const PEER: &str = "actix-web-grants + actix-web-validator";

/// A row for `cargo check` and one for `cargo build`.
pub(super) fn measure(plan: &Plan) -> Result<Vec<Row>, Failure> {
    let handlers = plan.pick(3, 200, 500);
    let rounds = plan.pick(1, 3, 7);
    let package = directory()?.join("compile");
    std::fs::create_dir_all(&package)?;
    crates::write(&package, handlers)?;

    let mut rows = Vec::new();
    for verb in ["check", "build"] {
        let name = format!("compile/{verb}_ms_per_handler");
        let listed_name = format!("{name}_vocabulary");
        // That the programs compile is seen without their code.
        let is_needed = verb == "check" || plan.effort != Effort::Smoke;
        if !is_needed || !plan.wants(&[&name, &listed_name]) {
            continue;
        }
        eprintln!("==> cargo {verb}, {handlers} handlers, {rounds} rounds");
        let mut times = Kind::ALL.map(|_| Vec::new());
        // The first round builds the dependencies and does not count.
        for round in 0..=rounds {
            for (kind, times) in Kind::ALL.into_iter().zip(&mut times) {
                let time = compile(&package, verb, kind)?;
                if round > 0 {
                    times.push(time);
                }
            }
        }
        let [routed, secured, listed, peer_routed, protected] =
            times.map(|mut times| median(&mut times));
        // One of the handlers stands in the programs of plain ones as well.
        let per_handler = |time: f64| time / (handlers - 1) as f64;
        let above = |time: f64| per_handler(time - routed);
        let figures = (above(secured), per_handler(protected - peer_routed));
        rows.push(Row::new(&name, "ms above #[post]", figures, PEER));
        let figures = (above(listed), above(secured));
        let peer = "the same without a secure.toml";
        rows.push(Row::new(&listed_name, "ms above #[post]", figures, peer));
    }
    Ok(rows)
}

/// Milliseconds of processor time that compiling one program takes.
fn compile(package: &Path, verb: &str, kind: Kind) -> Result<f64, Failure> {
    let vocabulary = package.join("secure.toml");
    if kind == Kind::Listed {
        std::fs::write(vocabulary, VOCABULARY)?;
    } else if vocabulary.exists() {
        std::fs::remove_file(vocabulary)?;
    }
    File::options()
        .append(true)
        .open(package.join(format!("{}.rs", kind.program())))?
        .set_modified(SystemTime::now())?;
    let mut command: Command = cargo(&[verb, "--quiet", "--offline", "--bin", kind.program()]);
    command
        .arg("--manifest-path")
        .arg(package.join("Cargo.toml"))
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_TARGET_DIR", target());
    let before = children()?;
    succeed(&mut command)?;
    Ok(children()? - before)
}

/// Milliseconds of processor time that all ended children have taken, and theirs: fields 16 and
/// 17 of proc(5), in hundredths of a second.
pub(super) fn children() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/stat")
        .map_err(|error| format!("compile times are read from Linux's /proc: {error}"))?;
    let (_, fields) = status.rsplit_once(')').ok_or("/proc/self/stat has no name")?;
    let times = fields.split_whitespace().skip(13).take(2);
    Ok(times.map(str::parse::<f64>).sum::<Result<f64, _>>()? * 10.0)
}

/// The middle one.
pub(super) fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
