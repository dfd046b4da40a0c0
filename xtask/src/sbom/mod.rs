//! `cargo xtask sbom`: a software bill of materials (SBOM) for each published crate, as CycloneDX JSON.
//!
//! It lists what an application links at most: every feature, every platform, no development
//! dependency, in the versions of `Cargo.lock`.

mod document;
mod validation;

use std::fs;

use serde::Deserialize;

use crate::publish::CRATES;
use crate::steps::{cargo, output};
use crate::{Failure, root, tree};

pub(crate) fn run() -> Result<(), Failure> {
    let folder = root().join("target/sbom");
    fs::create_dir_all(&folder)?;
    for name in CRATES {
        let document = create(name)?;
        let problems = validation::problems(&document);
        if !problems.is_empty() {
            return Err(problems.join("\n").into());
        }
        let components =
            document.get("components").and_then(|it| it.as_array()).map_or(0, Vec::len);
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
    let linked = tree::packages(name, &["--all-features", "--target=all"])?;
    document::create(name, &linked, &metadata, &lock)
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
