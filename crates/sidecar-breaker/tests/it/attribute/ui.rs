//! What the attribute accepts, and what the compiler says where it is misused.

/// One test, because it builds a project: programs that end well, and programs that do not compile.
#[test]
fn accepted_and_refused() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
