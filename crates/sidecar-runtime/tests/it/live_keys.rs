//! Every key that may change while a sidecar runs, changed once while events are offered.

mod alerts;
mod steps;

use crate::reloading::{DISABLED, File};
use crate::support::Answers;
use sidecar_config::Validate;
use sidecar_harness::PATIENCE;
use sidecar_harness::process::alone;
use sidecar_runtime::{Reload, SidecarConfig, SidecarHandle, observe};
use sidecar_testkit::assert_conserved;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// The key, what the file says below `runtime.sidecar` or else `observability`, and whether that is in force.
type Step = (&'static str, &'static str, fn(&SidecarHandle) -> bool);

/// The one that switches everything off is the last.
fn steps() -> impl Iterator<Item = &'static Step> {
    alerts::STEPS.iter().chain(steps::STEPS)
}

/// Offers events until `done`; says what became of them.
fn load(sidecar: &SidecarHandle, done: &AtomicBool) -> Answers {
    let mut answers = Answers::default();
    while !done.load(SeqCst) {
        for event_type in ["x", "trace_x", "test_x", "debug_x"] {
            answers.add(observe!(sidecar, event_type, secret = "s", status = "failed"));
        }
    }
    answers
}

#[test]
fn every_live_key_takes_effect_under_load_and_the_ledger_stays_exact() {
    // One of the keys reaches the breakers of the whole process.
    let name = "live_keys::every_live_key_takes_effect_under_load_and_the_ledger_stays_exact";
    alone(name, &[], change_every_key_under_load);
}

/// Whether a key can be given at all: an address cannot where nothing is there to post to it.
fn can_be_given(key: &str) -> bool {
    cfg!(feature = "alertmanager") || key != "runtime.sidecar.alertmanager.url"
}

#[test]
fn there_is_a_step_for_each_key_that_may_change() {
    let is_fixed = |key: &str| {
        SidecarConfig::FIXED.iter().any(|fixed| key == *fixed || key.starts_with(&format!("{fixed}.")))
    };
    let live: BTreeSet<_> = SidecarConfig::RULES.iter().map(|rule| rule.key()).collect();
    let live = live.into_iter().filter(|key| !is_fixed(key) && can_be_given(key)).collect::<Vec<_>>();
    let changed: BTreeSet<_> = steps().map(|(key, ..)| *key).collect();
    assert_eq!(changed.into_iter().collect::<Vec<_>>(), live);
}

fn text((key, inside, _): &Step) -> String {
    if key.starts_with("runtime.sidecar.") {
        format!("runtime: {{ sidecar: {{ {inside} }} }}\n")
    } else {
        format!("observability: {{ {inside} }}\n")
    }
}

fn change_every_key_under_load() {
    let file = File::new("runtime: { sidecar: {} }\n");
    let (sidecar, done) = (file.start(), AtomicBool::new(false));
    steps::prepare(&sidecar);
    alerts::prepare(&sidecar);
    let mut answers = std::thread::scope(|scope| {
        let producers: Vec<_> = (0..2).map(|_| scope.spawn(|| load(&sidecar, &done))).collect();
        let troubles: Vec<_> = steps()
            .filter(|step| {
                file.write(&text(step));
                let changed = matches!(sidecar.reload_config(), Ok(Reload::Changed));
                !(changed && step.2(&sidecar))
            })
            .map(|(key, inside, _)| (key, inside))
            .collect();
        // Before anything is asserted, or the load would never end.
        done.store(true, SeqCst);
        assert!(troubles.is_empty(), "not in force: {troubles:#?}");
        let answers = producers.into_iter().map(|producer| producer.join().expect("no panic"));
        answers.fold(Answers::default(), Answers::plus)
    });
    // That of the last step.
    answers.add(DISABLED);
    assert_eq!(sidecar.observer().flush(PATIENCE).waiting, 0);
    let stats = sidecar.stats();
    assert_conserved!(stats);
    // The governor offers events of its own, when it begins to shed and when it ends.
    let rows = || stats.by_type.iter().filter(|(name, _)| **name != *"sidecar_budget").map(|(_, row)| row);
    let dropped = |reason: &str| rows().map(|row| row.dropped.get(reason).copied().unwrap_or(0)).sum::<u64>();
    let received: u64 = rows().map(|row| row.received).sum();
    assert_eq!((received, rows().map(|row| row.sampled_out).sum()), (answers.total(), answers.sampled_out));
    let handled: u64 = rows().map(|row| row.processed + row.failed).sum();
    assert_eq!(handled + dropped("evicted"), answers.accepted);
    assert_eq!(dropped("disabled"), answers.dropped["disabled"]);
}
