//! Alerts: a rule with a threshold of its own for clearing, and where its alerts go.
//!
//! `cargo run --example alerts` shows a rule at work, in virtual time. `cargo run --example alerts -- FILE URL` watches
//! the number in a file and posts to the Alertmanager at URL, until the file is gone.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_metrics::{Alert, AlertRule, AlertmanagerHook, MetricsCollector, Reading};
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

const MINUTE: Duration = Duration::from_secs(60);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments[..] {
        [] => show(),
        [file, url] => watch(Path::new(file), url),
        _ => Err("FILE URL, or nothing".into()),
    }
}

/// A minute per line: the rule fires after two, and what it fires on has to come down to a half.
fn show() -> Result<(), Box<dyn Error>> {
    let metrics = MetricsCollector::new();
    let read = metrics.clone();
    let load = move || vec![Reading::new(&[], read.value("load", &[]))];
    let rule = AlertRule::from_fn("LoadHigh", load).above(4.0).clear_below(2.0).hold(2 * MINUTE);
    metrics.alert(rule.notify(|alert: &Alert| println!("      {} is {}", alert.name(), alert.state())))?;

    for (minute, load) in (0..).zip([1.0, 5.0, 3.0, 5.0, 6.0, 7.0, 3.0, 5.0, 1.5]) {
        metrics.set_gauge("load", load, &[]);
        println!("{minute} min  load {load}");
        metrics.tick_alerts(minute * MINUTE.as_nanos() as u64);
        assert!(metrics.flush_alerts(MINUTE), "the hook prints and returns");
    }
    assert_eq!(metrics.alerts().firing().count(), 0);
    assert!(metrics.remove_alert("LoadHigh"), "or the rule would keep the collector alive");
    Ok(())
}

/// The load of a machine would be in `/proc/loadavg`.
fn watch(file: &Path, url: &str) -> Result<(), Box<dyn Error>> {
    let hook = AlertmanagerHook::builder(url).resend(Duration::from_secs(2)).start()?;
    let metrics = MetricsCollector::builder().alert_interval(Duration::from_millis(100)).build()?;
    let watched = file.to_owned();
    let number = move || {
        let text = fs::read_to_string(&watched).unwrap_or_default();
        let number = text.split_whitespace().next().and_then(|word| word.parse().ok());
        vec![Reading::new(&[("file", &watched.to_string_lossy())], number)]
    };
    let rule =
        AlertRule::from_fn("NumberHigh", number).above(4.0).clear_below(2.0).label("severity", "warning");
    let rule = rule.annotation("summary", "The number in the file is too high.");
    metrics.alert(rule.notify(hook.clone()))?;

    let started = Instant::now();
    while file.exists() {
        metrics.tick_alerts(started.elapsed().as_nanos() as u64);
        thread::sleep(Duration::from_millis(100));
    }
    println!("everything has arrived: {}", hook.shutdown(Duration::from_secs(5)));
    Ok(())
}
