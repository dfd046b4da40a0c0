//! Notices a new version of linkme. The requirement has an upper bound, because the runtime calls the
//! macro that linkme's attribute expands to, which is not part of linkme's public interface.

use std::fs;

use super::scratch;
use crate::root;
use crate::steps::{cargo, output};

/// Fails if a version is published that `[workspace.dependencies]` does not admit.
pub(super) fn check() -> Result<(), Vec<String>> {
    let one = |problem: String| vec![problem];
    let manifest = fs::read_to_string(root().join("Cargo.toml"));
    let manifest = manifest.map_err(|error| one(format!("Cargo.toml: {error}")))?;
    let requirement = requirement(&manifest).map_err(one)?;
    let newest = newest().map_err(one)?;
    println!("linkme {newest} is the newest; `{requirement}` is required");
    if requirement.matches(&newest) { Ok(()) } else { Err(one(remedy(&newest))) }
}

fn remedy(newest: &semver::Version) -> String {
    format!(
        "linkme {newest} is not admitted. Compare `macro_rules!` in src/declaration.rs and the \
         `quote!` in src/element.rs of linkme-impl with the version before. If both are the same, \
         raise the upper bound in Cargo.toml; if not, change `__endpoint!` and its neighbours in \
         secure-runtime/src/macro_support.rs"
    )
}

fn requirement(manifest: &str) -> Result<semver::VersionReq, String> {
    let manifest: toml::Table = manifest.parse().map_err(|error| format!("{error}"))?;
    let text = manifest
        .get("workspace")
        .and_then(|it| it.get("dependencies")?.get("linkme")?.as_str())
        .ok_or("Cargo.toml has no requirement on linkme")?;
    text.parse().map_err(|error| format!("`{text}`: {error}"))
}

/// The newest version that is compatible with 0.3, as cargo resolves it.
fn newest() -> Result<semver::Version, String> {
    let folder = scratch().join("newest");
    let manifest = "[package]\nname = \"newest\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
        [workspace]\n\n[dependencies]\nlinkme = \"0.3\"\n";
    fs::create_dir_all(folder.join("src"))
        .and_then(|()| fs::write(folder.join("src/lib.rs"), "//! Empty.\n"))
        .and_then(|()| fs::write(folder.join("Cargo.toml"), manifest))
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut update = cargo(&["update", "--quiet"]);
    output(update.current_dir(&folder))?;
    let lock = fs::read_to_string(folder.join("Cargo.lock")).map_err(|error| error.to_string())?;
    version(&lock)
}

fn version(lock: &str) -> Result<semver::Version, String> {
    let lock: toml::Table = lock.parse().map_err(|error| format!("{error}"))?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let version = packages
        .into_iter()
        .flatten()
        .find(|package| package.get("name").and_then(toml::Value::as_str) == Some("linkme"))
        .and_then(|package| package.get("version")?.as_str())
        .ok_or("cargo resolved no linkme")?;
    version.parse().map_err(|error| format!("`{version}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_above_the_bound_is_noticed() {
        let manifest = "[workspace.dependencies]\nlinkme = \">=0.3.36, <0.3.38\"\n";
        let requirement = requirement(manifest).unwrap();
        let version = |text: &str| {
            version(&format!("[[package]]\nname = \"linkme\"\nversion = \"{text}\"\n")).unwrap()
        };
        assert!(requirement.matches(&version("0.3.37")));
        assert!(!requirement.matches(&version("0.3.38")));
    }

    #[test]
    fn what_has_no_linkme_is_an_error() {
        assert!(requirement("[workspace.dependencies]\n").is_err());
        assert!(version("[[package]]\nname = \"other\"\nversion = \"1.0.0\"\n").is_err());
    }
}
