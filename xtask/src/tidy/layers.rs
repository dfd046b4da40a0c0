//! Rules about imports: which folder may use which, so that no two depend on each other.

use crate::root;

use super::sources;

/// The folders and files at the top of one crate, the lowest first. Each uses those before it alone.
struct Layers {
    sources: &'static str,
    order: &'static [&'static str],
    /// Those whose code, outside of tests, does not mention actix-web.
    without_framework: &'static [&'static str],
}

const CRATES: [Layers; 2] = [
    Layers {
        sources: "secure-macros/src/",
        order: &[
            "grammar",
            "policy_members",
            "diagnostics",
            "paths",
            "known_attributes",
            "lints",
            "model",
            "parse",
            "vocabulary",
            "check",
            "expand",
            "fallback",
            "module_policies",
            "file_policies",
            "named_policies",
            "enums",
            "attribute",
            "lib",
        ],
        without_framework: &[],
    },
    Layers {
        sources: "secure-runtime/src/",
        order: &[
            "support",
            "problem",
            "denial",
            "request",
            "transport",
            "throttling",
            "principal",
            "policy",
            "inventory",
            "authorization",
            "authentication",
            "answer",
            "plan",
            "validation",
            "security",
            "pipeline",
            "resource",
            "handler",
            "scope",
            "services",
            "operations",
            "testing",
            "macro_support",
            "guide",
            "lib",
        ],
        without_framework: &[
            "support",
            "throttling",
            "transport",
            "principal",
            "authorization",
            "authentication",
        ],
    },
];

pub(super) fn check() -> Result<(), Vec<String>> {
    let files = sources::files().map_err(|reason| vec![reason])?;
    let mut problems = Vec::new();
    for file in &files {
        let Some(layers) = CRATES.iter().find(|it| file.starts_with(it.sources)) else { continue };
        match std::fs::read_to_string(root().join(file)) {
            Ok(text) => problems.extend(layers.problems(file, &text)),
            Err(error) => problems.push(format!("{file}: cannot be read: {error}")),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

impl Layers {
    fn problems(&self, file: &str, text: &str) -> Vec<String> {
        let Some(path) = file.strip_prefix(self.sources) else { return Vec::new() };
        if is_test(path) {
            return Vec::new();
        }
        let own = path.split('/').next().unwrap_or_default().trim_end_matches(".rs");
        let Some(place) = self.place(own) else {
            let list = "the list in xtask/src/tidy/layers.rs";
            return vec![format!(
                "{file}: `{own}` is not in {list}: put it above all that it uses"
            )];
        };
        let code = code(text);
        let mut problems: Vec<String> = imported(&code)
            .into_iter()
            .filter(|name| *name != own && self.place(name).is_some_and(|it| it > place))
            .map(|name| format!("{file}: uses `crate::{name}`, which is above `{own}`"))
            .collect();
        problems.dedup();
        if self.without_framework.contains(&own) && code.contains("actix_web::") {
            problems.push(format!("{file}: mentions actix-web, which `{own}` does not depend on"));
        }
        problems
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.order.iter().position(|it| *it == name)
    }
}

/// Whether a file is compiled for tests alone, by the names that such files have here.
fn is_test(path: &str) -> bool {
    let of_tests = ["tests", "tests.rs", "properties.rs", "loom_tests.rs", "spoofing_tests.rs"];
    path.split('/').any(|part| of_tests.contains(&part))
}

/// The text without comments, and without the module of tests at its end.
fn code(text: &str) -> String {
    let lines = text.lines().take_while(|line| {
        !(line.starts_with("#[cfg(test") || line.starts_with("#[cfg(all(test"))
            || !text.contains("\nmod tests {")
    });
    lines.filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The names behind `crate::`, those in braces too.
fn imported(code: &str) -> Vec<&str> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut names = Vec::new();
    for (start, prefix) in code.match_indices("crate::") {
        let Some(rest) = code.get(start + prefix.len()..) else { continue };
        let Some(list) = rest.strip_prefix('{') else {
            names.extend(rest.split(|letter| !is_word(letter)).next());
            continue;
        };
        let mut depth = 0_usize;
        for part in list.split_inclusive([',', '{', '}']) {
            if depth == 0 {
                names.extend(part.trim().split(|letter| !is_word(letter)).next());
            }
            match part.chars().last() {
                Some('{') => depth += 1,
                Some('}') if depth == 0 => break,
                Some('}') => depth -= 1,
                _ => {}
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYERS: Layers =
        Layers { sources: "a/", order: &["low", "high"], without_framework: &["low"] };

    #[test]
    fn a_lower_folder_may_not_use_a_higher_one() {
        let problems = |text| LAYERS.problems("a/low/mod.rs", text).len();
        assert_eq!(problems("use crate::low::A;\n"), 0);
        assert_eq!(problems("use crate::high::A;\n"), 1);
        assert_eq!(problems("use crate::{low, high::{A, B}};\n"), 1);
        assert_eq!(problems("//! use crate::high;\n"), 0);
        assert_eq!(problems("#[cfg(test)]\nmod tests {\n    use crate::high::A;\n}\n"), 0);
        assert_eq!(LAYERS.problems("a/high.rs", "use crate::low::A;\n").len(), 0);
        assert_eq!(LAYERS.problems("a/other.rs", "").len(), 1);
    }

    #[test]
    fn only_some_folders_mention_the_framework() {
        assert_eq!(LAYERS.problems("a/low.rs", "use actix_web::web;\n").len(), 1);
        assert_eq!(LAYERS.problems("a/high.rs", "use actix_web::web;\n").len(), 0);
    }
}
