//! `cargo xtask sbom`: a software bill of materials (SBOM) for each published crate, as CycloneDX JSON.
//!
//! It lists what an application links at most: every feature, every platform, no development
//! dependency, in the versions of `Cargo.lock`.

mod document;
mod validation;

use std::collections::BTreeSet;
use std::fs;

use serde::Deserialize;

use crate::publish::CRATES;
use crate::steps::{cargo, output};
use crate::{Failure, root};

pub(crate) fn run() -> Result<(), Failure> {
    let folder = root().join("target/sbom");
    fs::create_dir_all(&folder)?;
    for name in CRATES {
        let document = create(name)?;
        let problems = validation::problems(&document);
        if !problems.is_empty() {
            return Err(problems.join("\n").into());
        }
        let components = document["components"].as_array().map_or(0, Vec::len);
        let file = folder.join(format!("{name}.cdx.json"));
        fs::write(&file, serde_json::to_string_pretty(&document)? + "\n")?;
        println!("target/sbom/{name}.cdx.json: {components} components");
    }
    Ok(())
}

/// The document of one crate.
fn create(name: &str) -> Result<serde_json::Value, Failure> {
    let mut metadata = cargo(&["metadata", "--format-version=1", "--locked", "--all-features"]);
    let metadata: Metadata = serde_json::from_str(&output(metadata.current_dir(root()))?)?;
    let lock: Lock = toml::from_str(&fs::read_to_string(root().join("Cargo.lock"))?)?;
    document::create(name, &linked(name)?, &metadata, &lock)
}

/// Names and versions of a crate and all that is linked with it. `cargo metadata` alone would add what
/// other packages of the workspace need.
fn linked(name: &str) -> Result<BTreeSet<(String, String)>, Failure> {
    let mut tree =
        cargo(&["tree", "--locked", "--all-features", "--target=all", "--package", name]);
    tree.args(["--edges=normal,build", "--prefix=none", "--format={p}"]).current_dir(root());
    Ok(output(&mut tree)?.lines().filter_map(line).collect())
}

/// Reads cargo's `serde v1.0.229 (proc-macro) (*)`.
fn line(text: &str) -> Option<(String, String)> {
    let (name, rest) = text.split_once(" v")?;
    let version = rest.split(' ').next()?;
    Some((name.to_owned(), version.to_owned()))
}

/// What `cargo metadata` prints.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    description: Option<String>,
    license: Option<String>,
    repository: Option<String>,
    /// None: a package of this workspace.
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    /// None: a normal one.
    kind: Option<String>,
}

/// `Cargo.lock`.
#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_cargo_tree_are_read() {
        let read = |text| line(text).unwrap();
        assert_eq!(read("serde v1.0.229 (*)"), ("serde".into(), "1.0.229".into()));
        assert_eq!(read("a v0.1.0 (proc-macro) (/work/a)"), ("a".into(), "0.1.0".into()));
        assert_eq!(line(""), None);
    }

    #[test]
    fn documents_of_the_published_crates_are_valid() {
        for name in CRATES {
            let document = create(name).unwrap();
            assert_eq!(validation::problems(&document), [""; 0], "{name}");
            let text = document.to_string();
            assert!(text.contains("pkg:cargo/syn@"), "{name}");
            // A development dependency is linked with no application.
            assert!(!text.contains("pkg:cargo/proptest@"), "{name}");
        }
    }
}
