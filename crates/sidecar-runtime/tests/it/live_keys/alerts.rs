use super::Step;
use sidecar_harness::PATIENCE;
use sidecar_runtime::SidecarHandle;
use sidecar_runtime::metrics::{Alert, AlertState};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

const SECOND: u64 = 1_000_000_000;

pub(super) fn prepare(sidecar: &SidecarHandle) {
    set(sidecar, "level", "a", 6.0);
    set(sidecar, "level", "b", 8.0);
    set(sidecar, "other", "a", 9.0);
}

fn set(sidecar: &SidecarHandle, name: &str, tag: &str, value: f64) {
    sidecar.metrics().set_gauge(name, value, &[("node", tag)]);
}

/// Lets a time pass, and has the metrics read and the rules evaluated. The sidecar's own thread does so too, by a clock
/// that is far behind: what this leads to may have to be tried again.
fn pass(sidecar: &SidecarHandle, seconds: u64) {
    static NOW: AtomicU64 = AtomicU64::new(10_000 * SECOND);
    sidecar.metrics().tick(NOW.fetch_add(seconds * SECOND, Relaxed) + seconds * SECOND);
}

/// Tries until it is so. Only a broken sidecar takes the whole time.
fn becomes(mut is_so: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if is_so() {
            return true;
        }
    }
    false
}

/// Whether alerts of which this holds come to be.
fn alerts(sidecar: &SidecarHandle, holds: impl Fn(&[Alert]) -> bool) -> bool {
    becomes(|| {
        pass(sidecar, 10);
        holds(&sidecar.metrics().alerts().alerts)
    })
}

fn fires(sidecar: &SidecarHandle, holds: impl Fn(&Alert) -> bool) -> bool {
    alerts(sidecar, |all| all.iter().any(|alert| alert.state() == AlertState::Firing && holds(alert)))
}

fn is_firing(sidecar: &SidecarHandle) -> bool {
    sidecar.metrics().alerts().firing().next().is_some()
}

/// Whether what fires at 7 goes on firing at `lower`.
fn stays(sidecar: &SidecarHandle, lower: f64) -> bool {
    becomes(|| {
        set(sidecar, "single", "a", 7.0);
        pass(sidecar, 10);
        let fired = is_firing(sidecar);
        set(sidecar, "single", "a", lower);
        pass(sidecar, 10);
        fired && is_firing(sidecar)
    })
}

/// Whether what was there for one reading, long before the usual range, counts.
fn looks_far_back(sidecar: &SidecarHandle) -> bool {
    becomes(|| {
        set(sidecar, "spike", "a", 100.0);
        pass(sidecar, 10);
        set(sidecar, "spike", "a", 1.0);
        pass(sidecar, 1_000);
        is_firing(sidecar)
    })
}

#[rustfmt::skip]
pub(super) const STEPS: &[Step] = &[
    ("runtime.sidecar.alerts.*.name", "alerts: [{ name: Own, metric: level, above: 5 }]",
        |s| fires(s, |alert| alert.name() == "Own")),
    ("runtime.sidecar.alerts.*.metric", "alerts: [{ name: Live, metric: other, above: 5 }]",
        |s| fires(s, |alert| alert.value() == Some(9.0))),
    ("runtime.sidecar.alerts.*.tags.*", "alerts: [{ name: Live, metric: level, above: 5, tags: { node: b } }]",
        |s| fires(s, |alert| alert.value() == Some(8.0))),
    ("runtime.sidecar.alerts.*.by.*", "alerts: [{ name: Live, metric: level, above: 5, by: [node] }]",
        |s| alerts(s, |all| all.len() == 2 && all[1].label("node") == Some("b"))),
    ("runtime.sidecar.alerts.*.aggregate", "alerts: [{ name: Live, metric: level, above: 5, aggregate: max }]",
        |s| fires(s, |alert| alert.value() == Some(8.0))),
    ("runtime.sidecar.alerts.*.last", "alerts: [{ name: Live, metric: spike, above: 50, aggregate: max, last: 3000 }]",
        looks_far_back),
    ("runtime.sidecar.alerts.*.above", "alerts: [{ name: Live, metric: level, above: 6.5 }]",
        |s| fires(s, |alert| alert.value() == Some(7.0))),
    ("runtime.sidecar.alerts.*.below", "alerts: [{ name: Live, metric: level, below: 7.5 }]",
        |s| fires(s, |alert| alert.value() == Some(7.0))),
    ("runtime.sidecar.alerts.*.clear",
        "alerts: [{ name: Live, metric: single, above: 5, clear: 3, aggregate: last }]", |s| stays(s, 4.0)),
    ("runtime.sidecar.alerts.*.hold", "alerts: [{ name: Live, metric: level, above: 5, hold: 604800 }]",
        |s| alerts(s, |all| all.iter().any(|alert| alert.state() == AlertState::Pending))),
    ("runtime.sidecar.alerts.*.keep_firing_for",
        "alerts: [{ name: Live, metric: single, above: 5, keep_firing_for: 604800, aggregate: last }]",
        |s| stays(s, 1.0)),
    ("runtime.sidecar.alerts.*.absent_after", "alerts: [{ name: Live, metric: nobody_s, absent_after: 1 }]",
        |s| fires(s, |alert| alert.value().is_none())),
    ("runtime.sidecar.alerts.*.labels.*", "alerts: [{ name: Live, metric: level, above: 5, labels: { team: a } }]",
        |s| fires(s, |alert| alert.label("team") == Some("a"))),
    ("runtime.sidecar.alerts.*.annotations.*",
        "alerts: [{ name: Live, metric: level, above: 5, annotations: { summary: high } }]",
        |s| fires(s, |alert| alert.annotations().any(|text| text == ("summary", "high")))),
    #[cfg(feature = "alertmanager")]
    ("runtime.sidecar.alertmanager.url",
        "alerts: [{ name: Live, metric: level, above: 5 }], alertmanager: { url: 'http://127.0.0.1:1' }",
        |s| becomes(|| s.breakers().state_of("alertmanager").is_some())),
];
