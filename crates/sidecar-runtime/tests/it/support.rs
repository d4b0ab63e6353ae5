//! What the tests share.

use sidecar_harness::{Gate, eventually};
use sidecar_runtime::health::Status;
use sidecar_runtime::observer::{Observed, Reason};
use sidecar_runtime::{Sidecar, SidecarBuilder, SidecarConfig, SidecarHandle};
use std::collections::BTreeMap;

/// Every event is kept.
pub(crate) fn everything() -> SidecarConfig {
    SidecarConfig::default().sampling_rate("events", 1.0)
}

/// A builder that reads no environment and keeps every event.
pub(crate) fn builder() -> SidecarBuilder {
    Sidecar::builder().config(everything())
}

pub(crate) fn started() -> Sidecar {
    builder().start().expect("the settings are valid")
}

/// Offers an event until its lane was free: on a busy machine the worker may hold it for a moment.
pub(crate) fn offer(mut observe: impl FnMut() -> Observed) -> Observed {
    loop {
        match observe() {
            Observed::Dropped(Reason::Contended) => std::thread::yield_now(),
            observed => return observed,
        }
    }
}

/// As [`offer`], again and again.
pub(crate) fn offer_times(times: usize, mut observe: impl FnMut() -> Observed) {
    for _ in 0..times {
        offer(&mut observe);
    }
}

/// What the answers to many `observe` calls add up to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    pub(crate) accepted: u64,
    pub(crate) sampled_out: u64,
    pub(crate) dropped: BTreeMap<&'static str, u64>,
}

impl Answers {
    pub(crate) fn add(&mut self, observed: Observed) {
        match observed {
            Observed::Accepted => self.accepted += 1,
            Observed::SampledOut => self.sampled_out += 1,
            Observed::Dropped(reason) => *self.dropped.entry(reason.name()).or_default() += 1,
            other => panic!("an answer that nobody knows: {other:?}"),
        }
    }

    pub(crate) fn plus(mut self, other: Self) -> Self {
        self.accepted += other.accepted;
        self.sampled_out += other.sampled_out;
        other
            .dropped
            .into_iter()
            .for_each(|(reason, count)| *self.dropped.entry(reason).or_default() += count);
        self
    }

    pub(crate) fn total(&self) -> u64 {
        self.accepted + self.sampled_out + self.dropped.values().sum::<u64>()
    }
}

/// Holds the worker inside the handler of one event, until it is dropped.
pub(crate) struct Hold(Gate);

impl Hold {
    /// Registers a handler for `hold` events, offers one, and returns once the worker is inside.
    pub(crate) fn worker_of(sidecar: &SidecarHandle) -> Self {
        let gate = Gate::default();
        let inside = gate.clone();
        sidecar.register_handler("hold", move |_| inside.enter());
        assert_eq!(offer(|| sidecar.observe_with("hold", |event| event)), Observed::Accepted);
        gate.wait_until_held();
        Self(gate)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// A component's status and whether it is critical.
#[track_caller]
pub(crate) fn component(sidecar: &SidecarHandle, name: &str) -> (Status, bool) {
    let report = sidecar.health_report();
    let found = report.component(name).unwrap_or_else(|| panic!("no component {name}"));
    (found.status(), found.is_critical())
}

/// Waits until a component's status is `status`.
#[track_caller]
pub(crate) fn becomes(sidecar: &SidecarHandle, name: &str, status: Status) {
    let of = || sidecar.health_report().component(name).map(|found| found.status());
    eventually(&format!("{name} is {status}"), || of() == Some(status));
}

/// Waits until a built-in component has been judged from what happened before this call.
#[track_caller]
pub(crate) fn judged_again(sidecar: &SidecarHandle, name: &str) {
    let runs = || sidecar.health_report().component(name).map(|found| found.runs()).unwrap_or_default();
    // One judgement may be under way already.
    let enough = runs() + 2;
    eventually(&format!("{name} is judged twice"), || runs() >= enough);
}
