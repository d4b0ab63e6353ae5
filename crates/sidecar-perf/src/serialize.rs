//! The JSON of metrics (feature `serde`): durations in milliseconds, missing ones as `null`.

use crate::{Figures, ObjectiveReport, OperationMetrics, Percentile};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::time::Duration;

fn ms(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e6
}

impl Serialize for Percentile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("quantile", &self.quantile)?;
        map.serialize_entry("value", &ms(self.value))?;
        map.serialize_entry("lower", &ms(self.lower))?;
        map.serialize_entry("upper", &ms(self.upper))?;
        map.end()
    }
}

fn entries<M: SerializeMap>(map: &mut M, figures: &Figures) -> Result<(), M::Error> {
    let counts = [
        ("count", figures.count),
        ("successes", figures.successes),
        ("failures", figures.failures),
        ("cancelled", figures.cancelled),
        ("panicked", figures.panicked),
        ("samples", figures.samples),
        ("polls", figures.polls),
    ];
    counts.iter().try_for_each(|(name, count)| map.serialize_entry(name, count))?;
    map.serialize_entry("error_rate", &figures.error_rate)?;
    map.serialize_entry("throughput", &figures.throughput)?;
    let latencies = [
        ("latency_min", figures.latency_min),
        ("latency_max", figures.latency_max),
        ("latency_avg", figures.latency_avg),
        ("latency_p50", figures.latency_p50),
        ("latency_p95", figures.latency_p95),
        ("latency_p99", figures.latency_p99),
    ];
    latencies.iter().try_for_each(|(name, latency)| map.serialize_entry(name, latency))?;
    map.serialize_entry("percentiles", &figures.percentiles)?;
    map.serialize_entry("busy", &ms(figures.busy))?;
    map.serialize_entry("waiting", &ms(figures.waiting))
}

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("seconds", &self.seconds)?;
        entries(&mut map, self)?;
        map.end()
    }
}

/// The window's figures stand beside the name.
impl Serialize for OperationMetrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &*self.name)?;
        map.serialize_entry("in_flight", &self.in_flight)?;
        map.serialize_entry("window_seconds", &self.window.seconds)?;
        entries(&mut map, &self.window)?;
        map.serialize_entry("since_start", &self.since_start)?;
        map.end()
    }
}

impl Serialize for ObjectiveReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("operation", &*self.operation)?;
        map.serialize_entry("objective", &self.objective.to_string())?;
        for (name, budget) in [("window", self.window), ("retention", self.retention)] {
            map.serialize_entry(name, &budget)?;
            map.serialize_entry(&format!("{name}_burn_rate"), &budget.burn_rate())?;
        }
        map.end()
    }
}
