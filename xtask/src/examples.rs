//! Every example built and run: one that fails, does not end, or prints something else than the documents show,
//! fails the flow.

mod output;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::metadata::{Metadata, Target};
use crate::section::{Flow, Sections};
use crate::tidy::files;
use crate::workspace::Workspace;

/// How long one example may run: each shows something and ends.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How often a running example is looked at.
const POLL: Duration = Duration::from_millis(10);

pub(crate) fn run(workspace: &Workspace, sections: &mut Sections) -> Flow {
    let programs = sections.run("build the examples", "cargo xtask examples", || build(workspace))?;
    let names: Vec<_> = programs.iter().map(|(name, _)| &**name).collect();
    let shown = sections.run("outputs in documents", "cargo xtask examples", || {
        output::shown(&files::tracked(workspace)?, &names)
    })?;
    for (name, program) in &programs {
        let again = format!("cargo run --example {name}");
        sections.run(format!("example {name}"), &again, || {
            let mut command = Command::new(program);
            command.current_dir(&workspace.root);
            let log = workspace.metadata.target_directory.join("xtask").join(format!("{name}.log"));
            run_within(TIMEOUT, command, &log)?;
            let printed = fs::read(&log)?;
            output::compare(&shown, name, &String::from_utf8_lossy(&printed))
                .with_context(|| format!("its whole output is in {}", log.display()))
        })?;
    }
    Ok(())
}

/// Builds the targets of package `examples`; their names and executables.
fn build(workspace: &Workspace) -> anyhow::Result<Vec<(String, PathBuf)>> {
    // The same selection of members and features as the tests have, so that both share one build.
    let arguments = ["build", "--workspace", "--all-features", "--examples"];
    println!("$ cargo {}", arguments.join(" "));
    let messages = workspace
        .cargo(&[&arguments[..], &["--message-format", "json-render-diagnostics"]].concat())
        .read()?;
    find_programs(&workspace.metadata, &messages)
}

/// The part of cargo's messages that tells what was built from what.
#[derive(Deserialize)]
struct Message {
    target: Option<Target>,
    executable: Option<PathBuf>,
}

fn find_programs(metadata: &Metadata, messages: &str) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let mut built = BTreeMap::new();
    for line in messages.lines() {
        let message: Message = serde_json::from_str(line).context("cannot read a message of cargo")?;
        if let (Some(target), Some(executable)) = (message.target, message.executable) {
            built.insert(target.src_path, executable);
        }
    }
    let package = metadata.package("examples").context("the workspace has no package `examples`")?;
    let examples = package.targets.iter().filter(|target| target.is_example());
    examples
        .map(|target| {
            let program = built.remove(&target.src_path);
            Ok((
                target.name.clone(),
                program.with_context(|| format!("cargo built no example {}", target.name))?,
            ))
        })
        .collect()
}

/// Runs a program to its end; its output goes to `log` and is shown if it fails.
fn run_within(timeout: Duration, mut command: Command, log: &Path) -> anyhow::Result<()> {
    // A file takes both streams in the order they were written, and never fills up like a pipe.
    fs::create_dir_all(log.parent().context("the log has a folder")?)?;
    let output = File::create(log)?;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    let mut child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
    let deadline = Instant::now() + timeout;
    let failure = loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => break status.to_string(),
            None if Instant::now() >= deadline => {
                child.kill()?;
                child.wait()?;
                break format!("still running after {} s", timeout.as_secs_f64());
            }
            None => thread::sleep(POLL),
        }
    };
    println!("{}", String::from_utf8_lossy(&fs::read(log)?).trim_end());
    bail!("{failure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"{"target_directory": "target", "packages": [{
        "name": "examples", "publish": [], "dependencies": [], "targets": [
            {"name": "show", "kind": ["example"], "src_path": "examples/show.rs"},
            {"name": "tell", "kind": ["example"], "src_path": "examples/tell.rs"}]}]}"#;

    fn artifact(source: &str, executable: &str) -> String {
        format!(
            r#"{{"reason": "compiler-artifact", "executable": {executable},
                 "target": {{"name": "x", "kind": ["example"], "src_path": "{source}"}}}}"#
        )
        .replace('\n', " ")
    }

    fn find(messages: &[String]) -> anyhow::Result<Vec<(String, PathBuf)>> {
        find_programs(
            &Metadata::parse(METADATA).expect("the text is what cargo prints"),
            &messages.join("\n"),
        )
    }

    #[test]
    fn the_programs_are_those_of_package_examples() {
        let built = find(&[
            artifact("examples/tell.rs", r#""target/tell""#),
            artifact("crates/other/examples/show.rs", r#""target/other""#),
            artifact("crates/other/src/lib.rs", "null"),
            artifact("examples/show.rs", r#""target/show""#),
            r#"{"reason": "build-finished", "success": true}"#.to_owned(),
        ]);
        let expected = [("show".to_owned(), "target/show".into()), ("tell".to_owned(), "target/tell".into())];
        assert_eq!(built.expect("all are built"), expected);
    }

    #[test]
    fn an_example_that_was_not_built_is_reported() {
        let built = find(&[artifact("examples/tell.rs", r#""target/tell""#)]);
        assert_eq!(built.expect_err("show is missing").to_string(), "cargo built no example show");
    }

    #[cfg(unix)]
    mod programs {
        use super::*;

        fn shell(name: &str, script: &str, timeout: Duration) -> (anyhow::Result<()>, String) {
            let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
            let log = folder.join("log");
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            let outcome = run_within(timeout, command, &log);
            let output = fs::read_to_string(&log).expect("the log was written");
            fs::remove_dir_all(&folder).expect("the folder is ours");
            (outcome, output)
        }

        #[test]
        fn a_program_that_ends_well_passes_and_leaves_its_output() {
            let (outcome, output) = shell("well", "echo out; echo err >&2", TIMEOUT);
            outcome.expect("it exits with 0");
            assert_eq!(output, "out\nerr\n");
        }

        #[test]
        fn a_program_that_exits_with_an_error_fails() {
            let (outcome, _) = shell("badly", "echo why; exit 3", TIMEOUT);
            assert!(outcome.expect_err("it exits with 3").to_string().contains('3'));
        }

        #[test]
        fn a_program_that_does_not_end_is_stopped() {
            let (outcome, _) = shell("never", "exec sleep 600", Duration::from_millis(50));
            assert!(outcome.expect_err("it sleeps").to_string().starts_with("still running"));
        }
    }
}
