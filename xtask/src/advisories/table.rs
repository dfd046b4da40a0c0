//! The table of facts: one advisory a line, `id crate patched unaffected`. A range of several is joined
//! by `|`, and `-` is none.

use std::path::Path;

use semver::{Version, VersionReq};
use serde::Deserialize;

use crate::Failure;

/// What is known of one advisory.
#[derive(Debug, PartialEq)]
pub(super) struct Advisory {
    pub(super) id: String,
    pub(super) package: String,
    patched: Vec<VersionReq>,
    unaffected: Vec<VersionReq>,
}

impl Advisory {
    pub(super) fn affects(&self, version: &Version) -> bool {
        !self.patched.iter().chain(&self.unaffected).any(|range| range.matches(version))
    }

    pub(super) fn remedy(&self) -> String {
        match self.patched.as_slice() {
            [] => "no version is patched".to_owned(),
            ranges => {
                let ranges: Vec<_> = ranges.iter().map(VersionReq::to_string).collect();
                format!("patched in {}", ranges.join(", "))
            }
        }
    }
}

/// Reads a table.
pub(super) fn read(text: &str) -> Result<Vec<Advisory>, String> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| read_line(line).ok_or_else(|| format!("`{line}` is no advisory"))).collect()
}

fn read_line(line: &str) -> Option<Advisory> {
    let [id, package, patched, unaffected] =
        <[&str; 4]>::try_from(line.split(' ').collect::<Vec<_>>()).ok()?;
    let (id, package) = (id.to_owned(), package.to_owned());
    Some(Advisory { id, package, patched: ranges(patched)?, unaffected: ranges(unaffected)? })
}

fn ranges(text: &str) -> Option<Vec<VersionReq>> {
    if text == "-" {
        return Some(Vec::new());
    }
    text.split('|').map(|range| range.parse().ok()).collect()
}

/// Writes a table that is as new as its newest advisory.
pub(super) fn written(advisories: &[Advisory], newest: &str) -> String {
    let lines = advisories.iter().map(|Advisory { id, package, patched, unaffected }| {
        format!("{id} {package} {} {}\n", joined(patched), joined(unaffected))
    });
    let lines: String = lines.collect();
    format!(
        "# Facts of the RustSec advisory database: id, crate, patched and unaffected ranges.\n\
         # The newest advisory is of {newest}. `cargo xtask advisories PATH` writes this file, from a\n\
         # checkout of the database.\n{lines}"
    )
}

fn joined(ranges: &[VersionReq]) -> String {
    let ranges: Vec<_> = ranges.iter().map(|range| range.to_string().replace(' ', "")).collect();
    if ranges.is_empty() { "-".to_owned() } else { ranges.join("|") }
}

/// Reads every advisory about a crate from a checkout of the database, and the date of the newest.
pub(super) fn collect(database: &Path) -> Result<(Vec<Advisory>, String), Failure> {
    let (mut advisories, mut newest) = (Vec::new(), String::new());
    for package in std::fs::read_dir(database.join("crates"))? {
        for file in std::fs::read_dir(package?.path())? {
            let path = file?.path();
            let document = parse(&std::fs::read_to_string(&path)?);
            let document = document.map_err(|fault| format!("{}: {fault}", path.display()))?;
            if let Some((advisory, date)) = document {
                advisories.push(advisory);
                newest = newest.max(date);
            }
        }
    }
    advisories.sort_by(|one, other| one.id.cmp(&other.id));
    Ok((advisories, newest))
}

/// One file of the database: TOML in a fence, and then prose. With the date; `None` where it was withdrawn.
fn parse(text: &str) -> Result<Option<(Advisory, String)>, String> {
    let fenced = text.split_once("```toml\n").and_then(|(_, rest)| rest.split_once("\n```"));
    let (front, _) = fenced.ok_or("there is no TOML in it")?;
    let file: File = toml::from_str(front).map_err(|error| error.to_string())?;
    let About { id, package, date, withdrawn } = file.advisory;
    let Versions { patched, unaffected } = file.versions;
    let advisory = Advisory { id, package, patched, unaffected };
    Ok(withdrawn.is_none().then_some((advisory, date)))
}

#[derive(Deserialize)]
struct File {
    advisory: About,
    versions: Versions,
}

#[derive(Deserialize)]
struct About {
    id: String,
    package: String,
    /// As `2026-12-31`.
    date: String,
    withdrawn: Option<String>,
}

#[derive(Deserialize)]
struct Versions {
    #[serde(default)]
    patched: Vec<VersionReq>,
    #[serde(default)]
    unaffected: Vec<VersionReq>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "```toml\n[advisory]\nid = \"RUSTSEC-1\"\npackage = \"a\"\ndate = \"2026-01-01\"\n\
        \n[versions]\npatched = [\">= 1.2.3, < 2.0.0\", \"^0.9.4\"]\n```\n\n# Prose\n";

    #[test]
    fn a_file_becomes_a_line_and_a_line_what_the_file_said() {
        let (advisory, date) = parse(FILE).unwrap().unwrap();
        let table = written(&[advisory], &date);
        assert!(table.contains("of 2026-01-01."), "{table}");
        assert!(table.ends_with("\nRUSTSEC-1 a >=1.2.3,<2.0.0|^0.9.4 -\n"), "{table}");
        assert_eq!(read(&table).unwrap(), [parse(FILE).unwrap().unwrap().0]);
    }

    #[test]
    fn what_was_withdrawn_is_left_out_and_what_cannot_be_read_is_a_fault() {
        let withdrawn = FILE.replace("\n\n[versions]", "\nwithdrawn = \"2026-02-02\"\n[versions]");
        assert_eq!(parse(&withdrawn), Ok(None));
        for broken in ["", "prose", &FILE.replace("1.2.3", "one"), &FILE.replace("id =", "name =")]
        {
            assert!(parse(broken).is_err(), "{broken}");
        }
        for line in ["RUSTSEC-1", "RUSTSEC-1 a - - -", "RUSTSEC-1 a one -"] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
