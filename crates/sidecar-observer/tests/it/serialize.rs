//! Events and statistics as JSON.

use proptest::prelude::*;
use sidecar_harness::PATIENCE;
use sidecar_observer::{Event, Observer, Value};
use std::time::{Duration, UNIX_EPOCH};

#[test]
fn an_event_has_the_shape_of_an_event_line() {
    let time = UNIX_EPOCH + Duration::from_secs(1_769_688_000);
    let event = Event::new("test_end").test_id("t1").at(time).with("duration_ms", 12).with("note", "ok");
    assert_eq!(
        serde_json::to_value(&event).expect("serialisable"),
        serde_json::json!({
            "event_type": "test_end", "timestamp": "2026-01-29T12:00:00Z", "probability": 1.0,
            "test_id": "t1", "data": {"duration_ms": 12, "note": "ok"},
        })
    );
}

#[test]
fn statistics_have_the_documents_names() {
    let observer = Observer::builder().queue_size(100).start().expect("valid settings");
    observer.observe(Event::new("a"));
    let _ = observer.flush(PATIENCE);
    let json = serde_json::to_value(observer.stats()).expect("serialisable");
    for (name, value) in [
        ("events_received", 1),
        ("events_sampled", 1),
        ("events_dropped", 0),
        ("events_processed", 1),
        ("errors", 0),
        ("queue_size", 0),
    ] {
        assert_eq!(json[name], value, "{name}");
    }
    assert_eq!(json["queue_utilization"], 0.0);
    assert_eq!(json["dropped"]["queue_full"], 0);
    assert_eq!(json["by_type"]["a"]["processed"], 1);
}

#[test]
fn of_two_entries_of_one_name_the_last_holds() {
    let value: Value =
        serde_json::from_str(r#"{"a":1,"b":[null,true,-2,0.5,"x"],"a":{"c":3}}"#).expect("valid");
    assert_eq!(
        serde_json::to_string(&value).expect("serialisable"),
        r#"{"a":{"c":3},"b":[null,true,-2,0.5,"x"]}"#
    );
}

#[test]
fn nested_values_are_accounted_with_the_room_they_keep() {
    let observer = Observer::builder().start().expect("defaults are valid");
    let gate = crate::hold(&observer, "gate");
    observer.observe_waiting(Event::new("gate"));
    gate.wait_until_held();
    let before = observer.queue_bytes();
    let lists: Value = serde_json::from_str(&format!("[{}[1]]", "[1],".repeat(9_999))).expect("valid");
    let Value::List(items) = &lists else { panic!("a list") };
    let slots = |values: &[Value]| size_of_val(values);
    let inner: usize =
        items.iter().map(|item| if let Value::List(item) = item { slots(item) } else { 0 }).sum();
    let held = slots(items) + inner;
    observer.observe_waiting(Event::new("lists").with("data", lists));
    let counted = observer.queue_bytes() - before;
    assert!(counted >= held + 10_000 * 16, "{counted} for {held} and the allocator's headers");
    gate.open();
}

#[test]
fn names_are_unique_however_many_there_are() {
    for keys in [1, 15, 16, 17, 100] {
        let once: Vec<String> = (0..keys).map(|n| format!("\"k{n}\":{n}")).collect();
        let line = format!("{{{},{}}}", once.join(","), once.join(",").replace("\":", "\":1"));
        let value: Value = serde_json::from_str(&line).expect("valid");
        let Value::Map(entries) = value else { panic!("an object is a map") };
        assert_eq!(entries.len(), keys, "{line}");
        for (n, (name, value)) in entries.iter().enumerate() {
            assert_eq!(*name, format!("k{n}"));
            assert_eq!(*value, Value::U64(format!("1{n}").parse().expect("a number")));
        }
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        (-1e15..1e15f64).prop_map(Into::into),
        ".{0,40}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map(".{0,30}", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_survives_the_way_through_a_value(json in json()) {
        let value: Value = serde_json::from_value(json.clone()).expect("any JSON is a value");
        prop_assert_eq!(serde_json::to_value(&value).expect("serialisable"), json);
    }
}
