//! The dashboards of `docs/grafana` and the rules of `docs/prometheus`: a real Prometheus answers every query of
//! them with something, and dashboards show only series that the reference names.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::server::Server;
use super::{http, post_events, prometheus, rules, sidecar_with};

const FOLDER: &str = "docs/grafana";
const REFERENCE: &str = "docs/metrics.md";

/// What Grafana puts in place of its variables: all of what may be chosen, and some scrapes.
const VARIABLES: [(&str, &str); 3] = [("$__rate_interval", "10s"), ("$job", ".*"), ("$instance", ".*")];

/// The metrics that Prometheus adds itself.
const OF_PROMETHEUS: [&str; 1] = ["up"];

pub(super) fn run(
    program: &Path,
    example: &Path,
    root: &Path,
    folder: &Path,
    deadline: Instant,
) -> anyhow::Result<()> {
    let reference = fs::read_to_string(root.join(REFERENCE))?;
    let mut queries = Vec::new();
    for file in fs::read_dir(root.join(FOLDER))? {
        let path = file?.path();
        let name = path.strip_prefix(root).unwrap_or(&path).display();
        let dashboard = serde_json::from_str(&fs::read_to_string(&path)?);
        let dashboard = dashboard.with_context(|| format!("{name} is no JSON"))?;
        let found = of_dashboard(&dashboard)?;
        let strangers: Vec<_> = strangers(&found, &reference).into_iter().collect();
        ensure!(strangers.is_empty(), "{name}: {REFERENCE} does not name {strangers:?}");
        println!("{name}: {} queries", found.len());
        queries.extend(found);
    }
    ensure!(!queries.is_empty(), "{FOLDER} holds no query");

    // The program has a breaker for its webhook, which is never called; the example has everything else.
    let (_sidecar, observed) =
        sidecar_with(program, &["--webhook", "http://127.0.0.1:9/"], folder, deadline)?;
    post_events(observed, &"{\"event_type\":\"login\"}\n".repeat(3))?;
    let mut example =
        Server::start("dashboard", Command::new(example).arg("127.0.0.1:0").current_dir(folder), folder)?;
    let shown = example.until(deadline, "its address", |log| {
        Ok(log.lines().find_map(|line| line.strip_prefix("serving on http://").map(str::to_owned)))
    })?;
    let configuration = format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\n\
         rule_files: ['{}']\n\
         scrape_configs:\n\
         - job_name: sidecar\n  \
           static_configs: [{{targets: ['127.0.0.1:{observed}', '{shown}']}}]\n",
        root.join(rules::FOLDER).join("alerts.yml").display()
    );
    let (mut prometheus, port) = prometheus::start(&configuration, folder)?;
    // What a rule asks for may rightly be empty, the series that it looks at may not.
    let rules = prometheus.until(deadline, "its rules", |_| {
        let answer = http::get(port, "/api/v1/rules")?;
        let rules = of_rules(&serde_json::from_str(&answer.body)?);
        Ok((!rules.is_empty()).then_some(rules))
    })?;
    println!("{}: {} rules", rules::FOLDER, rules.len());
    queries.extend(rules.iter().flat_map(|rule| selectors(rule)));
    for query in &queries {
        prometheus.until(deadline, query, |_| {
            ensure!(prometheus::count(port, query)? > 0, "nothing answers it");
            Ok(Some(()))
        })?;
    }
    println!("all {} queries have answers", queries.len());
    Ok(())
}

/// Every query of a dashboard, as Prometheus is asked it: those of its panels and of its variables.
fn of_dashboard(dashboard: &Value) -> anyhow::Result<Vec<String>> {
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().context("there are no panels")? {
        let title = &panel["title"];
        let targets = panel["targets"].as_array().map_or(&[][..], Vec::as_slice);
        ensure!(
            (panel["type"] == "row") == targets.is_empty(),
            "{title}: a panel has queries, a row has none"
        );
        for target in targets {
            queries.push(target["expr"].as_str().with_context(|| format!("{title}: a query has no text"))?);
        }
    }
    for variable in dashboard["templating"]["list"].as_array().context("there are no variables")? {
        if variable["type"] == "query" {
            let query = variable["definition"].as_str().context("a variable has no query")?;
            let values = query.strip_prefix("label_values(").and_then(|query| query.rsplit_once(','));
            queries.push(values.with_context(|| format!("{query} asks for no values of a label"))?.0);
        }
    }
    let filled = |query: &str| {
        VARIABLES.iter().fold(query.to_owned(), |query, (name, value)| query.replace(name, value))
    };
    let queries: Vec<_> = queries.into_iter().map(filled).collect();
    let unknown = queries.iter().find(|query| query.contains('$'));
    ensure!(unknown.is_none(), "{unknown:?} has a variable that is not known here");
    Ok(queries)
}

