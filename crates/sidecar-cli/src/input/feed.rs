//! Takes lines, offers the events they stand for, and counts.

use super::event_line;
use super::format::Format;
use super::libtest::{self, Said};
use super::lines::Line;
use super::malformed::Malformed;
use super::tally::Tally;
use sidecar_runtime::observer::{Event, Observer};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Feeds one input's lines to an observer, waiting for room instead of dropping.
pub(crate) struct Feed {
    observer: Observer,
    format: Format,
    tally: Arc<Mutex<Tally>>,
}

impl Feed {
    pub(crate) fn new(observer: Observer, format: Format) -> Self {
        Self { observer, format, tally: Arc::default() }
    }

    /// The counts, shared with whoever shows progress.
    pub(crate) fn tally(&self) -> Arc<Mutex<Tally>> {
        Arc::clone(&self.tally)
    }

    /// Takes one line. What is wrong with it has been counted when it comes back as an error.
    pub(crate) fn line(&mut self, number: u64, line: &Line<'_>) -> Result<(), Malformed> {
        self.lock().lines += 1;
        let taken = match line {
            Line::TooLong => Err(Malformed::TooLong),
            Line::Whole(bytes) if bytes.trim_ascii().is_empty() => {
                self.lock().ignored += 1;
                Ok(())
            }
            Line::Whole(bytes) => self.take(bytes),
        };
        taken.inspect_err(|malformed| self.lock().malformed(number, malformed))
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        let object = event_line::parse_object(bytes)?;
        if self.format == Format::Auto {
            self.format = Format::of(&object).unwrap_or(Format::Auto);
        }
        match self.format {
            // Neither kind yet: an event line without its type is the likelier intent.
            Format::Events | Format::Auto => self.offer(event_line::event(object)?),
            Format::Libtest => match libtest::read(&object)? {
                Said::Event(event) => self.offer(event),
                Said::Verdict { verdict, end, failure } => {
                    self.lock().verdict(verdict);
                    self.offer(end);
                    if let Some(failure) = failure {
                        self.offer(failure);
                    }
                }
                Said::Ignored => self.lock().ignored += 1,
            },
        }
        Ok(())
    }

    fn offer(&self, event: Event) {
        self.observer.observe_waiting(event);
    }

    fn lock(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn fed(format: Format, lines: &[&str]) -> (Tally, Observer) {
        let observer = Observer::builder().start().expect("defaults are valid");
        let mut feed = Feed::new(observer.clone(), format);
        for (number, line) in (1..).zip(lines) {
            let _ = feed.line(number, &Line::Whole(line.as_bytes()));
        }
        let tally = feed.lock().clone();
        let _ = observer.shutdown(Duration::from_secs(30));
        (tally, observer)
    }

    #[test]
    fn auto_settles_on_the_first_line_that_tells() {
        let test = r#"{"type":"test","event":"ok","name":"t"}"#;
        let event = r#"{"event_type":"x"}"#;
        let (tally, observer) = fed(Format::Auto, &["", "noise", test, event]);
        assert_eq!((tally.lines, tally.ignored, tally.malformed_total()), (4, 1, 2));
        assert_eq!(observer.stats().by_type.keys().collect::<Vec<_>>(), ["test_end"]);
        let (tally, observer) = fed(Format::Auto, &["{}", event, test]);
        assert_eq!(tally.malformed_total(), 2);
        assert_eq!(observer.stats().by_type.keys().collect::<Vec<_>>(), ["x"]);
    }

    #[test]
    fn a_failed_test_becomes_an_end_and_a_failure() {
        let failed = r#"{"type":"test","event":"failed","name":"t","stdout":"boom"}"#;
        let (tally, observer) = fed(Format::Libtest, &[failed, r#"{"type":"bench","name":"b"}"#]);
        assert_eq!((tally.verdicts.failed, tally.ignored), (1, 1));
        let stats = observer.stats();
        assert_eq!((stats.by_type["test_end"].processed, stats.by_type["test_failure"].processed), (1, 1));
    }

    #[test]
    fn only_the_first_malformed_lines_are_listed_and_all_are_counted() {
        let (tally, _) = fed(Format::Events, &["x"; 25]);
        assert_eq!((tally.malformed["not_json"], tally.first_malformed.len()), (25, 10));
        assert_eq!(tally.first_malformed[9].0, 10);
    }
}
