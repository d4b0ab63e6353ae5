//! Alerts arrive in an Alertmanager: those of our own hook, and those of the shipped rules by way of Prometheus.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::server::Server;
use super::{http, prometheus, rules, sidecar_with};

/// Nobody is told: who would be is not what is looked at here.
const CONFIG: &str = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";

const TOKEN: &str = "interop";

/// Our own hook, in an example that watches a file: the alert arrives, and again after the Alertmanager has been
/// killed and has come back with nothing, and is over when the number is low again, and when the program ends.
pub(super) fn hook(example: &Path, folder: &Path, deadline: Instant) -> anyhow::Result<()> {
    let port = http::free_port()?;
    let mut alertmanager = start(folder, port, deadline)?;
    let number = folder.join("number");
    fs::write(&number, "9\n")?;
    let mut command = Command::new(example);
    command.arg(&number).arg(format!("http://127.0.0.1:{port}")).current_dir(folder);
    let mut example = Server::start("alerts", &command, folder)?;

    let alert = active(&mut alertmanager, port, "NumberHigh", deadline)?;
    ensure!(alert["labels"]["file"] == *number.to_string_lossy(), "the labels are {}", alert["labels"]);
    ensure!(alert["labels"]["severity"] == "warning", "the labels are {}", alert["labels"]);
    ensure!(alert["annotations"]["value"] == "9", "the annotations are {}", alert["annotations"]);
    println!("an alert of our hook has arrived");

    drop(alertmanager);
    let mut alertmanager = start(folder, port, deadline)?;
    let again = active(&mut alertmanager, port, "NumberHigh", deadline)?;
    ensure!(
        again["startsAt"] == alert["startsAt"],
        "it began at {}, then at {}",
        alert["startsAt"],
        again["startsAt"]
    );
    println!("it has arrived again in an Alertmanager that was killed meanwhile");

    fs::write(&number, "3\n")?;
    fs::write(&number, "1\n")?;
    none(&mut alertmanager, port, "NumberHigh", deadline)?;
    fs::write(&number, "5\n")?;
    active(&mut alertmanager, port, "NumberHigh", deadline)?;
    fs::remove_file(&number)?;
    example
        .until(deadline, "its end", |log| Ok(log.contains("everything has arrived: true").then_some(())))?;
    none(&mut alertmanager, port, "NumberHigh", deadline)?;
    println!("it was over when the number was low, and when the program ended");
    Ok(())
}

/// The program measures no operations, so it has no objectives either; the dashboard's part asks for this series.
const OF_OPERATIONS: &str = "sidecar_objective_burn_rate";

/// The shipped rules: a breaker opens, Prometheus' alert arrives, the breaker closes, the alert is over.
pub(super) fn rules(program: &Path, root: &Path, folder: &Path, deadline: Instant) -> anyhow::Result<()> {
    let port = http::free_port()?;
    let mut alertmanager = start(folder, port, deadline)?;
    let token = folder.join("sidecar.token");
    fs::write(&token, TOKEN)?;
    // The webhook is never called: it is there for its breaker.
    let token = token.to_string_lossy();
    let words = ["--webhook", "http://127.0.0.1:9/", "--token-file", &token];
    let (_sidecar, observed) = sidecar_with(program, &words, folder, deadline)?;

    let shipped = root.join(rules::FOLDER).join("alerts.yml");
    let configuration = format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\n\
         rule_files: ['{}']\n\
         alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]}}\n\
         scrape_configs:\n\
         - job_name: sidecar\n  \
           authorization: {{credentials: {TOKEN}}}\n  \
           static_configs: [{{targets: ['127.0.0.1:{observed}']}}]\n",
        shipped.display()
    );
    let (mut prometheus, asked) = prometheus::start(&configuration, folder)?;
    let names = names(&fs::read_to_string(&shipped)?);
    for name in names.into_iter().filter(|name| name != OF_OPERATIONS) {
        prometheus.until(deadline, &name, |_| {
            let found = prometheus::count(asked, &name)?;
            ensure!(found > 0, "no sidecar has it, but the rules do");
            Ok(Some(()))
        })?;
    }
    println!("every series that the shipped rules name is there");

    command(observed, "/circuit-breakers/webhook/trip")?;
    let alert = active(&mut alertmanager, port, "SidecarBreakerOpen", deadline)?;
    ensure!(alert["labels"]["breaker"] == "webhook", "the labels are {}", alert["labels"]);
    println!("a breaker has opened, and a shipped rule's alert has arrived");
    command(observed, "/circuit-breakers/webhook/reset")?;
    none(&mut alertmanager, port, "SidecarBreakerOpen", deadline)?;
    println!("the breaker has closed, and the alert is over");
    Ok(())
}

/// An Alertmanager that answers.
fn start(folder: &Path, port: u16, deadline: Instant) -> anyhow::Result<Server> {
    let config = folder.join("alertmanager.yml");
    fs::write(&config, CONFIG)?;
    let mut command = Command::new("prometheus-alertmanager");
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.path={}", folder.join("alertmanager").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        // Alone.
        .arg("--cluster.listen-address=")
        .arg("--log.level=warn")
        .current_dir(folder);
    let mut server = Server::start("alertmanager", &command, folder)?;
    server.until(deadline, "that it is ready", |_| {
        Ok((http::get(port, "/-/ready")?.status == 200).then_some(()))
    })?;
    Ok(server)
}

/// Waits until an alert of this name is active.
fn active(alertmanager: &mut Server, port: u16, name: &str, deadline: Instant) -> anyhow::Result<Value> {
    alertmanager.until(deadline, name, |_| Ok(alerts(port, name)?.pop()))
}

/// Waits until no alert of this name is active.
fn none(alertmanager: &mut Server, port: u16, name: &str, deadline: Instant) -> anyhow::Result<()> {
    alertmanager.until(deadline, &format!("the end of {name}"), |_| {
        let active = alerts(port, name)?;
        ensure!(active.is_empty(), "{active:?} are active");
        Ok(Some(()))
    })
}

fn alerts(port: u16, name: &str) -> anyhow::Result<Vec<Value>> {
    let answer = http::get(port, "/api/v2/alerts")?;
    let alerts = serde_json::from_str::<Vec<Value>>(&answer.body);
    let alerts = alerts.with_context(|| format!("{} {}", answer.status, answer.body))?;
    Ok(alerts.into_iter().filter(|alert| alert["labels"]["alertname"] == name).collect())
}

fn command(port: u16, path: &str) -> anyhow::Result<()> {
    let answer = http::authorized_post(port, path, TOKEN)?;
    ensure!(answer.status == 200, "POST {path}: {} {}", answer.status, answer.body);
    Ok(())
}

/// The sidecar's series that rules look at.
fn names(rules: &str) -> Vec<String> {
    let lines = rules.lines().filter(|line| !line.trim_start().starts_with(['#', '-']));
    let words = lines.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
    let mut names: Vec<String> =
        words.filter(|word| word.starts_with("sidecar_")).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_of_rules_are_found_wherever_they_stand() {
        let rules = "# sidecar_comment\n- alert: SidecarDown\n  expr: rate(sidecar_b{x=\"y\"}[5m]) > 0 or sidecar_a > 1\n  \
                     expr: >\n    sum(sidecar_b)\n";
        assert_eq!(names(rules), ["sidecar_a", "sidecar_b"]);
    }
}
