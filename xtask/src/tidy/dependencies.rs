//! Rules about dependencies, read from `deny.toml`: licences, forbidden crates, where they come
//! from. What is checked here is what `cargo deny check licenses bans sources` checks, without a
//! program to install.

use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};

use crate::root;
use crate::steps::cargo;

#[derive(Deserialize)]
struct Rules {
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// None: a package of this workspace.
    source: Option<String>,
}

/// Every dependency, of every platform, or what is wrong with them.
pub(super) fn check() -> Result<(), Vec<String>> {
    let one = |reason: String| vec![reason];
    let rules = std::fs::read_to_string(root().join("deny.toml"))
        .map_err(|error| one(format!("deny.toml cannot be read: {error}")))?;
    let rules: Rules =
        toml::from_str(&rules).map_err(|error| one(format!("deny.toml: {error}")))?;
    let allowed: Vec<Licensee> = rules
        .licenses
        .allow
        .iter()
        .map(|name| Licensee::parse(name).map_err(|error| format!("deny.toml: {name}: {error}")))
        .collect::<Result<_, _>>()
        .map_err(one)?;

    let packages = packages().map_err(one)?;
    let problems: Vec<String> = packages
        .iter()
        .flat_map(|package| {
            let found =
                [licence(package, &allowed), banned(package, &rules), origin(package, &rules)];
            found
                .into_iter()
                .flatten()
                .map(|problem| format!("{} {}: {problem}", package.name, package.version))
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn packages() -> Result<Vec<Package>, String> {
    let output = cargo(&["metadata", "--format-version=1", "--locked", "--all-features"])
        .current_dir(root())
        .output()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().into());
    }
    serde_json::from_slice::<Metadata>(&output.stdout)
        .map(|metadata| metadata.packages)
        .map_err(|error| format!("cargo metadata: {error}"))
}

fn licence(package: &Package, allowed: &[Licensee]) -> Option<String> {
    let Some(text) = &package.license else {
        return Some("names no licence".into());
    };
    match Expression::parse_mode(text, ParseMode::LAX) {
        Err(error) => Some(format!("licence `{text}`: {}", error.reason)),
        Ok(expression) => {
            let good = expression.evaluate(|one| allowed.iter().any(|by| by.satisfies(one)));
            (!good).then(|| format!("licence `{text}` is not one that deny.toml allows"))
        }
    }
}

fn banned(package: &Package, rules: &Rules) -> Option<String> {
    let banned = rules.bans.deny.iter().find(|banned| banned.name == package.name)?;
    Some(format!("forbidden: {}", banned.reason))
}

fn origin(package: &Package, rules: &Rules) -> Option<String> {
    let source = package.source.as_deref()?;
    let known = source
        .strip_prefix("registry+")
        .is_some_and(|registry| rules.sources.allow_registry.iter().any(|url| url == registry));
    (!known).then(|| format!("comes from `{source}`, which deny.toml does not allow"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: Option<&str>, good: bool) {
        let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"]
            .map(|name| Licensee::parse(name).unwrap());
        let package = Package {
            name: "a".into(),
            version: "1.0.0".into(),
            license: text.map(Into::into),
            source: None,
        };
        assert_eq!(licence(&package, &allowed).is_none(), good, "{text:?}");
    }

    #[test]
    fn a_licence_must_be_allowed() {
        check(Some("MIT"), true);
        check(Some("MIT/Apache-2.0"), true);
        check(Some("MIT OR GPL-3.0-or-later"), true);
        check(Some("Apache-2.0 WITH LLVM-exception"), true);
        check(Some("MIT AND GPL-3.0-or-later"), false);
        check(Some("GPL-3.0-or-later"), false);
        check(Some("no licence at all"), false);
        check(None, false);
    }
}
