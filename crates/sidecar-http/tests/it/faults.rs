//! The table of faults names tests that exist.

use sidecar_harness::named_tests;

#[test]
fn every_test_that_the_table_names_exists() {
    let found = named_tests("docs/endpoint-faults.md");
    assert!(found > 30, "{found} names found");
}
