//! A rendering in chunks is the same text.

use sidecar_metrics::{CHUNK_BYTES, Format, MetricsCollector, Unit};

const FORMATS: [Format; 2] = [Format::Classic, Format::OpenMetrics];

fn chunks(metrics: &MetricsCollector, format: Format) -> Vec<String> {
    let mut chunks = Vec::new();
    metrics.render_into(format, |chunk| chunks.push(chunk.to_owned()));
    chunks
}

fn filled(series: usize) -> MetricsCollector {
    let metrics = MetricsCollector::new();
    for at in 0..series {
        let tags = [("at", &*at.to_string())];
        metrics.increment_by(&format!("c{}_total", at % 7), at as u64, &tags);
        metrics.record_histogram(&format!("h{}", at % 3), at as f64 / 3.0, &tags);
    }
    metrics.register_source(|out| {
        out.gauge("level", "Level").sample(&[], 0.5);
    });
    metrics
}

#[test]
fn chunks_are_whole_lines_within_the_bound_and_make_the_whole_text() {
    let metrics = filled(900);
    for format in FORMATS {
        let (chunks, text) = (chunks(&metrics, format), metrics.export(format));
        assert_eq!(chunks.concat(), text);
        assert!(chunks.len() > 5, "{} chunks", chunks.len());
        let (last, full) = chunks.split_last().expect("there are some");
        for chunk in full {
            // The next line did not fit: none of these is as long as 100 bytes.
            assert!((CHUNK_BYTES - 100..=CHUNK_BYTES).contains(&chunk.len()), "{} bytes", chunk.len());
        }
        assert!(last.len() <= CHUNK_BYTES && chunks.iter().all(|chunk| chunk.ends_with('\n')));
    }
}

#[test]
fn a_line_that_is_longer_than_a_chunk_comes_alone() {
    let metrics = MetricsCollector::new();
    for name in ["a_total", "b_total", "c_total"] {
        metrics.increment(name, &[]);
    }
    metrics.describe("b_total", Unit::Count, &"long ".repeat(CHUNK_BYTES));
    for format in FORMATS {
        let chunks = chunks(&metrics, format);
        let lines: Vec<usize> = chunks.iter().map(|chunk| chunk.lines().count()).collect();
        assert_eq!((lines[1], chunks.concat()), (1, metrics.export(format)), "{lines:?}");
    }
}

#[test]
fn little_is_one_chunk_and_nothing_is_none() {
    let metrics = MetricsCollector::new();
    assert_eq!(chunks(&metrics, Format::Classic), [""; 0]);
    assert_eq!(chunks(&metrics, Format::OpenMetrics), ["# EOF\n"]);
    metrics.increment("a_total", &[]);
    assert_eq!(chunks(&metrics, Format::Classic), [metrics.export_prometheus()]);
}

#[test]
fn whoever_takes_a_chunk_may_use_the_collector() {
    let metrics = filled(900);
    let mut taken = 0;
    metrics.render_into(Format::Classic, |_| {
        metrics.increment("taken_total", &[("number", &taken.to_string())]);
        assert!(metrics.value("c1_total", &[("at", "1")]).is_some());
        taken += 1;
    });
    assert_eq!(metrics.families().get("taken_total").map(|family| family.samples().len()), Some(taken));
}

#[test]
fn formats_know_their_content_type() {
    assert_eq!(Format::Classic.content_type(), sidecar_metrics::CLASSIC_CONTENT_TYPE);
    assert_eq!(Format::OpenMetrics.content_type(), sidecar_metrics::OPENMETRICS_CONTENT_TYPE);
}
