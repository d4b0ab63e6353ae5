//! The history of the metrics, read second by second and asked over HTTP.

use crate::client::get;
use crate::reloading::{File, reload};
use crate::support::{builder, everything, started};
use serde_json::Value;
use sidecar_harness::process::alone;
use sidecar_harness::{PATIENCE, eventually};
use sidecar_runtime::Reload;
use sidecar_runtime::metrics::{Aggregate, Query};
use std::sync::mpsc::channel;
use std::time::Duration;

#[test]
fn what_was_counted_is_there_to_be_asked() {
    let sidecar = builder().http("127.0.0.1:0").start().expect("valid settings");
    sidecar.metrics().increment_by("tests_executed", 3, &[("framework", "py test")]);
    sidecar.metrics().increment_by("tests_executed", 4, &[("framework", "cargo")]);
    let ask =
        |rest: &str| get(&sidecar, &format!("/metrics/history?name=tests_executed&aggregate=sum{rest}"));
    let mut answer = Value::Null;
    eventually("a second has passed", || {
        answer = ask("&last=10m&by=framework").json();
        answer["series"].as_array().is_some_and(|series| series.len() == 2)
    });
    assert_eq!((&answer["name"], &answer["aggregate"]), (&"tests_executed".into(), &"sum".into()));
    assert_eq!((&answer["resolution_seconds"], &answer["step_seconds"]), (&1.into(), &600.into()));
    let series = &answer["series"];
    assert_eq!(
        (&series[0]["tags"]["framework"], &series[1]["tags"]["framework"]),
        (&"cargo".into(), &"py test".into())
    );
    let point = &series[1]["points"][0];
    assert_eq!(point["value"], 3.0);
    assert_eq!((point["at"].as_u64(), point.get("lower")), (answer["to"].as_u64(), None));
    let one = ask("&tag.framework=py+test").json();
    assert_eq!(one["series"][0]["points"][0]["value"], 3.0);
    let own = get(&sidecar, "/metrics/history?name=sidecar_thread_count&aggregate=last").json();
    assert!(own["series"][0]["points"][0]["value"].as_f64().is_some_and(|threads| threads > 1.0), "{own}");
    assert_eq!(get(&sidecar, "/metrics/history?name=nobody_s").json()["series"], serde_json::json!([]));
}

#[test]
fn what_is_wrong_with_a_question_is_said() {
    let sidecar = builder().http("127.0.0.1:0").start().expect("valid settings");
    for (query, message) in [
        ("", "name is not given, but must be the name of a metric"),
        ("?name=x&last=0", "last is 0 s, but must be from 1 s to 604800 s (7 days)"),
        ("?name=x&step=400", "step is 400 s, but must be from 1 s to the range, `last`"),
        (
            "?name=sidecar_queue_size&aggregate=rate",
            "aggregate is rate, but \"sidecar_queue_size\" is a gauge, which has none",
        ),
    ] {
        let reply = get(&sidecar, &format!("/metrics/history{query}"));
        assert_eq!((reply.status, &reply.json()["error"]), (400, &message.into()), "{query}");
    }
}

#[test]
fn its_share_of_the_memory_is_accounted_for() {
    let mut config = everything();
    config.runtime.sidecar.resources.max_memory_mb = 1.0;
    let sidecar = builder().config(config).start().expect("valid settings");
    for n in 0..900 {
        sidecar.metrics().set_gauge("level", 1.0, &[("n", &n.to_string())]);
    }
    let share = (1 << 20) as f64 * 0.3;
    eventually("some have no room", || sidecar.metrics().history_stats().series_left_out > 0);
    assert!(
        (sidecar.metrics().history_stats().bytes as f64) < share,
        "{:?}",
        sidecar.metrics().history_stats()
    );
}

#[test]
fn bounds_follow_the_configuration_while_it_runs() {
    let text = |memory: u32, own: &str, performance: u32| {
        format!(
            "runtime: {{ sidecar: {{ resources: {{ max_memory_mb: {memory} }}, metrics: {{ {own} }} }} }}\n\
             observability: {{ performance: {{ retention_seconds: {performance} }} }}\n"
        )
    };
    let file = File::new(&text(1, "retention_seconds: 7200", 3_600));
    let sidecar = file.start();
    let bounds = || {
        let (settings, stats) = (sidecar.observer().settings(), sidecar.metrics().history_stats());
        (settings.queue_bytes, stats.max_bytes, stats.retention.as_secs())
    };
    assert_eq!(bounds(), (419_430, 314_572, 7_200), "40 % and 30 % of it");
    for n in 0..900 {
        sidecar.metrics().set_gauge("level", 1.0, &[("n", &n.to_string())]);
    }
    let left_out = || sidecar.metrics().history_stats().series_left_out;
    eventually("some have no room", || left_out() > 0);
    for (memory, own, performance, expected) in [
        (100, "retention_seconds: 7200", 3_600, (41_943_040, 31_457_280, 7_200)),
        (100, "", 3_600, (41_943_040, 31_457_280, 3_600)),
        (100, "", 900, (41_943_040, 31_457_280, 900)),
        // As far as the history can.
        (100_000, "", 1, (41_943_040_000, 1_000_000_000, 300)),
        (100_000, "", 31_536_000, (41_943_040_000, 1_000_000_000, 604_800)),
    ] {
        file.write(&text(memory, own, performance));
        assert_eq!(reload(&sidecar), Reload::Changed);
        assert_eq!(bounds(), expected);
    }
    eventually("all have room now", || left_out() == 0);
    file.write(&text(1, "", 3_600));
    assert_eq!(reload(&sidecar), Reload::Changed);
    let bytes = sidecar.metrics().history_stats().bytes;
    assert!(bytes <= 314_572, "{bytes} at once");
}

#[test]
fn the_retention_is_the_measurements_unless_it_has_its_own() {
    let with = |own: Option<u64>, performance: u64| {
        let mut config = everything();
        config.runtime.sidecar.metrics.retention = own.map(Duration::from_secs);
        config.observability.performance.retention = Duration::from_secs(performance);
        builder().config(config).start()
    };
    for (own, performance) in [(None, 1), (None, 365 * 86_400), (Some(300), 3_600), (Some(604_800), 3_600)] {
        assert!(with(own, performance).is_ok(), "{own:?} {performance}");
    }
    for bad in [299, 604_801] {
        let error = with(Some(bad), 3_600).expect_err("out of range").to_string();
        assert!(error.contains("runtime.sidecar.metrics.retention_seconds is "), "{error}");
    }
}

#[test]
fn a_source_that_hangs_holds_up_neither_checks_nor_the_end() {
    alone("history::a_source_that_hangs_holds_up_neither_checks_nor_the_end", &[], || {
        let sidecar = started();
        let (entered, hangs) = channel();
        let (release, released) = channel::<()>();
        let released = std::sync::Mutex::new(released);
        sidecar.metrics().register_source(move |_| {
            let _ = entered.send(());
            let _ = released.lock().map(|released| released.recv_timeout(PATIENCE * 2));
        });
        hangs.recv_timeout(PATIENCE).expect("the next second's reading asks the source");
        let check = sidecar_runtime::health::Component::new("database", || true).critical(true);
        sidecar.health().register(check).expect("a new name");
        crate::support::becomes(&sidecar, "database", sidecar_runtime::health::Status::Healthy);
        let level = Query::new("sidecar_queue_size").aggregate(Aggregate::Max);
        assert!(sidecar.metrics().query(level).is_ok_and(|answer| !answer.series.is_empty()));
        drop(sidecar);
        drop(release);
    });
}
