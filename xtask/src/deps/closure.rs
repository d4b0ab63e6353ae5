//! How many crates a piece compiles when it is taken alone.

use std::collections::BTreeSet;

use anyhow::ensure;

/// The pieces that promise to be small, and the most crates each compiles with its default features,
/// itself counted.
pub(super) const LIMITS: &[(&str, usize)] = &[("sidecar-breaker", 12)];

/// The arguments with which cargo lists what `package` compiles for the host.
pub(super) fn tree_of(package: &str) -> [&str; 7] {
    ["tree", "--package", package, "--edges", "normal,build", "--prefix", "none"]
}

/// Says how many crates the tree holds, or fails where they are more than the limit.
pub(super) fn within(tree: &str, package: &str, limit: usize) -> anyhow::Result<String> {
    let crates = crates(tree);
    let count = crates.len();
    ensure!(
        count <= limit,
        "{package} compiles {count} crates, at most {limit} are allowed: {}",
        crates.into_iter().collect::<Vec<_>>().join(", ")
    );
    Ok(format!("{package} compiles {count} crates with default features, at most {limit} are allowed"))
}

/// The distinct crates of a tree: name and version, which start every line.
fn crates(tree: &str) -> BTreeSet<String> {
    tree.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some(format!("{} {}", words.next()?, words.next()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "\
sidecar-breaker v0.1.0 (crates/sidecar-breaker)
arc-swap v1.9.5
rustversion v1.0.23 (proc-macro)
sidecar-core v0.1.0 (crates/sidecar-core)
arc-swap v1.9.5 (*)

bitflags v1.3.2
bitflags v2.13.2
";

    #[test]
    fn a_crate_is_counted_once_and_each_of_its_versions_counts() {
        assert_eq!(crates(TREE).len(), 6, "{:?}", crates(TREE));
    }

    #[test]
    fn the_limit_itself_is_allowed_and_one_more_crate_is_not() {
        assert!(within(TREE, "sidecar-breaker", 6).is_ok());
        let error = within(TREE, "sidecar-breaker", 5).expect_err("it is one too many").to_string();
        assert!(error.contains("compiles 6 crates") && error.contains("bitflags v2.13.2"), "{error}");
    }
}
