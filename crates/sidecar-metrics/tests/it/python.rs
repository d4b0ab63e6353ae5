//! What Python's `prometheus_client` reads of our text. `cargo xtask interop` installs it and says where it is; without
//! that there is nothing to ask.

use crate::escaping::short_strings;
use crate::parser::{Format, Labels, parse};
use sidecar_metrics::{MetricsCollector, Unit};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::process::{Command, Stdio};

/// Names the interpreter that has the library.
const PYTHON: &str = "SIDECAR_PYTHON";

/// Reads a text from its input, in the format that it is told, and prints each sample in a line: texts in hexadecimal.
const READ: &str = r#"
import sys
if sys.argv[1] == "classic":
    from prometheus_client.parser import text_string_to_metric_families as read
else:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as read

def encoded(text):
    return "h" + text.encode().hex()

def labels(given):
    return " ".join(key + " " + encoded(value) for key, value in sorted(given.items()))

for family in read(sys.stdin.buffer.read().decode()):
    print("family", family.name, encoded(family.documentation), family.type, family.unit)
    for sample in family.samples:
        print("sample", sample.name, repr(float(sample.value)), labels(sample.labels))
        if sample.exemplar:
            print("exemplar", repr(float(sample.exemplar.value)), labels(sample.exemplar.labels))
"#;

#[derive(Debug, Default, PartialEq)]
struct Read {
    /// Name, help, kind, unit.
    families: Vec<(String, String, String, String)>,
    samples: Vec<(String, f64, Labels)>,
    exemplars: Vec<(f64, Labels)>,
}

fn decoded(word: &str) -> String {
    let hex = word.strip_prefix('h').expect("a text in hexadecimal");
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("two digits");
    String::from_utf8((0..hex.len()).step_by(2).map(byte).collect()).expect("UTF-8")
}

fn labels<'a>(mut words: impl Iterator<Item = &'a str>) -> Labels {
    let mut labels = Labels::new();
    while let (Some(key), Some(value)) = (words.next(), words.next()) {
        labels.insert(key.to_owned(), decoded(value));
    }
    labels
}

fn interpreter() -> Option<OsString> {
    let python = std::env::var_os(PYTHON);
    if python.is_none() {
        let _ = writeln!(std::io::stderr(), "skipped: {PYTHON} names no interpreter");
    }
    python
}

