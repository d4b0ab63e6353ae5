//! The summary for a person.

use super::{Durations, Pushed, Summary, WebhookCounts};
use std::fmt::{self, Display, Write};

impl Summary {
    /// A few short tables.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("writing to a string does not fail");
        text.truncate(text.trim_end().len());
        text
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let Self { input, ledger, process, .. } = self;
        writeln!(
            out,
            "\n{} events in {} ({} events/s), ended by {}",
            ledger.received,
            seconds(self.elapsed_seconds),
            self.events_per_second.round(),
            self.ended_by
        )?;
        if input.lines > 0 {
            writeln!(
                out,
                "  lines      {} read, {} ignored, {} malformed",
                input.lines, input.ignored, input.malformed
            )?;
            for malformed in &input.first_malformed {
                writeln!(out, "             line {}: {}", malformed.line, malformed.reason)?;
            }
            let listed = input.first_malformed.len() as u64;
            if input.malformed > listed {
                writeln!(out, "             and {} more", input.malformed - listed)?;
            }
        }
        let dropped: u64 = ledger.dropped.values().sum();
        writeln!(
            out,
            "  ledger     {} received = {} processed + {} failed + {} sampled out + {} dropped + {} waiting",
            ledger.received, ledger.processed, ledger.failed, ledger.sampled_out, dropped, ledger.waiting
        )?;
        for (reason, count) in ledger.dropped.iter().filter(|(_, count)| **count > 0) {
            writeln!(out, "             {count} dropped: {reason}")?;
        }
        writeln!(
            out,
            "  cost       {}",
            cost(process.cpu_seconds, process.cpu_percent, process.peak_memory_mb)
        )?;
        if let Some(webhook) = self.webhook {
            let WebhookCounts { delivered, failed, rejected, unsent } = webhook;
            writeln!(
                out,
                "  webhook    {delivered} delivered, {failed} failed, {rejected} rejected by the breaker, {unsent} unsent"
            )?;
        }
        if let Some(Pushed { delivered, attempts, error }) = &self.push {
            let result = if *delivered { "delivered" } else { "failed" };
            let plural = if *attempts == 1 { "" } else { "s" };
            let why = error.as_ref().map(|error| format!(": {}", printable(error))).unwrap_or_default();
            writeln!(out, "  push       {result} after {attempts} attempt{plural}{why}")?;
        }
        self.write_events(out)?;
        self.write_tests(out)
    }

    fn write_events(&self, out: &mut String) -> fmt::Result {
        if self.events.is_empty() {
            return Ok(());
        }
        writeln!(out, "\nevents by type")?;
        for row in &self.events {
            writeln!(out, "  {:>10}  {}", row.received, printable(&row.event_type))?;
        }
        let more = self.event_types - self.events.len();
        if more > 0 {
            writeln!(out, "  {more} more types")?;
        }
        Ok(())
    }

    fn write_tests(&self, out: &mut String) -> fmt::Result {
        let tests = self.tests;
        if tests.total() > 0 {
            let (passed, failed, skipped) = (tests.passed, tests.failed, tests.skipped);
            writeln!(out, "\ntests: {passed} passed, {failed} failed, {skipped} skipped")?;
        }
        for test in &self.failed_tests {
            writeln!(out, "  failed      {}", printable(test))?;
        }
        let more = tests.failed.saturating_sub(self.failed_tests.len() as u64);
        if more > 0 && !self.failed_tests.is_empty() {
            writeln!(out, "  {more} more failed")?;
        }
        let Durations { count, p50: Some(p50), p95: Some(p95), p99: Some(p99), max: Some(max) } =
            self.test_duration_ms
        else {
            return Ok(());
        };
        writeln!(
            out,
            "  durations   p50 {}, p95 {}, p99 {}, max {} over {count} tests",
            millis(p50),
            millis(p95),
            millis(p99),
            millis(max)
        )?;
        writeln!(out, "\nslowest tests")?;
        for test in &self.slowest_tests {
            writeln!(
                out,
                "  {:>10}  {} {}",
                millis(test.duration_ms),
                printable(&test.test_id),
                printable(&test.status)
            )?;
        }
        Ok(())
    }
}

fn cost(cpu_seconds: f64, cpu_percent: f64, peak_memory_mb: f64) -> String {
    format!(
        "{cpu_seconds:.2} s of CPU ({cpu_percent:.1} % of a core), at most {peak_memory_mb:.1} MB of memory"
    )
}

fn seconds(seconds: f64) -> String {
    if seconds < 1.0 { millis(seconds * 1_000.0) } else { format!("{seconds:.1} s") }
}

fn millis(millis: f64) -> String {
    match millis {
        ..1.0 => format!("{:.0} us", millis * 1_000.0),
        ..1_000.0 => format!("{millis:.1} ms"),
        _ => format!("{:.2} s", millis / 1_000.0),
    }
}

/// Text from the input, without characters that could move a terminal's cursor.
fn printable(text: &str) -> impl Display {
    text.escape_debug().to_string()
}
