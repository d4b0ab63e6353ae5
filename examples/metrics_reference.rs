//! The reference of the metrics that a sidecar exposes of its own accord, from one that runs: docs/metrics.md has it.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_runtime::health::Component;
use sidecar_runtime::metrics::{Family, Unit};
use sidecar_runtime::perf::Objective;
use sidecar_runtime::{Sidecar, SidecarConfig, observe};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::time::Duration;

/// Tags whose values the application decides.
const OPEN: [&str; 5] = ["breaker", "component", "event_type", "objective", "operation"];

fn main() -> Result<(), Box<dyn Error>> {
    let builder = Sidecar::builder().config(SidecarConfig::default());
    let sidecar = builder.component(Component::new("database", || true)).start()?;
    sidecar.breakers().register(sidecar.breaker("payments"))?;
    sidecar.perf().operation("transform").measure(|| ());
    sidecar.perf().objective("transform", Objective::success_rate(0.99))?;
    observe!(sidecar, "test_start", test_id = "login_test");

    println!("| name | kind | unit | tags | what it says |");
    println!("| --- | --- | --- | --- | --- |");
    for family in &sidecar.get_metrics() {
        let unit = family.unit().and_then(Unit::word).unwrap_or("-");
        println!(
            "| `{}` | {} | {unit} | {} | {} |",
            family.name(),
            family.kind(),
            tags(family),
            family.help()
        );
    }
    assert_eq!(sidecar.metrics().errors(), 0);

    let _ = sidecar.stop(Duration::from_secs(1));
    Ok(())
}

/// The keys, and the values of those that have the same ones in every program.
fn tags(family: &Family) -> String {
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (key, value) in family.samples().iter().flat_map(|sample| sample.tags()) {
        values.entry(key).or_default().insert(value);
    }
    let written = values.into_iter().map(|(key, values)| {
        if OPEN.contains(&key) {
            return format!("`{key}`");
        }
        let values: Vec<_> = values.into_iter().map(|value| format!("`{value}`")).collect();
        format!("`{key}`: {}", values.join(", "))
    });
    let written = written.collect::<Vec<_>>().join("; ");
    if written.is_empty() { "-".to_owned() } else { written }
}
