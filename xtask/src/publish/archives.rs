//! The archives that `cargo package` writes, and what must be in them.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{CRATES, scratch};
use crate::root;
use crate::steps::{cargo, output};

/// Files that every archive contains beside its sources.
const FILES: [&str; 4] = ["Cargo.toml", "README.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// Parts of `[package]` that crates.io and docs.rs show.
const METADATA: [&str; 6] =
    ["description", "license", "documentation", "keywords", "categories", "rust-version"];

/// Writes the archives, unpacks them into a new workspace, and checks what is in them.
pub(super) fn unpack() -> Result<(), Vec<String>> {
    write_workspace().map_err(|problem| vec![problem])?;
    let problems: Vec<String> = CRATES.iter().flat_map(|name| missing(name)).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn write_workspace() -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    let packages = CRATES.map(|name| format!("--package={name}"));
    // Not verified: that build would look for the macros on crates.io. The lock file is the
    // application's, not the library's.
    let mut package = cargo(&["package", "--quiet", "--locked", "--no-verify", "--allow-dirty"]);
    package.args(["--exclude-lockfile", "--target-dir=target/publish/archives"]).args(packages);
    let scratch = scratch();
    if scratch.exists() {
        fs::remove_dir_all(&scratch).map_err(text)?;
    }
    output(package.current_dir(root()))?;
    for name in CRATES {
        let version = env!("CARGO_PKG_VERSION");
        let archive = scratch.join(format!("archives/package/{name}-{version}.crate"));
        let mut tar = Command::new("tar");
        output(tar.arg("-xzf").arg(&archive).arg("-C").arg(&scratch))?;
        let unpacked = scratch.join(format!("{name}-{version}"));
        fs::rename(unpacked, scratch.join(name)).map_err(text)?;
    }
    fs::write(scratch.join("Cargo.toml"), manifest()).map_err(text)?;
    restore_lock_file()
}

/// The versions of the repository's `Cargo.lock`; cargo drops what the two crates do not need.
pub(super) fn restore_lock_file() -> Result<(), String> {
    let copied = fs::copy(root().join("Cargo.lock"), scratch().join("Cargo.lock"));
    copied.map(drop).map_err(|error| format!("Cargo.lock: {error}"))
}

/// A workspace in which the crates find each other instead of a published version.
fn manifest() -> String {
    let members = CRATES.map(|name| format!("{name:?}")).join(", ");
    let patches = CRATES.map(|name| format!("{name} = {{ path = {name:?} }}\n")).concat();
    format!("[workspace]\nresolver = \"3\"\nmembers = [{members}]\n\n[patch.crates-io]\n{patches}")
}

/// What one unpacked crate does not have.
fn missing(name: &str) -> Vec<String> {
    let folder = scratch().join(name);
    let mut problems = missing_files(name, &folder);
    match fs::read_to_string(folder.join("Cargo.toml")) {
        Ok(text) => problems.extend(missing_metadata(name, &text)),
        Err(error) => problems.push(format!("{name}/Cargo.toml: {error}")),
    }
    problems
}

fn missing_files(name: &str, folder: &Path) -> Vec<String> {
    // A link that cargo did not follow is no file with text.
    let is_there = |file: &&str| {
        fs::metadata(folder.join(file)).is_ok_and(|found| found.is_file() && found.len() > 0)
    };
    let absent = FILES.iter().filter(|file| !is_there(file));
    absent.map(|file| format!("{name}: the archive has no {file}")).collect()
}

fn missing_metadata(name: &str, manifest: &str) -> Vec<String> {
    let manifest: toml::Table = match manifest.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![format!("{name}/Cargo.toml: {error}")],
    };
    let package = manifest.get("package");
    let absent = METADATA.iter().filter(|key| package.and_then(|it| it.get(**key)).is_none());
    absent.map(|key| format!("{name}: `[package]` has no `{key}`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_has_both_crates_and_finds_no_published_one() {
        let manifest: toml::Table = manifest().parse().unwrap();
        assert_eq!(manifest["workspace"]["members"].as_array().unwrap().len(), 2);
        assert_eq!(
            manifest["patch"]["crates-io"]["secure-macros"]["path"].as_str(),
            Some("secure-macros")
        );
    }

    #[test]
    fn absent_metadata_and_files_are_problems() {
        let manifest = "[package]\ndescription = \"d\"\nlicense = \"MIT\"\nkeywords = []\n\
            categories = []\nrust-version = \"1.95\"\n";
        assert_eq!(missing_metadata("a", manifest), ["a: `[package]` has no `documentation`"]);
        let complete = format!("{manifest}documentation = \"u\"\n");
        assert_eq!(missing_metadata("a", &complete), [""; 0]);
        assert_eq!(missing_files("a", Path::new("/nonexistent")).len(), FILES.len());
    }
}
