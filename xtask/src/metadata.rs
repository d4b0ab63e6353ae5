//! What `cargo metadata --no-deps` says of the workspace, as far as the flows read it.

use std::path::PathBuf;

use serde::Deserialize;

/// The workspace: its members and where they are built.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) target_directory: PathBuf,
}

/// One member.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
    /// The registries it may go to: absent for any, empty for `publish = false`.
    publish: Option<Vec<String>>,
}

/// One line of a member's dependency tables.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    /// The package's name, also where the manifest renames it.
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) kind: Option<Kind>,
}

/// The table a dependency stands in; absent for `[dependencies]`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Build,
    Dev,
}

/// Something a member builds.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
    pub(crate) src_path: PathBuf,
}

impl Package {
    pub(crate) fn is_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|registries| !registries.is_empty())
    }
}

impl Target {
    pub(crate) fn is_example(&self) -> bool {
        self.kind.iter().any(|kind| kind == "example")
    }
}

impl Metadata {
    pub(crate) fn parse(json: &str) -> serde_json::Result<Self> {
        serde_json::from_str(json)
    }

    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// The members that may be published, in the order of the workspace.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.is_published())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{
        "target_directory": "target",
        "packages": [
            {"name": "open", "publish": null, "targets": [], "dependencies": [
                {"name": "a", "kind": null}, {"name": "b", "kind": "dev"}, {"name": "c", "kind": "build"}]},
            {"name": "closed", "publish": [], "dependencies": [],
                "targets": [{"name": "show", "kind": ["example"], "src_path": "show.rs"}]},
            {"name": "inside", "publish": ["ours"], "targets": [], "dependencies": []}
        ]
    }"#;

    #[test]
    fn an_empty_list_of_registries_means_unpublished() {
        let metadata = Metadata::parse(JSON).expect("the text is what cargo prints");
        let published: Vec<_> = metadata.published().map(|package| &package.name).collect();
        assert_eq!(published, ["open", "inside"]);
    }

    #[test]
    fn kinds_of_dependencies_and_targets_are_told_apart() {
        let metadata = Metadata::parse(JSON).expect("the text is what cargo prints");
        let open = metadata.package("open").expect("it is a member");
        let kinds: Vec<_> = open.dependencies.iter().map(|dependency| dependency.kind).collect();
        assert_eq!(kinds, [None, Some(Kind::Dev), Some(Kind::Build)]);
        assert!(metadata.package("closed").expect("it is a member").targets[0].is_example());
        assert!(metadata.package("absent").is_none());
    }
}