/// What `/api/v1/rules` answers: the expressions.
fn of_rules(answer: &Value) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let rules = list(&answer["data"]["groups"]).into_iter().flat_map(|group| list(&group["rules"]));
    rules.filter_map(|rule| rule["query"].as_str().map(str::to_owned)).collect()
}

/// Whether a word of an expression is the name of a metric.
fn is_metric(word: &str) -> bool {
    OF_PROMETHEUS.contains(&word) || ["sidecar_", "process_"].iter().any(|prefix| word.starts_with(prefix))
}

/// The series that an expression looks at: names, with the matchers that follow them.
fn selectors(expression: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '"') {
        rest = &rest[start..];
        if let Some(quoted) = rest.strip_prefix('"') {
            rest = quoted.split_once('"').map_or("", |(_, after)| after);
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let matchers = if after.starts_with('{') { after.find('}').map_or(0, |end| end + 1) } else { 0 };
        if is_metric(word) {
            found.push(format!("{word}{}", &after[..matchers]));
        }
        rest = &after[matchers..];
    }
    found
}

/// The metrics of these queries that the reference does not name.
fn strangers(queries: &[String], reference: &str) -> BTreeSet<String> {
    let names =
        queries.iter().flat_map(|query| selectors(query)).map(|selector| match selector.split_once('{') {
            Some((name, _)) => name.to_owned(),
            None => selector,
        });
    let is_named = |name: &str| {
        let family = ["_bucket", "_count", "_sum"].iter().find_map(|suffix| name.strip_suffix(suffix));
        let stands = |name: &str| reference.contains(&format!("| `{name}` |"));
        OF_PROMETHEUS.contains(&name) || stands(name) || family.is_some_and(stands)
    };
    names.filter(|name| !is_named(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_series_of_an_expression_are_found_with_their_matchers() {
        let expression = r#"histogram_quantile(0.9, sum by (le, sidecar) (rate(sidecar_b_bucket{x="up", y=~"a|b"}[5m])))
            > 1 or up == 0 and sidecar_c"#;
        assert_eq!(selectors(expression), [r#"sidecar_b_bucket{x="up", y=~"a|b"}"#, "up", "sidecar_c"]);
    }

    #[test]
    fn a_dashboard_is_asked_for_what_its_panels_and_variables_show() {
        let dashboard = |panel: Value| {
            json!({
                "panels": [{"type": "row", "title": "r"}, panel],
                "templating": {"list": [
                    {"type": "datasource"}, {"type": "query", "definition": "label_values(a{job=~\"$job\"}, instance)"}]},
            })
        };
        let good = json!({"type": "stat", "targets": [{"expr": "rate(b{job=~\"$job\"}[$__rate_interval])"}]});
        let queries = of_dashboard(&dashboard(good)).expect("nothing is missing");
        assert_eq!(queries, [r#"rate(b{job=~".*"}[10s])"#, r#"a{job=~".*"}"#]);
        for bad in [
            json!({"type": "stat", "targets": []}),
            json!({"type": "stat", "targets": [{"text": "b"}]}),
            json!({"type": "stat", "targets": [{"expr": "b{c=\"$other\"}"}]}),
        ] {
            assert!(of_dashboard(&dashboard(bad.clone())).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_the_reference_does_not_name_is_a_stranger() {
        let reference = "| `sidecar_a` | gauge |\n| `sidecar_b` | histogram |\n";
        let queries =
            ["sidecar_a + up + sidecar_b_bucket".to_owned(), "rate(sidecar_c{d=\"e\"}[1m])".to_owned()];
        assert_eq!(strangers(&queries, reference), BTreeSet::from(["sidecar_c".to_owned()]));
    }

    #[test]
    fn the_expressions_of_rules_are_read() {
        let answer = json!({"data": {"groups": [{"rules": [{"query": "up == 0"}, {"name": "x"}]}]}});
        assert_eq!(of_rules(&answer), ["up == 0"]);
    }
}
