//! What it takes to build each package from nothing: how many crates, and how long.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::Context as _;
use serde::Deserialize;

use crate::metadata::Package;
use crate::workspace::Workspace;

/// A package, with features beyond its default ones.
struct Build<'a> {
    package: &'a str,
    features: &'a str,
}

/// One table row for each published package, alone, and for the facade with all of its features. Optimised code is not
/// asked for; sources have been fetched before.
pub(super) fn table(workspace: &Workspace) -> anyhow::Result<String> {
    let packages = workspace.metadata.packages.iter().filter(|package| package.is_published());
    let mut builds: Vec<_> =
        packages.map(|Package { name, .. }| Build { package: name, features: "" }).collect();
    builds.push(Build { package: "sidecar-runtime", features: "full" });
    let mut table =
        String::from("| package | features | crates compiled | seconds |\n| --- | --- | ---: | ---: |\n");
    for build in builds {
        let row = measure(workspace, &build)?;
        println!("{row}");
        table += &row;
        table.push('\n');
    }
    Ok(table)
}

fn measure(workspace: &Workspace, build: &Build<'_>) -> anyhow::Result<String> {
    let target = workspace.metadata.target_directory.join("bench").join("builds");
    workspace.shell.remove_path(&target).context("the last build's folder stays")?;
    let mut arguments = vec!["build", "--package", build.package, "--message-format=json-render-diagnostics"];
    if !build.features.is_empty() {
        arguments.extend(["--features", build.features]);
    }
    let start = Instant::now();
    let messages = workspace.cargo(&arguments).env("CARGO_TARGET_DIR", &target).read()?;
    let seconds = start.elapsed().as_secs_f64();
    workspace.shell.remove_path(&target)?;
    let features = if build.features.is_empty() { "default" } else { build.features };
    let crates = compiled(&messages);
    Ok(format!("| `{}` | {features} | {crates} | {seconds:.1} |", build.package))
}

#[derive(Deserialize)]
struct Artifact {
    package_id: String,
    #[serde(rename = "filenames")]
    _files: Vec<String>,
}

/// How many packages cargo's messages, one to a line, say were built; one with a build script counts once.
fn compiled(messages: &str) -> usize {
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
    artifacts.map(|artifact| artifact.package_id).collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_counts_once_whatever_was_built_of_it() {
        let messages = r#"{"reason":"compiler-artifact","package_id":"a","filenames":["build-script"]}
{"reason":"build-script-executed","package_id":"a"}
{"reason":"compiler-artifact","package_id":"a","filenames":["liba.rlib"]}
{"reason":"compiler-artifact","package_id":"b","filenames":["libb.rlib"]}
{"reason":"build-finished","success":true}"#;
        assert_eq!(compiled(messages), 2);
    }
}
