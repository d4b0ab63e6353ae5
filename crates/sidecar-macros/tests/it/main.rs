//! What the attributes accept, and how they refuse what they do not.

/// One test, because each builds a project of its own.
#[test]
fn accepted_and_refused() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
