//! `cargo xtask semver-check [REVISION]`: changes of the public interface that need a new minor version,
//! found by cargo-semver-checks.
//!
//! The baseline is the newest version on crates.io, or a revision of this repository. The program is
//! installed once, into `target/tools`.

use std::path::PathBuf;
use std::process::Command;

use crate::steps::cargo;
use crate::{Failure, root};

const TOOL: &str = "cargo-semver-checks";
const VERSION: &str = "0.51.0";

pub(crate) fn run(options: &[&str]) -> Result<(), Failure> {
    let baseline = match options {
        [] => None,
        [revision] => Some(format!("--baseline-rev={revision}")),
        _ => return Err("expected one revision at most".into()),
    };
    let tool = install()?;
    // The macros have no interface that rustdoc describes; the UI tests are theirs.
    let mut check = Command::new(tool);
    check.args(["semver-checks", "--package=secure-runtime", "--all-features"]).args(baseline);
    succeed(check.current_dir(root()))
}

fn install() -> Result<PathBuf, Failure> {
    let folder = root().join("target/tools");
    let tool = folder.join("bin").join(TOOL);
    let found = Command::new(&tool).args(["semver-checks", "--version"]).output();
    let is_current = found.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).split_whitespace().any(|word| word == VERSION)
    });
    if !is_current {
        let mut install = cargo(&["install", "--locked", "--force", TOOL, "--version", VERSION]);
        succeed(install.arg("--root").arg(&folder).current_dir(root()))?;
    }
    Ok(tool)
}

fn succeed(command: &mut Command) -> Result<(), Failure> {
    let program = command.get_program().display().to_string();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{program}`: {status}; its output is above").into()),
        Err(error) => Err(format!("`{program}` cannot be started: {error}").into()),
    }
}
