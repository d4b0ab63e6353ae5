//! What a snapshot shows, and its JSON.

use crate::support::{TIMEOUT, World, fail, secs};
use sidecar_breaker::{Hold, State};
use std::time::SystemTime;

#[test]
fn counts_and_times_are_shown() {
    let before = SystemTime::now();
    let world = World::new();
    assert_eq!(world.breaker.snapshot().last_failure, None);
    world.succeed(3);
    world.fail(5);
    world.advance(secs(20));
    assert!(fail(&world.breaker).is_err());
    let snapshot = world.breaker.snapshot();
    assert_eq!(snapshot.name, "world");
    assert_eq!((snapshot.state, snapshot.failure_count), (State::Open, 5));
    assert_eq!((snapshot.successes, snapshot.failures, snapshot.rejected), (3, 5, 1));
    assert_eq!(snapshot.next_probe_in, Some(secs(40)));
    let last = snapshot.last_failure.expect("it failed");
    assert!(
        before <= last + secs(20) && last + secs(20) <= SystemTime::now(),
        "20 s ago, by the breaker's clock"
    );
}

#[test]
fn totals_survive_every_change_of_state() {
    let world = World::new();
    world.succeed(2);
    world.fail(5);
    assert!(fail(&world.breaker).is_err());
    world.advance(TIMEOUT);
    world.succeed(2);
    world.breaker.disable();
    world.breaker.reset();
    let snapshot = world.breaker.snapshot();
    assert_eq!((snapshot.successes, snapshot.failures, snapshot.rejected), (4, 5, 1));
    assert!(snapshot.last_failure.is_some());
}

#[test]
fn the_history_keeps_the_last_sixteen_transitions_numbered_without_gaps() {
    let world = World::new();
    for _ in 0..50 {
        world.breaker.trip();
        world.breaker.reset();
    }
    let transitions = world.breaker.snapshot().transitions;
    let numbers: Vec<_> = transitions.iter().map(|t| t.sequence).collect();
    assert_eq!(numbers, (85..=100).collect::<Vec<u64>>());
    for pair in transitions.windows(2) {
        assert_eq!(pair[0].to, pair[1].from);
    }
}

#[test]
fn a_transition_that_is_noticed_late_carries_the_time_at_which_it_was_due() {
    let world = World::new();
    world.breaker.force_open_with(Hold::new().ttl(secs(10)));
    world.advance(secs(3_610));
    let transitions = world.breaker.snapshot().transitions;
    let ago = SystemTime::now().duration_since(transitions[1].at).expect("in the past");
    assert!(ago >= secs(3_600) && ago < secs(3_660), "{ago:?}");
}

#[cfg(feature = "serde")]
mod json {
    use super::*;
    use serde_json::{Value, to_value};

    #[test]
    fn the_documents_names_and_words_are_used() {
        let world = World::new();
        let fresh = to_value(world.breaker.snapshot()).expect("plain data");
        assert_eq!(fresh["state"], "CLOSED");
        assert_eq!(fresh["failure_count"], 0);
        assert_eq!(fresh["last_failure"], Value::Null);
        assert!(fresh.as_object().expect("an object").contains_key("last_failure"));
        world.fail(5);
        let open = to_value(world.breaker.snapshot()).expect("plain data");
        assert_eq!((&open["state"], &open["failure_count"]), (&"OPEN".into(), &5.into()));
        let last = open["last_failure"].as_str().expect("a text");
        assert!(sidecar_core::timestamp::parse_rfc3339(last).is_ok() && last.ends_with('Z'), "{last}");
        assert_eq!(open["next_probe_in_ms"], 60_000);
        assert_eq!(open["transitions"][0]["sequence"], 1);
        assert_eq!(open["transitions"][0]["from"], "CLOSED");
        assert_eq!(open["transitions"][0]["to"], "OPEN");
        assert_eq!(open["transitions"][0]["cause"], "failure_threshold");
        assert_eq!(open["transitions"][0]["reason"], Value::Null);
        for total in ["successes", "failures", "ignored", "rejected", "late", "unheard", "listener_panics"] {
            assert!(open[total].is_u64(), "{total}");
        }
    }

    #[test]
    fn the_words_of_all_states_are_the_contract() {
        let words: Vec<_> = State::ALL.iter().map(|s| to_value(s).expect("a word")).collect();
        let expected = ["CLOSED", "OPEN", "HALF_OPEN", "FORCED_OPEN", "DISABLED", "METRICS_ONLY"];
        assert_eq!(words, expected);
    }

    #[test]
    fn a_hold_shows_its_reason_and_its_end() {
        let world = World::new();
        world.breaker.force_open_with(Hold::new().ttl(secs(2)).reason("deploy"));
        let held = to_value(world.breaker.snapshot()).expect("plain data");
        assert_eq!((&held["reason"], &held["hold_ends_in_ms"]), (&"deploy".into(), &2_000.into()));
        assert_eq!(held["next_probe_in_ms"], Value::Null);
    }
}
