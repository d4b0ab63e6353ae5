//! The models of lock-free code, run by loom: every order in which threads may meet, within a bound.

use anyhow::ensure;

use crate::metadata::{Kind, Metadata, Package};
use crate::section::{Flow, Sections};
use crate::workspace::Workspace;

/// How often a thread may lose its turn against its will. Loom's documentation advises
/// two or three: enough for most bugs, and each more multiplies the orders to run.
const PREEMPTIONS: &str = "3";

/// The modules that hold models; the other tests of those crates cannot run with loom's atomics.
const MODELS: &str = "models::";

pub(crate) fn run(workspace: &Workspace, sections: &mut Sections) -> Flow {
    sections.run("loom", "cargo xtask loom", || {
        let flags = with_loom(workspace.shell.var("RUSTFLAGS").ok());
        let _flags = workspace.shell.push_env("RUSTFLAGS", flags);
        let _bound = workspace.shell.push_env("LOOM_MAX_PREEMPTIONS", PREEMPTIONS);
        // A folder of its own: other flags would have everything built again, here and by the next command.
        let target = workspace.metadata.target_directory.join("loom");
        let packages = packages(&workspace.metadata);
        let mut arguments = vec!["test", "--lib", "--no-fail-fast"];
        packages.iter().for_each(|package| arguments.extend(["--package", package]));
        arguments.push(MODELS);
        println!("$ cargo {}", arguments.join(" "));
        // A command that fails has said less than this asks for.
        let said = workspace.cargo(&arguments).env("CARGO_TARGET_DIR", target).ignore_status().read()?;
        println!("{said}");
        let proven = proven(&said);
        ensure!(proven == packages.len(), "crates whose models ran and hold: {proven} of {}", packages.len());
        Ok(())
    })
}

/// The members that run models: those whose tests use loom.
fn packages(metadata: &Metadata) -> Vec<&str> {
    let uses_loom = |package: &&Package| {
        package.dependencies.iter().any(|used| used.name == "loom" && used.kind == Some(Kind::Dev))
    };
    metadata.packages.iter().filter(uses_loom).map(|package| &*package.name).collect()
}

/// Adds to the caller's flags instead of replacing them.
fn with_loom(flags: Option<String>) -> String {
    const LOOM: &str = "--cfg sidecar_loom";
    match flags {
        Some(flags) if !flags.trim().is_empty() => format!("{flags} {LOOM}"),
        _ => LOOM.to_owned(),
    }
}

/// How many test programs passed; one that found no test to run proves nothing.
fn proven(said: &str) -> usize {
    let passed = said.lines().filter(|line| line.starts_with("test result: ok. "));
    passed.filter(|line| !line.contains(" 0 passed;")).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_whose_tests_use_loom_run_models() {
        let json = r#"{"target_directory": "target", "packages": [
            {"name": "seam", "publish": null, "targets": [], "dependencies": [{"name": "loom", "kind": null}]},
            {"name": "lock-free", "publish": null, "targets": [], "dependencies": [{"name": "loom", "kind": "dev"}]},
            {"name": "plain", "publish": null, "targets": [], "dependencies": [{"name": "serde", "kind": "dev"}]}]}"#;
        let metadata = Metadata::parse(json).expect("the text is what cargo prints");
        assert_eq!(packages(&metadata), ["lock-free"]);
    }

    #[test]
    fn the_callers_flags_are_kept() {
        assert_eq!(with_loom(None), "--cfg sidecar_loom");
        assert_eq!(with_loom(Some(" ".into())), "--cfg sidecar_loom");
        assert_eq!(with_loom(Some("-C debuginfo=0".into())), "-C debuginfo=0 --cfg sidecar_loom");
    }

    #[test]
    fn only_models_that_ran_and_hold_prove_something() {
        assert_eq!(proven("running 3 tests\ntest result: ok. 3 passed; 0 failed; 2 filtered out\n"), 1);
        assert_eq!(proven("test result: ok. 10 passed; 0 failed\n\ntest result: ok. 1 passed; 0 failed"), 2);
        assert_eq!(proven("test result: ok. 0 passed; 0 failed; 5 filtered out\n"), 0);
        assert_eq!(proven("test result: FAILED. 2 passed; 1 failed\n"), 0);
        assert_eq!(proven(""), 0);
    }
}
