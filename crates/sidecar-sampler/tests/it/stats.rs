//! What a sampler tells about itself.

use crate::support::{World, secs};
use sidecar_sampler::{Anomaly, Signal};

#[test]
fn stats_tell_rates_boosts_anomalies_and_throttle() {
    let world = World::with(|builder| builder.rate("traces", 0.2));
    world.sampler.report_anomaly("traces", Anomaly::Slow);
    assert!(world.sampler.boost("traces", 2.0, secs(30)));
    assert!(world.sampler.boost("login", 3.0, secs(20)));
    world.sampler.set_throttle(0.5);
    world.advance(secs(5));
    let stats = world.sampler.stats();
    assert_eq!((stats.throttle, stats.adaptive, stats.signals.len()), (0.5, true, Signal::ALL.len()));
    let traces = stats.signal(Signal::Traces).expect("every signal is there");
    assert_eq!((traces.rate, traces.rate_in_force, traces.boost_ends_in), (0.2, 0.2, Some(secs(25))));
    assert_eq!((traces.boosts, traces.anomalies.slow), (1, 1));
    let logs = stats.signal(Signal::DebugLogs).expect("every signal is there");
    assert_eq!((logs.rate, logs.rate_in_force, logs.boost_ends_in), (0.01, 0.005, None));
    let [login] = &stats.boosted_types[..] else { panic!("{:?}", stats.boosted_types) };
    assert_eq!((login.event_type.as_str(), login.factor, login.boost_ends_in), ("login", 3.0, secs(15)));
    world.advance(secs(25));
    let stats = world.sampler.stats();
    assert!(stats.boosted_types.is_empty());
    assert_eq!(stats.signal(Signal::Traces).and_then(|traces| traces.boost_ends_in), None);
}

#[cfg(feature = "serde")]
#[test]
fn stats_serialise_with_the_names_of_signals_and_milliseconds() {
    let world = World::with(|builder| builder.rate("events", 0.25));
    assert!(world.sampler.boost("test_events", 2.0, secs(30)));
    assert!(world.sampler.boost("login", 3.0, secs(20)));
    let stats = serde_json::to_value(world.sampler.stats()).expect("plain data");
    let expected = serde_json::json!({
        "signal": "test_events", "rate": 0.25, "rate_in_force": 0.5, "boost_ends_in_ms": 30_000, "boosts": 1,
        "anomalies": { "error": 0, "slow": 0, "other": 0 },
    });
    assert_eq!(stats["signals"][3], expected);
    assert_eq!(stats["signals"][0]["boost_ends_in_ms"], serde_json::Value::Null);
    let login = serde_json::json!({ "event_type": "login", "factor": 3.0, "boost_ends_in_ms": 20_000 });
    assert_eq!(stats["boosted_types"], serde_json::json!([login]));
}
