//! Prometheus scrapes a sidecar and answers what was observed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use super::server::Server;
use super::{http, post_events, sidecar};

/// Every second: two scrapes see two states within the time that this may take.
const INTERVAL: &str = "1s";

pub(super) fn run(program: &Path, folder: &Path, deadline: Instant) -> anyhow::Result<()> {
    let (_sidecar, observed) = sidecar(program, folder, deadline)?;
    post_events(observed, &"{\"event_type\":\"login\"}\n".repeat(3))?;
    post_events(observed, "{\"event_type\":\"a \\\"quoted\\\\\\nname\\\"\"}\n")?;

    let (mut prometheus, port) = start(&configuration(observed), folder)?;

    let awkward = "a \"quoted\\\nname\"";
    // With those that every sidecar has.
    let all = |logins| [("login", logins), (awkward, 1.0), ("_other", 0.0), ("sidecar_budget", 0.0)];
    answers(&mut prometheus, port, deadline, &all(3.0))?;
    post_events(observed, &"{\"event_type\":\"login\"}\n".repeat(39))?;
    answers(&mut prometheus, port, deadline, &all(42.0))?;
    let up = prometheus.until(deadline, "that the sidecar is up", |_| Ok(query(port, "up")?.pop()))?;
    ensure!(up.value.1 == "1", "up is {}", up.value.1);
    println!("prometheus has scraped and answers sidecar_events_total, twice with the right values");
    Ok(())
}

/// Starts a Prometheus with this configuration; the server and its port.
pub(super) fn start(configuration: &str, folder: &Path) -> anyhow::Result<(Server, u16)> {
    let port = http::free_port()?;
    let config = folder.join("prometheus.yml");
    fs::write(&config, configuration)?;
    let mut command = Command::new("prometheus");
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .arg("--log.level=warn")
        .current_dir(folder);
    Ok((Server::start("prometheus", &command, folder)?, port))
}

/// How many series answer an expression at this moment: those of a metric, if it is a name.
pub(super) fn count(port: u16, expression: &str) -> anyhow::Result<usize> {
    Ok(query(port, expression)?.len())
}

fn configuration(observed: u16) -> String {
    format!(
        "global: {{scrape_interval: {INTERVAL}, scrape_timeout: {INTERVAL}}}\n\
         scrape_configs:\n\
         - job_name: sidecar\n  \
           static_configs: [{{targets: ['127.0.0.1:{observed}']}}]\n"
    )
}

/// Waits until Prometheus counts these events of these types, and no others.
fn answers(
    prometheus: &mut Server,
    port: u16,
    deadline: Instant,
    expected: &[(&str, f64)],
) -> anyhow::Result<()> {
    let expected: BTreeMap<_, _> =
        expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    prometheus.until(deadline, "sidecar_events_total", |_| {
        let found = query(port, "sidecar_events_total")?.into_iter().map(|series| {
            let name = series.metric.get("event_type").cloned().unwrap_or_default();
            Ok((name, series.value.1.parse()?))
        });
        let found: BTreeMap<String, f64> = found.collect::<anyhow::Result<_>>()?;
        ensure!(found == expected, "the answer is {found:?}, not {expected:?}");
        Ok(Some(()))
    })
}

/// What `/api/v1/query` answers, as far as it is read here.
#[derive(Deserialize)]
struct Reply {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Series>,
}

/// One series at one moment.
#[derive(Debug, Deserialize)]
struct Series {
    metric: BTreeMap<String, String>,
    /// Unix seconds, and the value as text.
    value: (f64, String),
}

fn query(port: u16, expression: &str) -> anyhow::Result<Vec<Series>> {
    let answer = http::get(port, &format!("/api/v1/query?query={}", encoded(expression)))?;
    let reply = serde_json::from_str::<Reply>(&answer.body);
    Ok(reply.with_context(|| format!("{} {}", answer.status, answer.body))?.data.result)
}

/// As a parameter in the address of a request.
fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_becomes_a_parameter() {
        assert_eq!(encoded("rate(a_b{c=\"d\"}[5m]) + 1"), "rate%28a_b%7Bc%3D%22d%22%7D%5B5m%5D%29%20%2B%201");
    }

    #[test]
    fn the_answer_to_a_query_is_read() {
        let body = r#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"__name__":"up","job":"sidecar"},"value":[1769688000.25,"1"]}]}}"#;
        let reply: Reply = serde_json::from_str(body).expect("the text is what Prometheus answers");
        assert_eq!(reply.data.result[0].metric["job"], "sidecar");
        assert_eq!(reply.data.result[0].value.1, "1");
        assert!(serde_json::from_str::<Reply>(r#"{"status":"error","error":"no"}"#).is_err());
    }
}
