//! Programs that must not compile, and the one error for each. The accepted counterparts are in `hygiene`.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*/*.rs");
    drop(cases);
    one_mistake_is_one_error();
}

/// A mistake gives exactly one error, which contains the case's `//~ ERROR` text.
fn one_mistake_is_one_error() {
    let cases = cases(Path::new("tests/ui"));
    assert!(cases.len() >= 70, "only {} cases", cases.len());
    for case in cases {
        let source = fs::read_to_string(&case).unwrap();
        let blessed = fs::read_to_string(case.with_extension("stderr")).unwrap();
        let errors = blessed.lines().filter(|line| line.starts_with("error"));
        // The extractor requires `Deserialize`, and so do the names in the pointers of violations.
        let asks_twice = case.ends_with("types/body_without_deserialize.rs");
        let expected = if asks_twice { 2 } else { 1 };
        assert_eq!(errors.count(), expected, "{}:\n{blessed}", case.display());
        let expected: Vec<&str> =
            source.lines().filter_map(|line| Some(line.split_once("//~ ERROR ")?.1)).collect();
        assert_eq!(expected.len(), 1, "{} says what it expects once", case.display());
        // The caret's line repeats the comment: only rustc's own lines count.
        let said = blessed.lines().filter(|line| !line.contains("//~ ERROR"));
        assert!(
            said.clone().any(|line| line.contains(expected[0])),
            "{} expects {:?}:\n{blessed}",
            case.display(),
            expected[0],
        );
        assert!(!blessed.contains("warning:"), "{} warns:\n{blessed}", case.display());
    }
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    let topics = fs::read_dir(folder).unwrap().map(|topic| topic.unwrap().path());
    let files =
        topics.flat_map(|topic| fs::read_dir(topic).unwrap()).map(|file| file.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "rs")).collect()
}
