//! What does not compile with a vocabulary, one error each, and that the compiler looks again when
//! the file changes. One test, because all programs are checked beside one `secure.toml`.

use std::path::{Path, PathBuf};
use std::{env, fs};

use trybuild::TestCases;

#[test]
fn ui() {
    let known = "tests/ui/names/known.rs";
    with("shop.toml", |cases| {
        cases.compile_fail("tests/ui/names/unknown_*.rs");
        cases.compile_fail("tests/ui/rates/*.rs");
        cases.compile_fail("tests/ui/implied/*.rs");
        cases.pass(known);
    });
    // The same program, and no other change than the vocabulary's.
    with("without_viewer.toml", |cases| cases.compile_fail(known));
    with("strict.toml", |cases| {
        cases.compile_fail("tests/ui/profile/[!s]*.rs");
        cases.compile_fail("tests/ui/profile/secret_*.rs");
        cases.pass("tests/ui/profile/satisfied.rs");
    });
    with("lints.toml", |cases| {
        cases.compile_fail("tests/ui/lints/warn*.rs");
        cases.pass("tests/ui/lints/allowed.rs");
    });
    for mistake in ["unknown_lint", "unknown_level", "unknown_profile"] {
        with(&format!("{mistake}.toml"), |cases| {
            cases.compile_fail(format!("tests/ui/levels/{mistake}.rs"));
        });
    }
    with("faulty.toml", |cases| cases.compile_fail("tests/ui/file/unknown_inclusion.rs"));
}

/// Checks programs beside a vocabulary.
fn with(vocabulary: &str, check: impl FnOnce(&TestCases)) {
    let project = target().join("tests/trybuild/vocabulary-tests");
    fs::create_dir_all(&project).unwrap();
    let text = fs::read(Path::new("tests").join(vocabulary)).unwrap();
    fs::write(project.join("secure.toml"), text).unwrap();
    check(&TestCases::new());
}

/// The directory that trybuild takes: the workspace's.
fn target() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    env::var_os("CARGO_TARGET_DIR").map_or(workspace.join("target"), |named| workspace.join(named))
}
