//! The parsers fed by libFuzzer, each for a bounded time: `crates/sidecar-fuzz` has the targets.
//!
//! It builds what `cargo fuzz` builds and needs no nightly compiler, because coverage is all that is asked
//! for: the parsers are safe code, in which a sanitizer finds nothing.

mod build;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

use crate::section::{Flow, Sections};
use crate::workspace::Workspace;

/// How long each target runs where nothing else is asked for.
pub(crate) const DEFAULT_SECONDS: u64 = 10;

/// How long one input may take, in seconds: the longest that libFuzzer makes takes milliseconds.
const INPUT_SECONDS: u64 = 10;

/// What a target may use, in MiB.
const MEMORY_MB: u64 = 1_024;

/// Longest input that is made, in bytes.
const MAX_INPUT_BYTES: u64 = 4_096;

/// Lines of a failed run's log that are shown, from its end.
const SHOWN_LINES: usize = 40;

pub(crate) fn run(workspace: &Workspace, sections: &mut Sections, only: Option<&str>, seconds: u64) -> Flow {
    if let Err(why) = build::possible() {
        return sections.skip("fuzz", why);
    }
    let targets = sections.run("fuzz targets", "cargo xtask fuzz", || {
        bounded(seconds)?;
        targets(workspace, only)
    })?;
    let program = sections.run("build the fuzz targets", "cargo xtask fuzz", || build::run(workspace))?;
    targets.iter().try_for_each(|target| {
        let again = format!("cargo xtask fuzz {target} --seconds {seconds}");
        sections.run(format!("fuzz {target}"), &again, || fuzz(workspace, &program, target, seconds))
    })
}

/// The targets, by their folders of seeds.
fn targets(workspace: &Workspace, only: Option<&str>) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(seeds(workspace)).context("cannot list the seeds")? {
        names.extend(entry?.file_name().into_string());
    }
    names.sort();
    let listed = names.join(", ");
    println!("{listed}");
    if let Some(only) = only {
        names.retain(|name| name == only);
        ensure!(!names.is_empty(), "{only} is no target; there are {listed}");
    }
    Ok(names)
}

fn fuzz(workspace: &Workspace, program: &Path, target: &str, seconds: u64) -> anyhow::Result<()> {
    let root = workspace.metadata.target_directory.join("fuzz");
    // What earlier runs have found worth keeping goes on growing here.
    let corpus = root.join("corpus").join(target);
    let crashes = root.join("crashes");
    // A target's files go here, so that nothing is left elsewhere where it crashes.
    let scratch = root.join("scratch");
    for folder in [&corpus, &crashes, &scratch] {
        fs::create_dir_all(folder)?;
    }
    let log = root.join(format!("{target}.log"));
    let output = File::create(&log)?;
    let mut command = Command::new(program);
    command
        .arg(&corpus)
        .arg(seeds(workspace).join(target))
        .args(limits(seconds))
        .arg(format!("-artifact_prefix={}", crashes.join(format!("{target}-")).display()))
        .env("SIDECAR_FUZZ_TARGET", target)
        .env("TMPDIR", &scratch)
        .current_dir(&workspace.root)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output);
    let status = command.status().with_context(|| format!("cannot run {}", program.display()))?;
    let _ = fs::remove_dir_all(&scratch);
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    if status.success() {
        println!("{}", done(&text).context("libFuzzer has not said that it is done")?);
        return Ok(());
    }
    let lines: Vec<&str> = text.lines().collect();
    println!("{}", lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n"));
    match written(&text) {
        Some(input) => bail!(
            "the input is kept; it is run again with: cargo run --package sidecar-fuzz -- {target} {}",
            input.strip_prefix(&workspace.root).unwrap_or(&input).display()
        ),
        None => bail!("{status}; the whole log is {}", log.display()),
    }
}

/// To libFuzzer no time is all the time in the world.
fn bounded(seconds: u64) -> anyhow::Result<()> {
    ensure!(seconds > 0, "--seconds 0 would never end: at least 1");
    Ok(())
}

fn limits(seconds: u64) -> [String; 4] {
    [
        format!("-max_total_time={seconds}"),
        format!("-timeout={INPUT_SECONDS}"),
        format!("-rss_limit_mb={MEMORY_MB}"),
        format!("-max_len={MAX_INPUT_BYTES}"),
    ]
}

fn seeds(workspace: &Workspace) -> PathBuf {
    workspace.root.join("crates/sidecar-fuzz/seeds")
}

/// The last line of a run that found nothing.
fn done(log: &str) -> Option<&str> {
    log.lines().rev().find(|line| line.starts_with("Done "))
}

/// Where libFuzzer has written the input that ended it.
fn written(log: &str) -> Option<PathBuf> {
    log.lines().find_map(|line| line.split_once("Test unit written to ")).map(|(_, path)| path.trim().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_found_and_one_alone_can_be_chosen() {
        let workspace = Workspace::open().expect("the tests run inside the workspace");
        let all = targets(&workspace, None).expect("there are seeds");
        assert!(all.contains(&"config".to_owned()), "{all:?}");
        assert_eq!(targets(&workspace, Some("config")).expect("it is there"), ["config"]);
        let error = targets(&workspace, Some("absent")).expect_err("it is not there").to_string();
        assert!(error.starts_with("absent is no target; there are accept, "), "{error}");
    }

    #[test]
    fn a_run_without_an_end_is_refused() {
        assert!(bounded(0).is_err());
        bounded(1).expect("a second is a time");
    }

    #[test]
    fn the_end_of_a_run_and_the_place_of_a_crash_are_read_from_the_log() {
        let passed = "#2 INITED cov: 12\n#9 NEW cov: 13\nDone 9 runs in 11 second(s)\n";
        assert_eq!((done(passed), written(passed)), (Some("Done 9 runs in 11 second(s)"), None));
        let crashed = "==7== ERROR: libFuzzer: deadly signal\n\
                       artifact_prefix='c/x-'; Test unit written to c/x-crash-12\nBase64: AA==\n";
        assert_eq!((done(crashed), written(crashed)), (None, Some(PathBuf::from("c/x-crash-12"))));
    }
}
