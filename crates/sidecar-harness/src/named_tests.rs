//! Documents that name tests: each of them exists.

use std::fs;
use std::path::Path;

/// Looks up every `CRATE FILE::TEST` that a document of this repository names between backticks, and says how many it
/// names.
///
/// # Panics
/// When one does not exist.
#[must_use]
pub fn named_tests(document: &str) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join(document)).unwrap_or_else(|error| panic!("{document}: {error}"));
    // Every second piece between backticks is code.
    let named = text.split('`').skip(1).step_by(2).filter_map(|code| code.split_once("::"));
    let mut found = 0;
    for (place, test) in named.filter(|(place, _)| place.starts_with("sidecar-")) {
        let (package, file) = place.split_once(' ').expect("CRATE FILE::TEST");
        let path = root.join("crates").join(package).join("tests/it").join(format!("{file}.rs"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let is_there = text.contains(&format!("#[test]\nfn {test}("));
        assert!(is_there, "no {test} in {}", path.display());
        found += 1;
    }
    found
}
