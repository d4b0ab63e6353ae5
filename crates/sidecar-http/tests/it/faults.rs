//! The table of faults names tests that exist.

use std::fs;
use std::path::Path;

#[test]
fn every_test_that_the_table_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let table = fs::read_to_string(root.join("docs/endpoint-faults.md")).expect("the table");
    // Every second piece between backticks is code.
    let named = table.split('`').skip(1).step_by(2).filter_map(|code| code.split_once("::"));
    let mut found = 0;
    for (place, test) in named.filter(|(place, _)| place.starts_with("sidecar-")) {
        let (package, file) = place.split_once(' ').expect("CRATE FILE::TEST");
        let path = root.join("crates").join(package).join("tests/it").join(format!("{file}.rs"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(text.contains(&format!("#[test]\nfn {test}(")), "no {test} in {}", path.display());
        found += 1;
    }
    assert!(found > 30, "{found} names found");
}