fn read_by_python(python: &OsStr, text: &str, format: Format) -> Read {
    let word = if format == Format::Classic { "classic" } else { "openmetrics" };
    let mut command = Command::new(python);
    command.args(["-c", READ, word]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("Python starts");
    let mut input = child.stdin.take().expect("piped");
    // It prints nothing before it has read all, so neither waits for the other.
    input.write_all(text.as_bytes()).expect("Python reads");
    drop(input);
    let output = child.wait_with_output().expect("Python ends");
    assert!(output.status.success(), "{}: the text is refused", output.status);
    let mut read = Read::default();
    for line in String::from_utf8(output.stdout).expect("UTF-8").lines() {
        let mut words = line.split_whitespace();
        let kind = words.next();
        let mut word = || words.next().unwrap_or_default().to_owned();
        match kind {
            Some("family") => read.families.push((word(), decoded(&word()), word(), word())),
            Some("sample") => {
                let (name, value) = (word(), word().parse().expect("a number"));
                read.samples.push((name, value, labels(words)));
            }
            _ => {
                let value = word().parse().expect("a number");
                read.exemplars.push((value, labels(words)));
            }
        }
    }
    read
}

fn read_here(text: &str, format: Format) -> Read {
    let mut read = Read::default();
    for family in parse(text, format).expect("well-formed") {
        let unit = family.unit.unwrap_or_default();
        read.families.push((family.name, family.help, family.kind, unit));
        read.samples.extend(family.samples.into_iter().map(|(name, labels, value)| (name, value, labels)));
        read.exemplars.extend(family.exemplars.into_iter().map(|own| (own.value, own.labels)));
    }
    read
}

/// What the library makes of names: in the classic format it takes `_total` from a counter, and gives it to each
/// sample.
fn as_the_library_names(mut read: Read, format: Format) -> Read {
    if format == Format::Classic {
        let counters: Vec<String> =
            read.families.iter().filter(|own| own.2 == "counter").map(|own| own.0.clone()).collect();
        for (name, _, kind, _) in read.families.iter_mut().filter(|own| own.2 == "counter") {
            assert_eq!(kind, "counter");
            *name = name.strip_suffix("_total").unwrap_or(name).to_owned();
        }
        for (name, ..) in read.samples.iter_mut().filter(|own| counters.contains(&own.0)) {
            *name = format!("{}_total", name.strip_suffix("_total").unwrap_or(name));
        }
    }
    read
}

fn compare(python: &OsStr, metrics: &MetricsCollector) -> Read {
    let mut last = Read::default();
    for (text, format) in
        [(metrics.export_prometheus(), Format::Classic), (metrics.export_openmetrics(), Format::OpenMetrics)]
    {
        let here = as_the_library_names(read_here(&text, format), format);
        last = read_by_python(python, &text, format);
        // One by one, so that a failure shows the first difference; as text, in which NaN equals itself.
        let lines = |read: &Read| -> Vec<String> {
            let families = read.families.iter().map(|own| format!("{own:?}"));
            let samples = read.samples.iter().map(|own| format!("{own:?}"));
            families.chain(samples).chain(read.exemplars.iter().map(|own| format!("{own:?}"))).collect()
        };
        for (here, there) in lines(&here).iter().zip(&lines(&last)) {
            assert_eq!(here, there, "{format:?}");
        }
        assert_eq!(lines(&here).len(), lines(&last).len(), "{format:?}");
    }
    last
}

#[test]
fn python_reads_every_short_string_as_it_was() {
    let Some(python) = interpreter() else { return };
    let strings = short_strings(6);
    let bound = strings.len();
    let metrics = MetricsCollector::builder().max_series_per_metric(bound).max_series(bound).build();
    let metrics = metrics.expect("valid bounds");
    for text in &strings {
        metrics.set_gauge("g", 1.0, &[("text", text)]);
    }
    let read = compare(&python, &metrics);
    let text = |(_, _, labels): &(String, f64, Labels)| labels.get("text").cloned().unwrap_or_default();
    let values: BTreeSet<String> = read.samples.iter().map(text).collect();
    assert_eq!((values, read.samples.len()), (strings.into_iter().collect(), 19_531));
}

#[test]
fn python_reads_help_units_numbers_histograms_and_exemplars_as_they_were() {
    let Some(python) = interpreter() else { return };
    let metrics = MetricsCollector::builder().created_samples(true).build().expect("valid");
    for (at, text) in short_strings(3).iter().enumerate().filter(|(_, text)| !text.is_empty()) {
        let name = format!("help_{at}");
        metrics.set_gauge(&name, 1.0, &[]);
        // Readers of the classic format may take blanks from the ends.
        metrics.describe(&name, Unit::Count, &format!("[{text}]"));
    }
    // Without `-0`, which Python reads as an integer, and integers have one zero.
    let numbers =
        [0.0, 1.5, 1e-7, 1e16, f64::MAX, f64::MIN_POSITIVE, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    for (at, number) in numbers.into_iter().enumerate() {
        metrics.set_gauge("numbers", number, &[("at", &at.to_string())]);
    }
    metrics.describe("sent_bytes_total", Unit::Bytes, "Bytes");
    let counter = metrics.counter("sent_bytes_total", &[("to", "a b")]).expect("a new name");
    assert!(counter.increment_with_exemplar(3, &[("run_id", "a\\b\nc é")]));
    metrics.increment("tests_executed", &[("framework", "pytest")]);
    let histogram = metrics.histogram("h_seconds", &[("k", "\"v\"")]).expect("a new name");
    for value in [0.01, 0.2, 1e-9, 70.0] {
        assert!(histogram.record_with_exemplar(value, &[("run_id", "a"), ("k", "v")]));
    }
    let read = compare(&python, &metrics);
    assert_eq!(read.exemplars.len(), 5);
    assert_eq!(metrics.errors(), 0);
}
