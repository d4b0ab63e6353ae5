//! The configuration and the rules under `docs/prometheus`, as Prometheus' own tool reads them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

/// Where they stand.
pub(super) const FOLDER: &str = "docs/prometheus";

/// What `promtool` is asked, each with its file.
const CHECKS: &[([&str; 2], &str)] = &[
    (["check", "config"], "prometheus.yml"),
    (["check", "rules"], "alerts.yml"),
    (["test", "rules"], "alerts_test.yml"),
];

pub(super) fn run(root: &Path) -> anyhow::Result<()> {
    let folder = root.join(FOLDER);
    for (question, file) in CHECKS {
        println!("$ promtool {} {FOLDER}/{file}", question.join(" "));
        let status = Command::new("promtool").args(question).arg(folder.join(file)).status();
        let status = status.context("cannot run promtool")?;
        ensure!(status.success(), "promtool: {status}");
    }
    Ok(())
}
