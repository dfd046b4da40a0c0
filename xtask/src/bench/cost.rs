//! What an application as a whole costs the compiler: five handlers with `#[secure]`, and the same ones
//! with the crates that an application would assemble.
//!
//! The programs are packages of the workspace (`benches/programs`). Each one is built in a folder of its
//! own, which is empty before a clean build. Processor time is counted, as for a handler.

use std::path::PathBuf;

use super::compile::{children, median};
use super::results::Row;
use super::{Plan, directory, succeed};
use crate::Failure;
use crate::steps::cargo;
use crate::tree;

pub(super) const FIGURES: [&str; 4] = [CRATES, CLEAN, REBUILD, SIZE];

/// How many crates are compiled.
const CRATES: &str = "compile/crates";
/// A debug build of everything.
const CLEAN: &str = "compile/clean_debug_build";
/// A debug build after a change of one handler.
const REBUILD: &str = "compile/rebuild_after_change";
/// The stripped release program.
const SIZE: &str = "compile/release_size";

const PEER: &str = "httpauth + jsonwebtoken + grants + governor + validator";

/// One of the programs.
#[derive(Clone, Copy)]
enum Program {
    Bare,
    Secured,
    Assembled,
}

/// The figures that are wanted.
pub(super) fn measure(plan: &Plan) -> Result<Vec<Row>, Failure> {
    use Program::{Assembled, Secured};
    let mut rows = Vec::new();
    if plan.wants(&[CRATES]) {
        let crates = (Secured.crates()?, Assembled.crates()?);
        rows.push(Row::new(CRATES, "crates", crates, PEER));
    }
    if plan.wants(&[CLEAN]) {
        eprintln!("==> a clean debug build");
        let times = (Secured.clean_build()?, Assembled.clean_build()?);
        rows.push(Row::new(CLEAN, "s of processor time", times, PEER));
    }
    if plan.wants(&[REBUILD]) {
        eprintln!("==> a debug build after a change of one handler");
        // The first build does not count: it may be of everything.
        let mut times = [vec![], vec![]];
        for round in 0..=7 {
            for (program, times) in [Secured, Assembled].into_iter().zip(&mut times) {
                let time = program.rebuild(round)?;
                if round > 0 {
                    times.push(time);
                }
            }
        }
        let [secured, assembled] = times.map(|mut times| median(&mut times));
        rows.push(Row::new(REBUILD, "ms of processor time", (secured, assembled), PEER));
    }
    if plan.wants(&[SIZE]) {
        eprintln!("==> release programs");
        let bare = Program::Bare.release_size()?;
        let sizes = (Secured.release_size()? - bare, Assembled.release_size()? - bare);
        rows.push(Row::new(SIZE, "KiB above bare", sizes, PEER));
    }
    Ok(rows)
}

impl Program {
    fn package(self) -> &'static str {
        match self {
            Self::Bare => "compile-cost-bare",
            Self::Secured => "compile-cost-secured",
            Self::Assembled => "compile-cost-assembled",
        }
    }

    fn target(self) -> Result<PathBuf, Failure> {
        Ok(directory()?.join("cost").join(self.package()))
    }

    /// Without the program itself.
    fn crates(self) -> Result<f64, Failure> {
        Ok((tree::packages(self.package(), &[])?.len() - 1) as f64)
    }

    /// Seconds.
    fn clean_build(self) -> Result<f64, Failure> {
        let debug = self.target()?.join("debug");
        if debug.exists() {
            std::fs::remove_dir_all(debug)?;
        }
        Ok(self.build(&[], "clean")? / 1000.0)
    }

    /// Milliseconds of a build after the text of one handler changed.
    fn rebuild(self, round: usize) -> Result<f64, Failure> {
        self.build(&[], &format!("change {round}"))
    }

    /// Kibibytes.
    fn release_size(self) -> Result<f64, Failure> {
        self.build(&["--release"], "release")?;
        let program = self.target()?.join("release").join(self.package());
        Ok(std::fs::metadata(program)?.len() as f64 / 1024.0)
    }

    /// Milliseconds of processor time. The programs contain the text of `change`.
    fn build(self, options: &[&str], change: &str) -> Result<f64, Failure> {
        let mut build = cargo(&["build", "--quiet", "--locked", "--package", self.package()]);
        build
            .args(options)
            .arg("--target-dir")
            .arg(self.target()?)
            // As an application has it.
            .env_remove("CARGO_INCREMENTAL")
            .env("CARGO_PROFILE_RELEASE_STRIP", "symbols")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
            .env("COMPILE_COST_CHANGE", change);
        let before = children()?;
        succeed(&mut build)?;
        Ok(children()? - before)
    }
}
