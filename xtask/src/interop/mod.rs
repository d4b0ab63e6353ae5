//! The `sidecar` program with the real servers of its surroundings, each on a loopback port of its own; and its
//! exposition, read by somebody else's library.
//!
//! One file per counterpart. Where its program is not installed, its part says so and is skipped.

mod http;
mod prometheus;
mod python;
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

pub(crate) fn run(workspace: &Workspace, sections: &mut Sections) -> Flow {
    python::run(workspace, sections)?;
    if !is_installed("prometheus") {
        return sections.skip("interop prometheus", "prometheus is not installed");
    }
    let program = sections.run("build the program", AGAIN, || build(workspace))?;
    sections.run("interop prometheus", AGAIN, || {
        let folder = workspace.metadata.target_directory.join("interop").join("prometheus");
        prometheus::run(&program, &emptied(folder)?, Instant::now() + TIMEOUT)
    })
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
    let mut command = Command::new(program);
    command.args(["run", "--listen", "127.0.0.1:0"]).current_dir(folder);
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
