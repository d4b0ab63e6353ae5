//! Benchmarks: measured against the floor and the peers, run once, or counted in instructions.

mod builds;
mod document;
mod machine;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;
use xshell::cmd;

use crate::flags;
use crate::metadata::Metadata;
use crate::section::{Flow, Sections};
use crate::tools;
use crate::workspace::Workspace;

/// The member that holds the suites.
const PACKAGE: &str = "benches";

/// The suite that measures servers, and what is said where what loads them is missing.
const UNDER_LOAD: &str = "http";
const NO_LOAD: &str = "wrk is not installed; Debian's package wrk has it";

/// The function inside which a suite does all that it measures; the stars stand for what the compiler adds.
const TIMED: &str = "*timed_section*";

pub(crate) fn run(workspace: &Workspace, sections: &mut Sections, flags: &flags::Bench) -> Flow {
    let again = "cargo xtask bench";
    let suites = sections.run("suites", again, || chosen(&workspace.metadata, flags.suite.as_deref()))?;
    if flags.smoke {
        return once(workspace, sections, &suites);
    }
    let programs = sections.run("build the benchmarks", again, || build(workspace, &suites))?;
    let mut tables = Vec::new();
    for (suite, program) in suites.iter().zip(&programs) {
        let again = format!("cargo xtask bench {suite}");
        if is_out_of_load(suite) {
            sections.skip(&format!("bench {suite}"), NO_LOAD)?;
            continue;
        }
        if flags.counts {
            sections.run(format!("count {suite}"), &format!("{again} --counts"), || {
                count(workspace, suite, program)
            })?;
        } else {
            let table =
                sections.run(format!("bench {suite}"), &again, || measure(workspace, suite, program))?;
            tables.push((suite.clone(), table));
        }
    }
    if flags.suite.as_deref() == Some(ALL) && !flags.counts {
        let again = "cargo xtask bench all";
        let builds = sections.run("builds from nothing", again, || builds::table(workspace))?;
        sections.run("the documents' tables", again, || write(workspace, &tables, &builds))?;
    }
    Ok(())
}

/// Puts the tables of this run into the documents.
fn write(workspace: &Workspace, tables: &[(String, String)], builds: &str) -> anyhow::Result<()> {
    let (benchmarks, readme) = (workspace.root.join("docs/benchmarks.md"), workspace.root.join("README.md"));
    let mut text = fs::read_to_string(&benchmarks)?;
    for (suite, table) in tables {
        text = document::with_table(&text, suite, table)?;
    }
    text = document::with_table(&text, "builds", builds)?;
    text = document::with_table(&text, "machine", &machine::table(&workspace.shell))?;
    let figures = document::with_figures(&fs::read_to_string(&readme)?, tables)?;
    fs::write(benchmarks, text)?;
    fs::write(readme, figures)?;
    Ok(())
}

/// Every benchmark once, as built for tests: whether they work, not how fast.
pub(crate) fn smoke(workspace: &Workspace, sections: &mut Sections) -> Flow {
    once(workspace, sections, &suites(&workspace.metadata))
}

fn once(workspace: &Workspace, sections: &mut Sections, suites: &[String]) -> Flow {
    sections.run("bench once", "cargo xtask bench --smoke", || {
        // With the features that the tests were built with, so that nothing is built twice.
        let mut arguments = vec!["test", "--workspace", "--all-features"];
        arguments.extend(suites.iter().flat_map(|suite| ["--bench", suite]));
        arguments.extend(["--", "--smoke"]);
        workspace.run_cargo(&arguments)
    })?;
    match suites.iter().find(|suite| is_out_of_load(suite)) {
        Some(suite) => sections.skip(&format!("bench {suite} under load"), NO_LOAD),
        None => Ok(()),
    }
}

/// Whether the suite measures servers, and nothing is there to load them.
fn is_out_of_load(suite: &str) -> bool {
    suite == UNDER_LOAD && !tools::is_there("wrk")
}

/// Measures a suite; its table as the suite has printed it.
fn measure(workspace: &Workspace, suite: &str, program: &Path) -> anyhow::Result<String> {
    let folder = folder(workspace)?;
    let results = folder.join(format!("{suite}.json"));
    let printed = cmd!(workspace.shell, "{program} --interleaved {results}").quiet().read()?;
    println!("{printed}\n\nwritten: {}", results.display());
    Ok(document::table_in(&printed))
}

fn count(workspace: &Workspace, suite: &str, program: &Path) -> anyhow::Result<()> {
    if cmd!(workspace.shell, "valgrind --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        println!("valgrind is not installed: no instructions are counted");
        return Ok(());
    }
    let data = folder(workspace)?.join(format!("{suite}.callgrind"));
    let cases = cmd!(workspace.shell, "{program} --cases").quiet().read()?;
    if cases.is_empty() {
        println!("no instructions are counted in this suite");
        return Ok(());
    }
    println!("| id | subject | instructions |\n| --- | --- | ---: |");
    for case in cases.lines() {
        let Some((id, subject, operations)) = fields(case) else {
            bail!("not a case: {case}");
        };
        let output = cmd!(
            workspace.shell,
            "valgrind --tool=callgrind --toggle-collect={TIMED} --callgrind-out-file={data}
                {program} --count {id} {subject}"
        );
        let report = output.quiet().ignore_stdout().read_stderr()?;
        let instructions = collected(&report)
            .with_context(|| format!("callgrind does not say what it counted:\n{report}"))?;
        ensure!(instructions > 0, "{id} of {subject}: nothing ran inside {TIMED}");
        println!("| {id} | {subject} | {:.1} |", instructions as f64 / operations as f64);
    }
    Ok(())
}

