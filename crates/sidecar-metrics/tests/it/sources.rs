//! Sources: whole families at scrape time, joined without contradictions.

use crate::{classic, openmetrics};
use sidecar_metrics::{FixedSnapshot, MAX_SOURCES, MetricsCollector};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::time::Duration;

fn snapshot(bounds: &[f64], counts: &[u64]) -> FixedSnapshot {
    FixedSnapshot { bounds: bounds.into(), counts: counts.to_vec(), sum: 1.0 }
}

#[test]
fn a_source_is_asked_at_each_reading() {
    let metrics = MetricsCollector::new();
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    metrics.register_source(move |out| {
        out.counter("asked_total", "Readings").sample(&[], count.fetch_add(1, Relaxed) + 1);
        out.gauge("level", "Level").sample(&[("side", "left")], -1i64).sample(&[("side", "right")], 0.5);
        out.histogram("h", "Sizes").sample(&[], snapshot(&[1.0], &[2, 3]));
        out.counter("idle_total", "Nothing yet");
    });
    assert_eq!(asked.load(Relaxed), 0);
    let expected = "\
# HELP asked_total Readings
# TYPE asked_total counter
asked_total 1
# HELP h Sizes
# TYPE h histogram
h_bucket{le=\"1\"} 2
h_bucket{le=\"+Inf\"} 5
h_sum 1
h_count 5
# HELP idle_total Nothing yet
# TYPE idle_total counter
# HELP level Level
# TYPE level gauge
level{side=\"left\"} -1
level{side=\"right\"} 0.5
";
    assert_eq!(metrics.export_prometheus(), expected);
    assert!(metrics.families().contains_key("idle_total"), "a family without samples is there by name");
    assert_eq!(metrics.value("asked_total", &[]), Some(3.0));
    assert_eq!((metrics.errors(), openmetrics(&metrics).len()), (0, 4));
}

#[test]
fn a_source_that_panics_costs_only_its_own_families() {
    let metrics = MetricsCollector::new();
    metrics.increment("own", &[]);
    metrics.register_source(|out| {
        out.gauge("before", "").sample(&[], 1);
    });
    metrics.register_source(|out| {
        out.gauge("half", "").sample(&[], 1);
        panic!("a source that breaks");
    });
    metrics.register_source(|out| {
        out.gauge("after", "").sample(&[], 1);
    });
    let names: Vec<String> = classic(&metrics).into_iter().map(|family| family.name).collect();
    assert_eq!(names, ["after", "before", "own"]);
    assert_eq!(metrics.errors(), 1);
    let _ = metrics.export_openmetrics();
    assert_eq!(metrics.errors(), 2);
}

#[test]
fn one_name_from_two_places_is_one_family_and_the_first_of_equal_series_stays() {
    let metrics = MetricsCollector::new();
    metrics.increment_by("shared_total", 5, &[("from", "registry")]);
    for (own, value) in [("a", 1), ("b", 2)] {
        metrics.register_source(move |out| {
            let mut family = out.counter("shared_total", "From a source");
            family.sample(&[("from", "registry")], 99).sample(&[("from", own)], value);
            out.gauge("pulled", own).sample(&[], value).sample(&[("from", own)], value);
        });
    }
    let families = metrics.families();
    assert_eq!(metrics.errors(), 3, "two beside the registry's series, one beside the first source's");
    assert_eq!(families.len(), 2);
    for (from, value) in [("registry", 5.0), ("a", 1.0), ("b", 2.0)] {
        assert_eq!(families.value("shared_total", &[("from", from)]), Some(value));
    }
    assert_eq!(families.value("pulled", &[]), Some(1.0));
    let pulled = families.get("pulled").expect("present");
    assert_eq!((pulled.samples().len(), pulled.help()), (3, "a"));
    classic(&metrics);
    openmetrics(&metrics);
}

#[test]
fn another_kind_of_the_same_name_is_dropped_and_counted() {
    let metrics = MetricsCollector::new();
    metrics.increment("registered", &[]);
    metrics.register_source(|out| {
        out.gauge("registered", "").sample(&[("k", "v")], 1);
        out.gauge("pulled", "").sample(&[], 1);
        out.histogram("pulled", "").sample(&[], snapshot(&[1.0], &[0, 0]));
    });
    let families = classic(&metrics);
    assert_eq!(metrics.errors(), 2);
    let found: Vec<(&str, usize)> = families.iter().map(|own| (&*own.kind, own.samples.len())).collect();
    assert_eq!(found, [("gauge", 1), ("counter", 1)]);
}

#[test]
fn a_family_that_would_share_a_samples_name_is_dropped_and_counted() {
    let metrics = MetricsCollector::new();
    metrics.record_histogram("h", 1.0, &[]);
    metrics.increment("c_sum", &[]);
    metrics.register_source(|out| {
        out.gauge("h_count", "").sample(&[], 1);
        out.histogram("c", "").sample(&[], snapshot(&[1.0], &[0, 0]));
        out.histogram("p", "").sample(&[], snapshot(&[1.0], &[0, 0]));
        out.gauge("p_bucket", "").sample(&[], 1);
    });
    let names: Vec<String> = classic(&metrics).into_iter().map(|family| family.name).collect();
    assert_eq!(names, ["c_sum", "h", "p"]);
    assert_eq!(metrics.errors(), 3);
}

#[test]
fn what_the_formats_do_not_allow_costs_that_sample_alone() {
    let metrics = MetricsCollector::new();
    metrics.register_source(|out| {
        out.gauge("a.b", "").sample(&[], 1).sample(&[("k", "v")], 1);
        let mut counter = out.counter("c", "");
        counter.sample(&[("a.b", "v")], 1).sample(&[("k", "1"), ("k", "2")], 1).sample(&[("le", "1")], 1);
        counter.sample(&[("bad", "1")], -1).sample(&[("bad", "2")], f64::NAN).sample(&[("good", "1")], 0);
        let mut histogram = out.histogram("h", "");
        for (bounds, counts) in [
            (&[1.0][..], &[1][..]),
            (&[1.0, 1.0], &[1, 1, 1]),
            (&[f64::NAN], &[1, 1]),
            (&[], &[1]),
            (&[1.0], &[u64::MAX, 1]),
        ] {
            histogram.sample(&[], snapshot(bounds, counts));
        }
        histogram.sample(&[], snapshot(&[1.0], &[u64::MAX - 1, 1]));
    });
    let families = classic(&metrics);
    assert_eq!(metrics.errors(), 1 + 5 + 5);
    assert_eq!((families.len(), families[0].samples.len()), (2, 1));
    assert_eq!(families[1].samples.len(), 4);
}

#[test]
fn sources_have_a_bound() {
    let metrics = MetricsCollector::new();
    for at in 0..=MAX_SOURCES {
        metrics.register_source(move |out| {
            out.gauge("g", "").sample(&[("at", &at.to_string())], at);
        });
    }
    assert_eq!((metrics.errors(), classic(&metrics)[0].samples.len()), (1, MAX_SOURCES));
}

#[test]
fn a_source_that_exports_its_own_collector_does_not_recurse() {
    let (metrics, other) = (MetricsCollector::new(), MetricsCollector::new());
    let own = metrics.clone();
    other.register_source(move |out| {
        // Twice: the end of the first circle must not hide that the reading around it goes on.
        for format in ["classic", "openmetrics"] {
            let text = if format == "classic" { own.export_prometheus() } else { own.export_openmetrics() };
            out.gauge("length", "").sample(&[("format", format)], text.len());
        }
    });
    let through = other.clone();
    metrics.register_source(move |out| {
        out.gauge("inner", "").sample(&[], through.families().len());
    });
    assert_eq!(metrics.value("inner", &[]), Some(1.0), "another collector may be read in a source");
    assert_eq!((metrics.errors(), other.errors()), (2, 0), "each circle ends where it began");
    assert_eq!(metrics.value("inner", &[]), Some(1.0), "and the next reading works as the first");
}

#[test]
fn writers_need_no_lock_that_a_reading_holds() {
    let metrics = MetricsCollector::new();
    let counter = metrics.counter("held", &[]).expect("a new name");
    metrics.increment("named", &[]);
    let writer = metrics.clone();
    let (start, started) = mpsc::channel::<()>();
    let (done, finished) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        started.recv().expect("a reading begins");
        counter.increment();
        writer.increment("named", &[]);
        writer.increment("named", &[("new", "series")]);
        writer.register_source(|out| {
            out.gauge("late", "");
        });
        done.send(()).expect("the reading waits");
    });
    let (start, finished) = (std::sync::Mutex::new(start), std::sync::Mutex::new(finished));
    metrics.register_source(move |out| {
        let _ = start.lock().expect("not poisoned").send(());
        let writers = finished.lock().expect("not poisoned").recv_timeout(Duration::from_secs(60));
        out.gauge("writers_were_free", "").sample(&[], u64::from(writers.is_ok()));
    });
    assert_eq!(metrics.value("writers_were_free", &[]), Some(1.0));
    thread.join().expect("no panic");
    assert!(metrics.export_prometheus().contains("held 1\n"));
}
