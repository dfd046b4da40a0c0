//! Builds of the unpacked crates: each feature alone, the oldest dependencies, and the documentation.

use std::process::Command;

use super::{CRATES, archives, scratch};
use crate::root;
use crate::steps::{cargo, nightly, output};

/// The features of a manifest, without `default`.
pub(super) fn features(manifest: &str) -> Result<Vec<String>, String> {
    let manifest: toml::Table = manifest.parse().map_err(|error| format!("{error}"))?;
    let features = manifest.get("features").and_then(toml::Value::as_table);
    let names = features.into_iter().flat_map(|features| features.keys());
    Ok(names.filter(|name| *name != "default").cloned().collect())
}

/// Options of `cargo check`: the default features, none, each one alone, and all.
pub(super) fn combinations(features: &[String]) -> Vec<Vec<String>> {
    let none = String::from("--no-default-features");
    let alone = features.iter().map(|name| vec![none.clone(), format!("--features={name}")]);
    let all = String::from("--all-features");
    [vec![], vec![none.clone()]].into_iter().chain(alone).chain([vec![all]]).collect()
}

/// Compiles the runtime, and the macros with it. A warning is a problem.
pub(super) fn check(options: &[String]) -> Result<(), Vec<String>> {
    let mut command = in_scratch(cargo(&["check", "--quiet", "--package=secure-runtime"]));
    let result = command.args(options).output();
    let result = result.map_err(|error| vec![format!("cargo cannot be started: {error}")])?;
    // Cargo hides the warnings of dependencies; what is left is about the two crates.
    let messages = String::from_utf8_lossy(&result.stderr);
    let messages = messages.trim();
    if result.status.success() && messages.is_empty() {
        return Ok(());
    }
    println!("{messages}");
    Err(vec![String::from("does not compile, or has warnings; they are above")])
}

/// Builds the documentation with the compiler and the options of docs.rs.
pub(super) fn document() -> Result<(), Vec<String>> {
    let mut doc = in_scratch(nightly(&["doc", "--quiet", "--no-deps", "--all-features"]));
    doc.args(CRATES.map(|name| format!("--package={name}")));
    doc.env("RUSTDOCFLAGS", "--cfg docsrs --deny=warnings");
    output(&mut doc).map(drop).map_err(|problem| vec![problem])
}

/// Compiles all features with the oldest version that each requirement admits.
pub(super) fn check_oldest() -> Result<(), Vec<String>> {
    let one = |problem: String| vec![problem];
    let mut update = in_scratch(nightly(&["update", "--quiet", "-Z", "direct-minimal-versions"]));
    output(&mut update).map_err(one)?;
    let checked = check(&[String::from("--all-features")]);
    archives::restore_lock_file().map_err(one)?;
    checked
}

/// Compiles all features with the minimum supported Rust version. The other builds have done so, if the
/// compiler is of that version.
pub(super) fn check_minimum_rust() -> Result<(), Vec<String>> {
    let one = |problem: String| vec![problem];
    let minimum = env!("CARGO_PKG_RUST_VERSION");
    let version = output(Command::new("rustc").arg("--version")).map_err(one)?;
    if is_version(&version, minimum) {
        println!("the compiler is Rust {minimum}");
        return Ok(());
    }
    let mut check = in_scratch(Command::new("cargo"));
    check.arg(format!("+{minimum}")).env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
    check.args(["check", "--quiet", "--package=secure-runtime", "--all-features"]);
    output(&mut check).map(drop).map_err(one)
}

/// Whether `rustc --version` printed this version, in any patch release.
fn is_version(printed: &str, version: &str) -> bool {
    let found = printed.split_whitespace().nth(1).unwrap_or_default();
    found.strip_prefix(version).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// In the workspace of the unpacked crates, with the folder for builds that all commands share.
fn in_scratch(mut command: Command) -> Command {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |path| root().join(path));
    command.current_dir(scratch()).env("CARGO_TARGET_DIR", target).env("CARGO_INCREMENTAL", "0");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_release_is_the_same_version() {
        assert!(is_version("rustc 1.95.0 (59807616e 2026-04-14)", "1.95"));
        assert!(!is_version("rustc 1.97.0-nightly (e50aa6fba 2026-05-19)", "1.95"));
        assert!(!is_version("rustc 1.950.0", "1.95"));
    }

    #[test]
    fn every_feature_is_built_alone() {
        let manifest = "[features]\ndefault = [\"a\"]\na = []\nb = [\"dep:c\"]\n";
        let features = features(manifest).unwrap();
        assert_eq!(features, ["a", "b"]);
        let lines: Vec<String> =
            combinations(&features).iter().map(|options| options.join(" ")).collect();
        let expected = [
            "",
            "--no-default-features",
            "--no-default-features --features=a",
            "--no-default-features --features=b",
            "--all-features",
        ];
        assert_eq!(lines, expected);
    }
}
