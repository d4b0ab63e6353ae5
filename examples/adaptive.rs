//! Adaptive sampling: a share of the events in quiet times, all of them for a while once things go wrong.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_runtime::observer::Observed;
use sidecar_runtime::sampler::{Anomaly, Signal};
use sidecar_runtime::{Sidecar, SidecarConfig, observe};
use std::error::Error;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    // A fifth of the test events, but every failure: those are rare, and what everything else goes by.
    let config =
        SidecarConfig::default().sampling_rate("test_events", 0.2).event_type_rate("test_failure", 1.0);
    let sidecar = Sidecar::builder().config(config).start()?;

    // What an anomaly is, the program says: here a failure, and a test that takes more than a second.
    let sampler = sidecar.sampler().clone();
    sidecar.register_handler("test_failure", move |_| {
        sampler.report_anomaly("test_events", Anomaly::Error);
    });
    let sampler = sidecar.sampler().clone();
    sidecar.register_handler("test_end", move |event| {
        if event.get("duration_ms").and_then(|value| value.as_f64()).is_some_and(|millis| millis > 1_000.0) {
            sampler.report_anomaly("test_events", Anomaly::Slow);
        }
    });

    let quiet = kept(&sidecar);
    println!("quiet: {quiet} of 2000 kept");
    for test in ["login_test", "logout_test", "order_test", "payment_test", "refund_test"] {
        observe!(sidecar, "test_failure", test_id = test);
    }
    let _ = sidecar.observer().flush(Duration::from_secs(10));

    let stats = sidecar.sampler().stats();
    let tests = stats.signal(Signal::TestEvents).ok_or("it is a signal")?;
    println!(
        "after {} errors: rate {:.2}, in force {:.2} for {} s",
        tests.anomalies.error,
        tests.rate,
        tests.rate_in_force,
        tests.boost_ends_in.unwrap_or_default().as_secs()
    );
    assert_eq!((tests.anomalies.error, tests.boosts), (5, 1), "five within a minute begin a boost");
    let boosted = kept(&sidecar);
    println!("boosted: {boosted} of 2000 kept");
    assert!(quiet < 1_000 && 1_000 < boosted, "five times as many, at most all");

    let _ = sidecar.stop(Duration::from_secs(1));
    Ok(())
}

fn kept(sidecar: &Sidecar) -> usize {
    (0..2_000).filter(|_| observe!(sidecar, "test_end", duration_ms = 3) == Observed::Accepted).count()
}
