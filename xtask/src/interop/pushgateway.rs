//! The metrics of a run that is over, in a Pushgateway.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};

use super::http;
use super::server::Server;

pub(super) fn run(program: &Path, folder: &Path, deadline: Instant) -> anyhow::Result<()> {
    let port = http::free_port()?;
    let mut command = Command::new("prometheus-pushgateway");
    command.arg(format!("--web.listen-address=127.0.0.1:{port}")).current_dir(folder);
    let mut gateway = Server::start("pushgateway", &command, folder)?;
    gateway.until(deadline, "that it is ready", |_| {
        Ok((http::get(port, "/-/ready")?.status == 200).then_some(()))
    })?;

    let address = format!("http://127.0.0.1:{port}");
    for (url, events, labels) in [
        (address.clone(), 3, r#"instance="",job="sidecar""#),
        // Again: what was there is replaced.
        (address.clone(), 2, r#"instance="",job="sidecar""#),
        (format!("{address}/metrics/job/ci/instance/main"), 1, r#"instance="main",job="ci""#),
    ] {
        let input = folder.join("events.ndjson");
        fs::write(&input, "{\"event_type\":\"login\"}\n".repeat(events))?;
        let mut run = Command::new(program);
        run.arg("run").arg(&input).args(["--push", &url, "--summary", "json"]).current_dir(folder);
        // It has deadlines of its own for everything it does.
        let output = run.output().context("cannot run the program")?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "{}: {said}", output.status);
        let summary: serde_json::Value = serde_json::from_str(&said)?;
        ensure!(summary["push"]["delivered"] == true, "the summary has {}", summary["push"]);
        let text = http::get(port, "/metrics")?.body;
        let line = format!("sidecar_events_total{{event_type=\"login\",{labels}}} {events}");
        ensure!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    println!("three runs have been pushed to two groups and are there, the last one of each group");
    Ok(())
}
