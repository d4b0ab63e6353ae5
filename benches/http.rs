//! What an answer of the endpoints costs, under load from `wrk`.
//!
//! The sidecar has 50 components and 200 series of the application's beside its own; every subject runs in this
//! process and serves HTTP/1.1 over kept-alive connections, from one thread of its own and what it starts beside it.
//! The figure is the time from one answer to the next, of all connections together; under `../p99`, how long a client
//! waits, which one of 100 exceeds.
//!
//! - `floor/hyper`: hyper alone, which answers `ok` to everything.
//! - `/live`: whether the process is alive.
//! - `/health`: the report of all components as JSON.
//! - `/metrics`: all series in Prometheus' text format.
//! - `ready/every-check-hung/p99`: how long a probe of `/ready` waits for its 503, which one of 100 exceeds, at 1 000
//!   requests in a second over one connection; the sidecar has as many components, critical all, whose checks hang.

mod peers {
    //! Servers of others, one file each.

    pub(crate) mod hyper;
    pub(crate) mod metrics_exporter_prometheus;
}

use bench_harness::{Paced, Target, under_load};
use peers::{hyper, metrics_exporter_prometheus};
use sidecar_runtime::health::Component;
use sidecar_runtime::{Sidecar, SidecarConfig};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

const COMPONENTS: usize = 50;

/// Series of the application, in families of [`FAMILY`].
const SERIES: usize = 200;

/// Series of one name, which a label tells apart.
const FAMILY: usize = 10;

/// The name and the label's value of each of so many counters.
pub(crate) fn counters(count: usize) -> impl Iterator<Item = (String, String)> {
    (0..count)
        .map(|number| (format!("requests_{}_total", number / FAMILY), format!("/v1/{}", number % FAMILY)))
}

/// The label that tells counters of one name apart.
pub(crate) const LABEL: &str = "endpoint";

fn main() -> ExitCode {
    let floor = hyper::serve().expect("there is a free port");
    let sidecar = ours();
    let address = sidecar.local_addr().expect("it serves");
    let ours = |path, executes: &str| Target::new(path, "ours", executes, (address, path));
    let metrics =
        ours("/metrics", "all series written down; who asks while that is done shares the next writing");
    let said = metrics.ask().expect("a new sidecar answers");
    let series = said.split("\r\n\r\n").nth(1).map_or(0, samples);
    let peer = metrics_exporter_prometheus::serve(series).expect("there is a free port");
    let peer =
        |id, path, executes: &str| Target::new(id, metrics_exporter_prometheus::NAME, executes, (peer, path));
    let hung = hung();
    let ready = (hung.local_addr().expect("it serves"), "/ready");
    let executes = format!("{COMPONENTS} components looked at, none of which has had an answer yet");
    let paced = [Paced::new("ready/every-check-hung/p99", "ours", executes, ready, 503)];
    let targets = [
        Target::new("floor/hyper", hyper::NAME, "`ok` whatever is asked for", (floor, "/")),
        ours("/live", "the heartbeats looked at, a line of JSON"),
        ours("/health", &format!("the report of {COMPONENTS} components and the sidecar's own, as JSON")),
        metrics,
        peer("/live", "/health", "its path /health: `OK`"),
        peer(
            "/metrics",
            "/metrics",
            &format!("{series} counters written down, as many as there are series of ours"),
        ),
    ];
    under_load(&targets, &paced)
}

/// A sidecar as an application of some size has it.
fn ours() -> Sidecar {
    let builder = Sidecar::builder().config(SidecarConfig::default()).http("127.0.0.1:0");
    let component = |number| Component::new(format!("service-{number}"), || true);
    let builder = (0..COMPONENTS).map(component).fold(builder, |builder, next| builder.component(next));
    let sidecar = builder.start().expect("the settings are valid");
    for (name, value) in counters(SERIES) {
        sidecar.metrics().increment(&name, &[(LABEL, &value)]);
    }
    sidecar
}

/// A sidecar of the same size all of whose components are critical, and their checks hang for ever.
fn hung() -> Sidecar {
    let inside = Arc::new(AtomicUsize::new(0));
    let builder = Sidecar::builder().config(SidecarConfig::default()).http("127.0.0.1:0");
    let component = |number| {
        let inside = Arc::clone(&inside);
        let check = move || -> bool {
            inside.fetch_add(1, SeqCst);
            loop {
                thread::park();
            }
        };
        Component::new(format!("service-{number}"), check).critical(true)
    };
    let builder = (0..COMPONENTS).map(component).fold(builder, |builder, next| builder.component(next));
    let sidecar = builder.start().expect("the settings are valid");
    while inside.load(SeqCst) < COMPONENTS {
        thread::yield_now();
    }
    sidecar
}

/// How many series a text in Prometheus' format holds.
fn samples(text: &str) -> usize {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count()
}
