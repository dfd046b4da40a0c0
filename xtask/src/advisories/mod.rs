//! Known advisories about dependencies: `tidy` looks the versions of both lock files up in a table of
//! facts, and `cargo xtask advisories PATH` writes that table anew from a checkout of the RustSec
//! advisory database. No network is needed, and no program to install.
//!
//! 1. A version that an advisory affects is a problem, unless `deny.toml` ignores the advisory, with a
//!    reason, in `[advisories] ignore`, which cargo-deny reads as well.
//! 2. An entry there that no dependency needs any more is a problem, too.
//! 3. A version is affected unless it is in a patched or an unaffected range. What is only unmaintained
//!    is an advisory like the others.

mod table;

use std::path::Path;

use semver::Version;
use serde::Deserialize;

use crate::{Failure, root};
use table::Advisory;

/// Writes the table from a checkout of the database.
pub(crate) fn renew(database: &str) -> Result<(), Failure> {
    let (advisories, newest) = table::collect(Path::new(database))?;
    std::fs::write(root().join(TABLE), table::written(&advisories, &newest))?;
    println!("{TABLE}: {} advisories, the newest of {newest}", advisories.len());
    Ok(())
}

/// What is wrong with the dependencies.
pub(crate) fn check() -> Result<(), Vec<String>> {
    let one = |fault: String| vec![fault];
    let read = |path: &str| {
        std::fs::read_to_string(root().join(path)).map_err(|error| one(format!("{path}: {error}")))
    };
    let table = table::read(&read(TABLE)?).map_err(|fault| one(format!("{TABLE}: {fault}")))?;
    let rules: Rules =
        toml::from_str(&read("deny.toml")?).map_err(|error| one(format!("deny.toml: {error}")))?;
    let mut packages = Vec::new();
    for path in LOCK_FILES {
        let lock: LockFile =
            toml::from_str(&read(path)?).map_err(|error| one(format!("{path}: {error}")))?;
        packages.extend(lock.package);
    }
    let problems = problems(&packages, &table, &rules.advisories.ignore);
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn problems(packages: &[Package], table: &[Advisory], ignored: &[Ignored]) -> Vec<String> {
    // A package of this workspace has no source.
    let foreign = packages.iter().filter(|package| package.source.is_some());
    let affected: Vec<(&Package, &Advisory)> = foreign
        .flat_map(|package| table.iter().map(move |advisory| (package, advisory)))
        .filter(|(package, advisory)| {
            advisory.package == package.name && advisory.affects(&package.version)
        })
        .collect();
    let is_ignored = |id: &str| ignored.iter().any(|entry| entry.id == id);
    let mut problems: Vec<String> = affected
        .iter()
        .filter(|(_, advisory)| !is_ignored(&advisory.id))
        .map(|(package, advisory)| {
            let Package { name, version, .. } = package;
            format!("{name} {version}: {}, {}", advisory.id, advisory.remedy())
        })
        .collect();
    for Ignored { id, reason } in ignored {
        if reason.trim().is_empty() {
            problems.push(format!("deny.toml ignores {id} without a reason"));
        }
        if !affected.iter().any(|(_, advisory)| advisory.id == *id) {
            problems.push(format!("deny.toml ignores {id}, which is about no dependency"));
        }
    }
    problems.sort();
    problems.dedup();
    problems
}

#[derive(Deserialize)]
struct Rules {
    advisories: Advisories,
}

#[derive(Deserialize)]
struct Advisories {
    ignore: Vec<Ignored>,
}

/// An advisory that is accepted.
#[derive(Deserialize)]
struct Ignored {
    id: String,
    reason: String,
}

#[derive(Deserialize)]
struct LockFile {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: Version,
    source: Option<String>,
}

const TABLE: &str = "xtask/advisories.txt";
const LOCK_FILES: [&str; 2] = ["Cargo.lock", "fuzz/Cargo.lock"];

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# comment\n\
        RUSTSEC-1 a >=1.2.3|^0.9.4 <0.5.0\n\
        RUSTSEC-2 b - -\n\
        RUSTSEC-3 a >=2.0.0 <2.0.0\n";

    /// The problems with one dependency, while these advisories are ignored.
    fn check(name: &str, version: &str, ignored: &[&str], expected: &[&str]) {
        let source = Some("registry".to_owned());
        let package = Package { name: name.into(), version: version.parse().unwrap(), source };
        let ignore = |id: &&str| Ignored { id: (*id).into(), reason: "tests only".into() };
        let ignored: Vec<_> = ignored.iter().map(ignore).collect();
        let table = table::read(TABLE).unwrap();
        assert_eq!(problems(&[package], &table, &ignored), expected, "{name} {version}");
    }

    #[test]
    fn a_version_outside_of_all_good_ranges_is_a_problem() {
        let patched = |version| format!("a {version}: RUSTSEC-1, patched in >=1.2.3, ^0.9.4");
        for version in ["0.5.0", "0.9.3", "1.0.0", "1.2.2"] {
            check("a", version, &[], &[&patched(version)]);
        }
        for version in ["0.4.9", "0.9.4", "0.9.9", "1.2.3", "1.99.0", "2.0.0"] {
            check("a", version, &[], &[]);
        }
        // One that may come before the fix is no fixed one.
        let third = "a 1.2.3-rc.1: RUSTSEC-3, patched in >=2.0.0";
        check("a", "1.2.3-rc.1", &[], &[&patched("1.2.3-rc.1"), third]);
        check("b", "7.0.0", &[], &["b 7.0.0: RUSTSEC-2, no version is patched"]);
        check("c", "1.0.0", &[], &[]);
    }

    #[test]
    fn what_is_ignored_has_a_reason_and_is_there() {
        check("a", "1.0.0", &["RUSTSEC-1"], &[]);
        check("b", "7.0.0", &["RUSTSEC-2"], &[]);
        let unused = "deny.toml ignores RUSTSEC-1, which is about no dependency";
        check("a", "1.2.3", &["RUSTSEC-1"], &[unused]);
        let source = Some("registry".to_owned());
        let package = Package { name: "b".into(), version: Version::new(7, 0, 0), source };
        let ignored = [Ignored { id: "RUSTSEC-2".into(), reason: " ".into() }];
        let found = problems(&[package], &table::read(TABLE).unwrap(), &ignored);
        assert_eq!(found, ["deny.toml ignores RUSTSEC-2 without a reason"]);
    }

    #[test]
    fn a_package_of_this_workspace_is_not_the_one_that_is_published_under_its_name() {
        let package = Package { name: "b".into(), version: Version::new(7, 0, 0), source: None };
        assert_eq!(problems(&[package], &table::read(TABLE).unwrap(), &[]), [""; 0]);
    }
}
