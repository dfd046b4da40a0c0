//! Finds the workspace of a crate as cargo does: named in its manifest, or in a directory above.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

/// The directory of the workspace's `Cargo.toml`.
pub(super) fn root(crate_root: &Path) -> Option<PathBuf> {
    if let Some(named) = manifest(crate_root, |cargo| {
        let workspace = cargo.get("package")?.get_ref().as_table()?.get("workspace")?;
        workspace.get_ref().as_str().map(|path| crate_root.join(path))
    }) {
        return Some(named);
    }
    let mut around = crate_root.ancestors().filter(|directory| is_workspace(directory));
    let root = around.next()?;
    (!excludes(root, crate_root)).then(|| root.to_owned())
}

fn is_workspace(directory: &Path) -> bool {
    manifest(directory, |cargo| cargo.get("workspace").map(|_| ())).is_some()
}

/// Whether the workspace excludes the crate.
fn excludes(root: &Path, crate_root: &Path) -> bool {
    let is_excluded = |list: &DeValue<'_>| {
        let paths = list.as_array().into_iter().flatten();
        let mut paths = paths.filter_map(|path| path.get_ref().as_str());
        paths.any(|path| crate_root.starts_with(root.join(path))).then_some(())
    };
    manifest(root, |cargo| {
        let workspace = cargo.get("workspace")?.get_ref().as_table()?;
        is_excluded(workspace.get("exclude")?.get_ref())
    })
    .is_some()
}

/// A value from the `Cargo.toml` of a directory.
fn manifest<T>(directory: &Path, find: impl FnOnce(&DeTable<'_>) -> Option<T>) -> Option<T> {
    let text = std::fs::read_to_string(directory.join("Cargo.toml")).ok()?;
    let (cargo, _) = DeTable::parse_recoverable(&text);
    find(cargo.get_ref())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Directories with manifests, gone at the end.
    struct Tree(PathBuf);

    impl Tree {
        fn new(name: &str, manifests: &[(&str, &str)]) -> Self {
            let tree = Self(std::env::temp_dir().join(format!("{name}-{}", std::process::id())));
            for (directory, manifest) in manifests {
                let directory = tree.0.join(directory);
                fs::create_dir_all(&directory).unwrap();
                fs::write(directory.join("Cargo.toml"), manifest).unwrap();
            }
            tree
        }

        fn root(&self, of: &str) -> Option<PathBuf> {
            let root = root(&self.0.join(of))?;
            Some(root.strip_prefix(&self.0).map_or_else(|_| root.clone(), Path::to_owned))
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_workspace_is_the_one_that_cargo_takes() {
        let package = "[package]\nname = \"a\"\n";
        let tree = Tree::new(
            "secure-workspaces",
            &[
                ("outer", "workspace = { members = [\"*\"], exclude = [\"out\", \"no\"] }\n"),
                ("outer/member", package),
                ("outer/member/deep", package),
                ("outer/out/of/it", package),
                ("outer/not", package),
                ("outer/own", &format!("{package}[workspace]\n")),
                ("aside", &format!("{package}workspace = \"../outer\"\n")),
                ("lonely", package),
            ],
        );
        let outer = Some(PathBuf::from("outer"));
        assert_eq!(tree.root("outer/member"), outer);
        assert_eq!(tree.root("outer/member/deep"), outer);
        assert_eq!(tree.root("outer/not"), outer);
        assert_eq!(tree.root("outer/out/of/it"), None);
        assert_eq!(tree.root("outer/own"), Some(PathBuf::from("outer/own")));
        assert!(tree.root("aside").is_some_and(|root| root.ends_with("aside/../outer")));
        assert_eq!(tree.root("lonely"), None);
    }
}
