//! The packages that cargo compiles for another one.

use std::collections::BTreeSet;

use crate::root;
use crate::steps::{cargo, output};

/// Names and versions of a package and of all that it needs to be compiled and linked, development
/// dependencies excepted. `cargo metadata` would add what other packages of the workspace need.
pub(crate) fn packages(name: &str, options: &[&str]) -> Result<BTreeSet<(String, String)>, String> {
    let mut tree = cargo(&["tree", "--locked", "--edges=normal,build", "--prefix=none"]);
    tree.args(["--format={p}", "--package", name]).args(options).current_dir(root());
    Ok(output(&mut tree)?.lines().filter_map(line).collect())
}

/// Reads cargo's `serde v1.0.229 (proc-macro) (*)`.
fn line(text: &str) -> Option<(String, String)> {
    let (name, rest) = text.split_once(" v")?;
    let version = rest.split(' ').next()?;
    Some((name.to_owned(), version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_cargo_tree_are_read() {
        let read = |text| line(text).unwrap();
        assert_eq!(read("serde v1.0.229 (*)"), ("serde".into(), "1.0.229".into()));
        assert_eq!(read("a v0.1.0 (proc-macro) (/src/a)"), ("a".into(), "0.1.0".into()));
        assert_eq!(line(""), None);
    }
}
