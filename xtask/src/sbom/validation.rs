//! What the schema of CycloneDX 1.5 requires of the parts that `cargo xtask sbom` writes.

use std::collections::BTreeSet;

use serde_json::Value;

/// Everything that is wrong with a document.
pub(super) fn problems(document: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    for (key, expected) in [("bomFormat", "CycloneDX"), ("specVersion", "1.5")] {
        if document[key] != expected {
            problems.push(format!("`{key}` is {}, expected {expected:?}", document[key]));
        }
    }
    if document["version"].as_u64().is_none_or(|version| version == 0) {
        problems.push("`version` is no positive number".to_owned());
    }

    let mut references = BTreeSet::new();
    let itself = document.pointer("/metadata/component").unwrap_or(&Value::Null);
    for component in std::iter::once(itself).chain(list(document, "components")) {
        let name = text(component, "name");
        problems.extend(wrong(component).map(|problem| format!("component `{name}`: {problem}")));
        if !references.insert(text(component, "bom-ref")) {
            problems.push(format!("component `{name}`: its `bom-ref` occurs twice"));
        }
    }

    let mut described = BTreeSet::new();
    for dependency in list(document, "dependencies") {
        let reference = text(dependency, "ref");
        if !described.insert(reference) {
            problems.push(format!("dependencies of `{reference}` occur twice"));
        }
        let needed = list(dependency, "dependsOn").iter().map(|it| it.as_str().unwrap_or_default());
        let unknown = needed.chain([reference]).filter(|it| !references.contains(it));
        problems.extend(unknown.map(|it| format!("dependencies: `{it}` is no component")));
    }
    let undescribed = references.difference(&described);
    problems.extend(undescribed.map(|it| format!("dependencies: `{it}` is absent")));
    problems
}

/// What is wrong with one component.
fn wrong(component: &Value) -> impl Iterator<Item = String> {
    let mut problems = Vec::new();
    if component["type"] != "library" {
        problems.push("its `type` is no `library`".to_owned());
    }
    for key in ["name", "version", "bom-ref"] {
        if text(component, key).is_empty() {
            problems.push(format!("has no `{key}`"));
        }
    }
    if !text(component, "purl").starts_with("pkg:cargo/") {
        problems.push("has no package URL".to_owned());
    }
    let licences = list(component, "licenses");
    if licences.is_empty() {
        problems.push("has no licence".to_owned());
    }
    for licence in licences {
        let expression = text(licence, "expression");
        if spdx::Expression::parse(expression).is_err() {
            problems.push(format!("`{expression}` is no SPDX expression"));
        }
    }
    for hash in list(component, "hashes") {
        let content = text(hash, "content");
        let is_sum = content.len() == 64 && content.chars().all(|it| it.is_ascii_hexdigit());
        if hash["alg"] != "SHA-256" || !is_sum {
            problems.push(format!("`{content}` is no SHA-256 checksum"));
        }
    }
    problems.into_iter()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        let component = |name: &str| {
            json!({
                "type": "library", "name": name, "version": "1.0.0",
                "bom-ref": format!("pkg:cargo/{name}@1.0.0"),
                "purl": format!("pkg:cargo/{name}@1.0.0"),
                "licenses": [{ "expression": "MIT OR Apache-2.0" }],
                "hashes": [{ "alg": "SHA-256", "content": "0".repeat(64) }],
            })
        };
        json!({
            "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "metadata": { "component": component("ours") },
            "components": [component("a")],
            "dependencies": [
                { "ref": "pkg:cargo/ours@1.0.0", "dependsOn": ["pkg:cargo/a@1.0.0"] },
                { "ref": "pkg:cargo/a@1.0.0", "dependsOn": [] },
            ],
        })
    }

    #[test]
    fn a_complete_document_has_no_problems() {
        assert_eq!(problems(&document()), [""; 0]);
    }

    #[test]
    fn what_the_schema_requires_is_missed() {
        let cases = [
            ("/bomFormat", json!("SPDX")),
            ("/specVersion", json!("1.2")),
            ("/version", json!(0)),
            ("/components/0/type", json!("thing")),
            ("/components/0/name", json!("")),
            ("/components/0/purl", json!("a")),
            ("/components/0/licenses", json!([])),
            ("/components/0/licenses/0/expression", json!("MIT/Apache-2.0")),
            ("/components/0/hashes/0/content", json!("0")),
            ("/components/0/bom-ref", json!("pkg:cargo/ours@1.0.0")),
            ("/dependencies/0/dependsOn/0", json!("pkg:cargo/b@1.0.0")),
            ("/dependencies/1/ref", json!("pkg:cargo/ours@1.0.0")),
        ];
        for (place, value) in cases {
            let mut broken = document();
            *broken.pointer_mut(place).unwrap() = value;
            assert!(!problems(&broken).is_empty(), "{place}");
        }
    }
}
