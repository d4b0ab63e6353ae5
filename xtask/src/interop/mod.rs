//! The `sidecar` program with the real servers of its surroundings, each on a loopback port of its own; and its
//! exposition, read by somebody else's library.
//!
//! One file per counterpart. Where its program is not installed, its part says so and is skipped.

mod alertmanager;
mod browser;
mod grafana;
mod guides;
mod http;
mod page;
mod prometheus;
mod pushgateway;
mod pytest;
mod python;
mod rules;
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::section::{Flow, Sections};
use crate::tools::is_installed;
use crate::workspace::Workspace;
use server::Server;

const AGAIN: &str = "cargo xtask interop";

/// How long one server's part may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How often something that is awaited is looked for.
const POLL: Duration = Duration::from_millis(50);

/// Runs every part, or one: `only` is its name.
pub(crate) fn run(workspace: &Workspace, sections: &mut Sections, only: Option<&str>) -> Flow {
    let wanted = |name| only.is_none_or(|only| only == name);
    let others = ["python", "pytest", "shipped rules"];
    if !PARTS.iter().map(|(name, ..)| *name).chain(others).any(wanted) {
        return sections.run("interop", AGAIN, || bail!("there is no part {}", only.unwrap_or_default()));
    }
    let python =
        if wanted("python") || wanted("pytest") { Some(python::interpreter(workspace)) } else { None };
    if let (true, Some(Ok(python))) = (wanted("python"), &python) {
        python::run(workspace, sections, python)?;
    }
    if wanted("shipped rules") {
        match missing(&["promtool"]) {
            Some(why) => sections.skip("shipped rules", &why)?,
            None => sections.run("shipped rules", AGAIN, || rules::run(&workspace.root))?,
        }
    }
    let program = sections.run("build the program", AGAIN, || build(workspace))?;
    match &python {
        Some(Ok(python)) if wanted("pytest") => {
            run_part(workspace, sections, "pytest", |folder, deadline| {
                pytest::run(&program, python, &workspace.root, folder, deadline)
            })?
        }
        Some(Err(why)) => sections.skip("interop python, interop pytest", &format!("{why:#}"))?,
        _ => {}
    }
    for (name, programs, part) in PARTS.iter().filter(|(name, ..)| wanted(name)) {
        match missing(programs) {
            Some(why) => sections.skip(&format!("interop {name}"), &why)?,
            None => run_part(workspace, sections, name, |folder, deadline| {
                part(&Place { program: &program, root: &workspace.root, folder }, deadline)
            })?,
        }
    }
    Ok(())
}

/// Runs one part in an empty folder of its own.
fn run_part(
    workspace: &Workspace,
    sections: &mut Sections,
    name: &str,
    part: impl FnOnce(&Path, Instant) -> anyhow::Result<()>,
) -> Flow {
    sections.run(format!("interop {name}"), &format!("{AGAIN} {name}"), || {
        let folder = workspace.metadata.target_directory.join("interop").join(name);
        part(&emptied(folder)?, Instant::now() + TIMEOUT)
    })
}

/// What a part works with.
struct Place<'a> {
    program: &'a Path,
    root: &'a Path,
    folder: &'a Path,
}

type Part = fn(&Place<'_>, Instant) -> anyhow::Result<()>;

/// Each part with the programs it needs.
const PARTS: &[(&str, &[&str], Part)] = &[
    ("prometheus", &["prometheus"], |at, deadline| prometheus::run(at.program, at.folder, deadline)),
    ("alertmanager", &["prometheus-alertmanager"], |at, deadline| {
        alertmanager::hook(&at.program.with_file_name("examples").join("alerts"), at.folder, deadline)
    }),
    ("rules", &["prometheus", "prometheus-alertmanager"], |at, deadline| {
        alertmanager::rules(at.program, at.root, at.folder, deadline)
    }),
    ("guides", &[], |at, deadline| guides::run(at.program, at.root, at.folder, deadline)),
    ("grafana", &["prometheus"], |at, deadline| {
        let example = at.program.with_file_name("examples").join("dashboard");
        grafana::run(at.program, &example, at.root, at.folder, deadline)
    }),
    ("pushgateway", &["prometheus-pushgateway"], |at, deadline| {
        pushgateway::run(at.program, at.folder, deadline)
    }),
    ("page", &["chromium"], |at, deadline| {
        page::run(&at.program.with_file_name("examples").join("status_page"), at.folder, deadline)
    }),
];

/// Says which of these programs is not there, if one is not.
fn missing(programs: &[&str]) -> Option<String> {
    programs
        .iter()
        .find(|program| !is_installed(program))
        .map(|program| format!("{program} is not installed"))
}

fn build(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    // The same selection as the examples have, so that nothing is built twice.
    workspace.run_cargo(&["build", "--workspace", "--all-features", "--bin", "sidecar", "--examples"])?;
    Ok(workspace.metadata.target_directory.join("debug").join("sidecar"))
}

fn emptied(folder: PathBuf) -> anyhow::Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A `sidecar run` that takes events by `POST /events`, in a folder without a configuration, and its port.
fn sidecar(program: &Path, folder: &Path, deadline: Instant) -> anyhow::Result<(Server, u16)> {
    sidecar_with(program, &[], folder, deadline)
}

/// The same with more arguments.
fn sidecar_with(
    program: &Path,
    words: &[&str],
    folder: &Path,
    deadline: Instant,
) -> anyhow::Result<(Server, u16)> {
    let mut command = Command::new(program);
    command.args(["run", "--listen", "127.0.0.1:0"]).args(words).current_dir(folder);
    let mut server = Server::start("sidecar", &command, folder)?;
    let port = server.until(deadline, "its address", |log| {
        let said = log.lines().find_map(|line| line.split_once("serving on http://127.0.0.1:"));
        Ok(said.and_then(|(_, port)| port.parse().ok()))
    })?;
    Ok((server, port))
}

/// Offers events to a sidecar, which must take every one of them.
fn post_events(port: u16, lines: &str) -> anyhow::Result<()> {
    let answer = http::post(port, "/events", "application/x-ndjson", lines)?;
    let receipt: serde_json::Value = serde_json::from_str(&answer.body)
        .with_context(|| format!("POST /events: {} {}", answer.status, answer.body))?;
    if receipt["accepted"] != lines.lines().count() {
        bail!("POST /events: {} {receipt}", answer.status);
    }
    Ok(())
}
