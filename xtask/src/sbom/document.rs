//! A CycloneDX 1.5 document, from cargo's metadata and lock file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Lock, Metadata, Node, Package};
use crate::Failure;

/// Describes a crate and the packages that are linked with it.
pub(super) fn create(
    name: &str,
    linked: &BTreeSet<(String, String)>,
    metadata: &Metadata,
    lock: &Lock,
) -> Result<Value, Failure> {
    let mut packages: Vec<&Package> = metadata
        .packages
        .iter()
        .filter(|package| linked.contains(&(package.name.clone(), package.version.clone())))
        .collect();
    packages.sort_by_key(|package| (&package.name, &package.version));
    let itself = packages.iter().find(|package| package.name == name && package.source.is_none());
    let itself = itself.ok_or_else(|| format!("cargo knows no package `{name}`"))?;

    let mut components = Vec::new();
    for package in packages.iter().filter(|package| package.id != itself.id) {
        components.push(component(package, lock)?);
    }
    let urls: BTreeMap<&str, String> =
        packages.iter().map(|package| (package.id.as_str(), url(package))).collect();
    let nodes = metadata.resolve.nodes.iter();
    let dependencies: Vec<Value> = nodes.filter_map(|node| dependencies(node, &urls)).collect();
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "tools": { "components": [{ "type": "application", "name": "cargo xtask sbom" }] },
            "component": component(itself, lock)?,
        },
        "components": components,
        "dependencies": dependencies,
    }))
}

fn component(package: &Package, lock: &Lock) -> Result<Value, Failure> {
    let url = url(package);
    let mut component = Map::from_iter([
        ("type".to_owned(), json!("library")),
        ("bom-ref".to_owned(), json!(url)),
        ("name".to_owned(), json!(package.name)),
        ("version".to_owned(), json!(package.version)),
        ("purl".to_owned(), json!(url)),
    ]);
    if let Some(description) = &package.description {
        component.insert("description".to_owned(), json!(description.trim()));
    }
    if let Some(licence) = &package.license {
        component.insert("licenses".to_owned(), json!([{ "expression": expression(licence)? }]));
    }
    let locked = lock
        .package
        .iter()
        .find(|locked| locked.name == package.name && locked.version == package.version);
    if let Some(checksum) = locked.and_then(|locked| locked.checksum.as_ref()) {
        let hashes = json!([{ "alg": "SHA-256", "content": checksum }]);
        component.insert("hashes".to_owned(), hashes);
    }
    if let Some(repository) = &package.repository {
        let references = json!([{ "type": "vcs", "url": repository }]);
        component.insert("externalReferences".to_owned(), references);
    }
    Ok(Value::Object(component))
}

/// The licence as SPDX writes it: old packages separate two by `/`.
fn expression(licence: &str) -> Result<String, Failure> {
    let canonical = spdx::Expression::canonicalize(licence)
        .map_err(|error| format!("`{licence}` is no licence: {error}"))?;
    Ok(canonical.unwrap_or_else(|| licence.to_owned()))
}

/// The package URL.
fn url(package: &Package) -> String {
    // The only character of a version that a URL writes otherwise.
    format!("pkg:cargo/{}@{}", package.name, package.version.replace('+', "%2B"))
}

/// What one package depends on, of what is linked.
fn dependencies(node: &Node, urls: &BTreeMap<&str, String>) -> Option<Value> {
    let url = urls.get(node.id.as_str())?;
    let is_linked = |kind: &Option<String>| kind.as_deref() != Some("dev");
    let needed: BTreeSet<&String> = node
        .deps
        .iter()
        .filter(|dependency| dependency.dep_kinds.iter().any(|it| is_linked(&it.kind)))
        .filter_map(|dependency| urls.get(dependency.pkg.as_str()))
        .collect();
    Some(json!({ "ref": url, "dependsOn": needed }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_has_its_licence_checksum_and_dependencies() {
        let metadata: Metadata = serde_json::from_value(json!({
            "packages": [
                { "id": "ours", "name": "ours", "version": "0.1.0", "license": "MIT" },
                { "id": "a", "name": "a", "version": "1.0.0+x", "license": "MIT/Apache-2.0",
                  "source": "registry", "repository": "https://example.com/a" },
                { "id": "b", "name": "b", "version": "2.0.0", "license": "MIT" },
            ],
            "resolve": { "nodes": [
                { "id": "ours", "deps": [
                    { "pkg": "a", "dep_kinds": [{ "kind": null }] },
                    { "pkg": "b", "dep_kinds": [{ "kind": "dev" }] },
                ] },
                { "id": "a", "deps": [] },
                { "id": "b", "deps": [] },
            ] },
        }))
        .unwrap();
        let lock: Lock = toml::from_str(
            "[[package]]\nname = \"a\"\nversion = \"1.0.0+x\"\nchecksum = \"abc\"\n\
             [[package]]\nname = \"ours\"\nversion = \"0.1.0\"\n",
        )
        .unwrap();
        let linked = [("ours", "0.1.0"), ("a", "1.0.0+x")];
        let linked = linked.map(|(name, version)| (name.to_owned(), version.to_owned()));
        let document = create("ours", &BTreeSet::from(linked), &metadata, &lock).unwrap();

        assert_eq!(document["metadata"]["component"]["purl"], "pkg:cargo/ours@0.1.0");
        let components = document["components"].as_array().unwrap();
        assert_eq!(components.len(), 1);
        assert_eq!(components[0]["purl"], "pkg:cargo/a@1.0.0%2Bx");
        assert_eq!(components[0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(components[0]["hashes"][0]["content"], "abc");
        let expected = json!([
            { "ref": "pkg:cargo/ours@0.1.0", "dependsOn": ["pkg:cargo/a@1.0.0%2Bx"] },
            { "ref": "pkg:cargo/a@1.0.0%2Bx", "dependsOn": [] },
        ]);
        assert_eq!(document["dependencies"], expected);
        assert!(create("other", &BTreeSet::new(), &metadata, &lock).is_err());
    }
}
