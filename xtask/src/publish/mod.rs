//! `cargo xtask publish-check`: the two crates as crates.io would receive them.
//!
//! The archives are unpacked into a workspace of their own (`target/publish`), where every feature is
//! compiled alone, then all of them with the oldest versions that the requirements admit, and the
//! documentation as docs.rs builds it. What cargo compiles is shared with the other commands.

mod archives;
mod builds;
mod linkme;

use std::path::PathBuf;

use crate::steps::Steps;
use crate::{Failure, root};

/// The crates that are published, in the order in which they must be.
pub(crate) const CRATES: [&str; 2] = ["secure-macros", "secure-runtime"];

pub(crate) fn run() -> Result<(), Failure> {
    let mut steps = Steps::default();
    steps.run("archives", archives::unpack);
    let features = features();
    match &features {
        Ok(features) => {
            for features in builds::combinations(features) {
                steps.run(&format!("cargo check {}", features.join(" ")), || {
                    builds::check(&features)
                });
            }
        }
        Err(reason) => steps.run("features", || Err(vec![reason.clone()])),
    }
    steps.run("the minimum Rust version", builds::check_minimum_rust);
    steps.run("documentation, as on docs.rs", builds::document);
    steps.run("the oldest versions of dependencies", builds::check_oldest);
    steps.run("the newest linkme", linkme::check);
    steps.finish()
}

/// The features of the unpacked runtime, without `default`.
fn features() -> Result<Vec<String>, String> {
    let manifest = scratch().join("secure-runtime/Cargo.toml");
    let text = std::fs::read_to_string(&manifest)
        .map_err(|error| format!("{}: {error}", manifest.display()))?;
    builds::features(&text)
}

/// The workspace of the unpacked crates.
fn scratch() -> PathBuf {
    root().join("target/publish")
}