/// Builds the suites and says where their programs are, in the same order.
fn build(workspace: &Workspace, suites: &[String]) -> anyhow::Result<Vec<PathBuf>> {
    let mut arguments = vec!["bench", "--package", PACKAGE, "--no-run"];
    arguments.extend(suites.iter().flat_map(|suite| ["--bench", suite]));
    println!("$ cargo {}", arguments.join(" "));
    arguments.push("--message-format=json-render-diagnostics");
    let messages = workspace.cargo(&arguments).read()?;
    let program = |suite: &String| {
        executable(&messages, suite).with_context(|| format!("cargo names no program for {suite}"))
    };
    suites.iter().map(program).collect()
}

/// Where results go.
fn folder(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.metadata.target_directory.join("bench");
    workspace.shell.create_dir(&folder)?;
    Ok(folder)
}

/// The suites there are, in the order of their names.
fn suites(metadata: &Metadata) -> Vec<String> {
    let targets = metadata.package(PACKAGE).into_iter().flat_map(|package| &package.targets);
    let benches = targets.filter(|target| target.kind.iter().any(|kind| kind == "bench"));
    let mut suites: Vec<_> = benches.map(|target| target.name.clone()).collect();
    suites.sort();
    suites
}

/// The word for all suites, whose tables go into the documents.
const ALL: &str = "all";

/// The suite that was asked for, else all of them.
fn chosen(metadata: &Metadata, suite: Option<&str>) -> anyhow::Result<Vec<String>> {
    let all = suites(metadata);
    let chosen = match suite.filter(|suite| *suite != ALL) {
        Some(suite) => all.iter().filter(|name| *name == suite).cloned().collect(),
        None => all.clone(),
    };
    ensure!(!chosen.is_empty(), "there is no such suite: there are {}", all.join(", "));
    println!("{}", chosen.join(", "));
    Ok(chosen)
}

/// What cargo says of something it has built.
#[derive(Debug, Deserialize)]
struct Artifact {
    target: Named,
    executable: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

/// The program of this suite among cargo's messages, one to a line.
fn executable(messages: &str, suite: &str) -> Option<PathBuf> {
    // Most messages are of another shape.
    let mut artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
    artifacts.find_map(|artifact| artifact.executable.filter(|_| artifact.target.name == suite))
}

/// Id, subject and number of operations of a case, as a suite lists it.
fn fields(case: &str) -> Option<(&str, &str, u64)> {
    let (id, rest) = case.split_once('\t')?;
    let (subject, operations) = rest.split_once('\t')?;
    Some((id, subject, operations.parse().ok()?))
}

/// The number of instructions in a report of callgrind.
fn collected(report: &str) -> Option<u64> {
    let line = report.lines().find_map(|line| line.split_once("Collected :"))?;
    line.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata() -> Metadata {
        let json = r#"{"target_directory": "target", "packages": [
            {"name": "benches", "publish": [], "dependencies": [], "targets": [
                {"name": "harness", "kind": ["lib"], "src_path": "lib.rs"},
                {"name": "events", "kind": ["bench"], "src_path": "events.rs"},
                {"name": "breaker", "kind": ["bench"], "src_path": "breaker.rs"}]},
            {"name": "other", "publish": [], "dependencies": [], "targets": [
                {"name": "speed", "kind": ["bench"], "src_path": "speed.rs"}]}]}"#;
        Metadata::parse(json).expect("the text is what cargo prints")
    }

    #[test]
    fn suites_are_the_benchmarks_of_one_member() {
        assert_eq!(suites(&metadata()), ["breaker", "events"]);
        assert_eq!(chosen(&metadata(), Some("events")).expect("it is there"), ["events"]);
        for all in [None, Some("all")] {
            assert_eq!(chosen(&metadata(), all).expect("there are some").len(), 2);
        }
    }

    #[test]
    fn a_suite_that_is_not_there_is_answered_with_those_that_are() {
        let error = chosen(&metadata(), Some("speed")).expect_err("it is not there");
        assert_eq!(error.to_string(), "there is no such suite: there are breaker, events");
    }

    #[test]
    fn the_program_is_found_among_other_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"events"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"breaker"},"executable":"target/release/deps/breaker-1"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages, "breaker"), Some("target/release/deps/breaker-1".into()));
        assert_eq!(executable(messages, "events"), None);
    }

    #[test]
    fn a_listed_case_has_three_fields() {
        assert_eq!(fields("open/reject\tours\t500"), Some(("open/reject", "ours", 500)));
        assert_eq!(fields("open/reject\tours"), None);
        assert_eq!(fields(""), None);
    }

    #[test]
    fn callgrind_says_how_many_instructions_it_counted() {
        let report = "==7== Events    : Ir\n==7== Collected : 150000\n==7==\n==7== I   refs:      150,000\n";
        assert_eq!(collected(report), Some(150_000));
        assert_eq!(collected("==7== Events    : Ir\n"), None);
    }
}
