//! What does not compile, and the one error that says so; what does, and what it looks like.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*/*.rs");
}
