//! The pytest plugin of `examples/python` tells a sidecar of the sample suite beside it.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::server::Server;

/// Where both stand.
const FOLDER: &str = "examples/python";

/// What the suite consists of: events by type, and their sum.
const EVENTS: [(&str, u64); 3] = [("test_start", 7), ("test_end", 7), ("test_failure", 2)];
const ALL: u64 = 16;

/// An address without a sidecar: port 0 is nobody's.
const NOBODY: &str = "http://127.0.0.1:0";

/// Says which process it is before it becomes the program, for whoever has to send it a signal.
const TELLS_ITS_PROCESS: &str = r#"echo "process $$"; exec "$@""#;

pub(super) fn run(
    program: &Path,
    python: &Path,
    root: &Path,
    folder: &Path,
    deadline: Instant,
) -> anyhow::Result<()> {
    let mut command = Command::new("sh");
    command.args(["-c", TELLS_ITS_PROCESS, "sidecar"]).arg(program);
    command.args(["run", "--listen", "127.0.0.1:0", "--summary", "json", "--drain", "0"]).current_dir(folder);
    let mut sidecar = Server::start("sidecar", &command, folder)?;
    let said =
        |log: &str, before: &str| log.lines().find_map(|line| line.strip_prefix(before).map(str::to_owned));
    let url = sidecar.until(deadline, "its address", |log| Ok(said(log, "sidecar: serving on ")))?;
    let process = sidecar.until(deadline, "its process", |log| Ok(said(log, "process ")))?;

    let printed = suite(python, root, &url)?;
    let taken = format!("sidecar: {ALL} of {ALL} events taken");
    ensure!(printed.lines().any(|line| line == taken), "`{taken}` is not in\n{printed}");
    let printed = suite(python, root, NOBODY)?;
    let lost = format!("sidecar: 0 of {ALL} events taken; {NOBODY}/events: ");
    ensure!(printed.lines().any(|line| line.starts_with(&lost)), "`{lost}` is not in\n{printed}");

    let status = Command::new("kill").args(["-s", "TERM", &process]).status().context("cannot run kill")?;
    ensure!(status.success(), "kill: {status}");
    let summary = sidecar.until(deadline, "its summary", |log| {
        let line = log.lines().find(|line| line.starts_with('{'));
        Ok(line.map(serde_json::from_str::<Value>).transpose()?)
    })?;
    check(&summary)?;
    println!("seven tests of pytest are in the summary, and all {ALL} events in its ledger");
    Ok(())
}

/// What pytest prints of the suite, some tests of which fail, wherever the sidecar is.
fn suite(python: &Path, root: &Path, url: &str) -> anyhow::Result<String> {
    let folder = root.join(FOLDER);
    let mut pytest = Command::new(python);
    pytest
        .args(["-m", "pytest", "-p", "no:cacheprovider", "-p", "sidecar_pytest", "sample"])
        .current_dir(&folder);
    // Nothing is left in the tree.
    pytest.env("SIDECAR_URL", url).env("PYTHONPATH", &folder).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = pytest.output().context("cannot run pytest")?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.code() == Some(1), "pytest: {}\n{printed}", output.status);
    Ok(printed)
}

fn check(summary: &Value) -> anyhow::Result<()> {
    let tests = &summary["tests"];
    let verdicts = ["passed", "failed", "skipped"].map(|verdict| tests[verdict].as_u64());
    ensure!(verdicts == [Some(3), Some(2), Some(2)], "the tests are {tests}");
    let rows = summary["events"].as_array().context("the summary lists no events")?;
    for (event_type, count) in EVENTS {
        let row = rows.iter().find(|row| row["event_type"] == event_type);
        let row = row.with_context(|| format!("the summary has no {event_type}"))?;
        ensure!(row["received"] == count && row["processed"] == count, "not {count}: {row}");
    }
    let ledger = &summary["ledger"];
    let dropped = ledger["dropped"].as_object().context("the ledger has no row of what was dropped")?;
    ensure!(dropped.values().all(|count| *count == 0), "the ledger is {ledger}");
    let counts =
        ["received", "processed", "sampled_out", "failed", "waiting"].map(|row| ledger[row].as_u64());
    let [received, processed, rest @ ..] = counts;
    ensure!(received >= Some(ALL) && received == processed, "the ledger is {ledger}");
    ensure!(rest == [Some(0); 3], "the ledger is {ledger}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn summary() -> Value {
        let rows =
            EVENTS.map(|(name, count)| json!({"event_type": name, "received": count, "processed": count}));
        json!({
            "tests": {"passed": 3, "failed": 2, "skipped": 2},
            "events": rows,
            "ledger": {"received": ALL, "processed": ALL, "sampled_out": 0, "failed": 0, "waiting": 0,
                "dropped": {"queue_full": 0}},
        })
    }

    #[test]
    fn a_summary_that_has_everything_passes() {
        assert_eq!(EVENTS.iter().map(|(_, count)| count).sum::<u64>(), ALL);
        check(&summary()).expect("nothing is missing");
    }

    #[test]
    fn whatever_is_amiss_is_found() {
        for (place, value) in [
            ("/tests/failed", json!(1)),
            ("/events/2/received", json!(1)),
            ("/events/0/event_type", json!("test_stop")),
            ("/ledger/processed", json!(ALL - 1)),
            ("/ledger/waiting", json!(1)),
            ("/ledger/dropped/queue_full", json!(1)),
        ] {
            let mut summary = summary();
            *summary.pointer_mut(place).expect("it is there") = value;
            assert!(check(&summary).is_err(), "{place}");
        }
    }
}
