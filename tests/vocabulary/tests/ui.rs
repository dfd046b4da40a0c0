//! Programs that do not compile with a vocabulary, one error each; and the compiler runs again when
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
        cases.compile_fail("tests/ui/redundant_clauses/*.rs");
        cases.compile_fail("tests/ui/enum_variants/*.rs");
        // Two errors: one of rustc, and one with the help.
        cases.compile_fail("tests/ui/file_modules/*.rs");
        cases.pass(known);
        cases.pass("tests/ui/accepted/enum_variants.rs");
    });
    with("clashing.toml", |cases| cases.compile_fail("tests/ui/enum_variants_clash/*.rs"));
    // The same program; only the vocabulary changes.
    with("without_viewer.toml", |cases| cases.compile_fail(known));
    with("strict.toml", |cases| {
        cases.compile_fail("tests/ui/profile/*.rs");
        cases.pass("tests/ui/accepted/strict.rs");
    });
    with("with_a_third_tier.toml", |cases| cases.compile_fail("tests/ui/tiers/*.rs"));
    with("lints.toml", |cases| {
        cases.compile_fail("tests/ui/lints/*.rs");
        cases.pass("tests/ui/accepted/levels.rs");
    });
    for mistake in ["unknown_lint", "unknown_level", "unknown_profile"] {
        with(&format!("{mistake}.toml"), |cases| {
            cases.compile_fail(format!("tests/ui/levels/{mistake}.rs"));
        });
    }
    with("faulty.toml", |cases| cases.compile_fail("tests/ui/file/unknown_inclusion.rs"));
    with("broken.toml", |cases| cases.compile_fail("tests/ui/file/broken.rs"));
    for mistake in ["without_files", "that_open", "with_mistakes"] {
        with(&format!("policies_{mistake}.toml"), |cases| {
            cases.compile_fail(format!("tests/ui/policies/{mistake}.rs"));
        });
    }
    with("policies.toml", |cases| {
        for case in ["public_inside", "written_by_a_macro_elsewhere"] {
            cases.compile_fail(beside_the_vocabulary(case));
        }
        cases.pass(beside_the_vocabulary("accepted"));
    });
    one_mistake_is_one_error("policies");
    let topics =
        ["profile", "lints", "levels", "rates", "tiers", "enum_variants", "enum_variants_clash"];
    topics.into_iter().for_each(one_mistake_is_one_error);
}

/// A mistake gives exactly one error, which contains the case's `//~ ERROR` text.
fn one_mistake_is_one_error(topic: &str) {
    for file in fs::read_dir(Path::new("tests/ui").join(topic)).unwrap() {
        let case = file.unwrap().path();
        if case.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let source = fs::read_to_string(&case).unwrap();
        let blessed = fs::read_to_string(case.with_extension("stderr")).unwrap();
        let errors = blessed.lines().filter(|line| line.starts_with("error"));
        assert_eq!(errors.count(), 1, "{}:\n{blessed}", case.display());
        let (_, expected) = source.split_once("//~ ERROR ").unwrap();
        let expected = expected.lines().next().unwrap();
        let mut said = blessed.lines().filter(|line| !line.contains("//~ ERROR"));
        assert!(said.any(|line| line.contains(expected)), "{} expects {expected}", case.display());
    }
}

/// Compiles programs with a vocabulary.
fn with(vocabulary: &str, check: impl FnOnce(&TestCases)) {
    let project = target().join("tests/trybuild/vocabulary-tests");
    fs::create_dir_all(&project).unwrap();
    let text = fs::read(Path::new("tests").join(vocabulary)).unwrap();
    fs::write(project.join("secure.toml"), text).unwrap();
    check(&TestCases::new());
}

/// A program in the directory of the vocabulary, so that its file policies apply to it.
fn beside_the_vocabulary(case: &str) -> PathBuf {
    let from = Path::new("tests/ui/policies_of_files");
    let folder = target().join("tests/trybuild/vocabulary-tests/policies_of_files");
    fs::create_dir_all(folder.join("elsewhere")).unwrap();
    for file in ["elsewhere/writer.rs".into(), format!("{case}.rs"), format!("{case}.stderr")] {
        if from.join(&file).exists() {
            fs::copy(from.join(&file), folder.join(&file)).unwrap();
        }
    }
    folder.join(format!("{case}.rs"))
}

/// The directory that trybuild uses: that of the workspace.
fn target() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    env::var_os("CARGO_TARGET_DIR").map_or(workspace.join("target"), |named| workspace.join(named))
}
