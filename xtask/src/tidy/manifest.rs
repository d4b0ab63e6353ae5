//! Manifests: what the workspace says once, its members inherit; a folder is called as its package.

use std::collections::BTreeMap;

use super::Finding;

/// Keys of `[package]` that the workspace sets for everyone.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license"];

/// Whether this is the manifest of a member, not the root's and not a test's material.
pub(super) fn is_of_a_member(path: &str) -> bool {
    let parts: Vec<_> = path.split('/').collect();
    matches!(parts[..], ["crates", _, "Cargo.toml"] | [_, "Cargo.toml"])
}

pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    let manifest = Manifest::read(text);
    let mut found = Vec::new();
    for key in INHERITED {
        // What is never published has no version to keep in step.
        let unversioned = *key == "version"
            && manifest.is("package", "publish", "false")
            && manifest.is("package", "version", "\"0.0.0\"");
        if !manifest.inherits("package", key) && !unversioned {
            found.push(Finding::new(path, 0, format!("[package] needs `{key}.workspace = true`")));
        }
    }
    if !manifest.is("package", "publish", "false") && !manifest.inherits("package", "readme") {
        found.push(Finding::new(path, 0, "[package] of a published crate needs `readme.workspace = true`"));
    }
    if !manifest.is("lints", "workspace", "true") && !manifest.inherits("", "lints") {
        found.push(Finding::new(path, 0, "the manifest needs `[lints] workspace = true`"));
    }
    let folder = path.rsplit('/').nth(1).unwrap_or_default();
    if !manifest.is("package", "name", &format!("\"{folder}\"")) {
        found.push(Finding::new(path, 0, format!("the package is not called {folder} as its folder is")));
    }
    found
}

/// The keys of a manifest with the text of their values: as much of TOML as these rules ask about.
struct Manifest<'a>(BTreeMap<(&'a str, &'a str), String>);

impl<'a> Manifest<'a> {
    fn read(text: &'a str) -> Self {
        let mut table = "";
        let mut values = BTreeMap::new();
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
                table = name.trim();
            } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
                let value = value.split('#').next().unwrap_or_default();
                values.insert((table, key.trim()), value.split_whitespace().collect());
            }
        }
        Self(values)
    }

    fn is(&self, table: &'a str, key: &'a str, value: &str) -> bool {
        self.0.get(&(table, key)).is_some_and(|found| found == value)
    }

    fn inherits(&self, table: &'a str, key: &'a str) -> bool {
        self.is(table, key, "{workspace=true}")
            || self.0.iter().any(|((in_table, dotted), value)| {
                *in_table == table && dotted.strip_suffix(".workspace") == Some(key) && value == "true"
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
[package]
name = \"sidecar-core\"
version.workspace = true
edition.workspace = true # once for all
rust-version = { workspace = true }
license.workspace = true
readme.workspace = true

[dependencies]
serde = { workspace = true }

[lints]
workspace = true
";

    fn found(text: &str) -> Vec<String> {
        check("crates/sidecar-core/Cargo.toml", text).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn a_member_that_inherits_all_passes() {
        assert_eq!(found(GOOD), [""; 0]);
        let dotted = GOOD.replace("[lints]\nworkspace = true\n", "");
        assert_eq!(found(&format!("lints.workspace = true\n{dotted}")), [""; 0]);
    }

    #[test]
    fn a_key_of_its_own_is_caught() {
        for key in INHERITED {
            let own = GOOD.replace(&format!("\n{key}.workspace = true"), &format!("\n{key} = \"1\""));
            let own = own.replace(&format!("\n{key} = {{ workspace = true }}"), &format!("\n{key} = \"1\""));
            assert_eq!(found(&own), [format!("[package] needs `{key}.workspace = true`")]);
        }
    }

    #[test]
    fn a_package_without_the_readme_is_caught() {
        let bare = GOOD.replace("readme.workspace = true\n", "");
        assert_eq!(found(&bare), ["[package] of a published crate needs `readme.workspace = true`"]);
        assert_eq!(found(&bare.replace("[package]", "[package]\npublish = false")), [""; 0]);
    }

    #[test]
    fn a_key_in_another_table_does_not_count() {
        let moved =
            GOOD.replace("edition.workspace = true # once for all\n", "") + "edition.workspace = true\n";
        assert_eq!(found(&moved), ["[package] needs `edition.workspace = true`"]);
    }

    #[test]
    fn a_key_behind_a_comment_sign_does_not_count() {
        let commented = GOOD.replace("license.workspace", "# license.workspace");
        assert_eq!(found(&commented), ["[package] needs `license.workspace = true`"]);
    }

    #[test]
    fn lints_of_its_own_are_caught() {
        let own = GOOD.replace("[lints]\nworkspace = true\n", "[lints.rust]\nunsafe_code = \"deny\"\n");
        assert_eq!(found(&own), ["the manifest needs `[lints] workspace = true`"]);
    }

    #[test]
    fn a_folder_called_otherwise_is_caught() {
        let renamed = GOOD.replace("sidecar-core", "core");
        assert_eq!(found(&renamed), ["the package is not called sidecar-core as its folder is"]);
    }

    #[test]
    fn only_an_unpublished_member_may_go_without_a_version() {
        let unversioned = GOOD.replace("version.workspace = true\nedition", "version = \"0.0.0\"\nedition");
        assert_eq!(found(&unversioned), ["[package] needs `version.workspace = true`"]);
        let unpublished = unversioned.replace("[package]", "[package]\npublish = false");
        assert_eq!(found(&unpublished), [""; 0]);
    }

    #[test]
    fn members_are_told_from_the_root_and_from_test_material() {
        assert!(is_of_a_member("crates/sidecar-core/Cargo.toml"));
        assert!(is_of_a_member("xtask/Cargo.toml"));
        assert!(!is_of_a_member("Cargo.toml"));
        assert!(!is_of_a_member("crates/sidecar-core/tests/data/Cargo.toml"));
    }
}
