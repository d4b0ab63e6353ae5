//! Takes lines, offers the events they stand for, and counts.

use super::event_line;
use super::format::Format;
use super::libtest::{self, Said};
use super::lines::Line;
use super::malformed::Malformed;
use super::object::Object;
use super::tally::SharedTally;
use super::verdict::Verdict;
use sidecar_runtime::observer::Observer;

/// What some programs put before their first line to say that it is UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Feeds one input's lines to an observer, waiting for room instead of dropping.
pub(crate) struct Feed {
    observer: Observer,
    format: Format,
    tally: SharedTally,
}

impl Feed {
    pub(crate) fn new(observer: Observer, format: Format, tally: SharedTally) -> Self {
        Self { observer, format, tally }
    }

    /// Takes one line. What is wrong with it has been counted when it comes back as an error.
    pub(crate) fn line(&mut self, number: u64, line: &Line<'_>) -> Result<(), Malformed> {
        let read = self.read(number, line);
        let mut tally = self.tally.lock();
        tally.lines += 1;
        match read {
            Ok(None) => tally.ignored += 1,
            Ok(Some(Said { event, failure })) => {
                if let Some(verdict) = Verdict::of(&event) {
                    tally.verdicts.count(verdict);
                }
                // There may be no room for a while, and whoever shows progress needs the tally meanwhile.
                drop(tally);
                self.observer.observe_waiting(event);
                if let Some(failure) = failure {
                    self.observer.observe_waiting(*failure);
                }
            }
            Err(malformed) => {
                tally.malformed(number, &malformed);
                return Err(malformed);
            }
        }
        Ok(())
    }

    fn read(&mut self, number: u64, line: &Line<'_>) -> Result<Option<Said>, Malformed> {
        let Line::Whole(mut bytes) = *line else { return Err(Malformed::TooLong) };
        if number == 1 {
            bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        }
        if bytes.trim_ascii().is_empty() {
            return Ok(None);
        }
        let object = Object::parse(bytes)?;
        if self.format == Format::Auto {
            self.format = Format::of(&object).unwrap_or(Format::Auto);
        }
        match self.format {
            Format::Libtest => libtest::read(&object),
            // Neither kind yet: an event line without its type is the likelier intent.
            Format::Events | Format::Auto => {
                Ok(Some(Said { event: event_line::event(object)?, failure: None }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tally::Tally;
    use super::*;
    use std::time::Duration;

    fn fed(format: Format, lines: &[&str]) -> (Tally, Observer) {
        let observer = Observer::builder().start().expect("defaults are valid");
        let tally = SharedTally::default();
        let mut feed = Feed::new(observer.clone(), format, tally.clone());
        for (number, line) in (1..).zip(lines) {
            let _ = feed.line(number, &Line::Whole(line.as_bytes()));
        }
        let tally = tally.lock().clone();
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
    fn the_end_of_a_test_in_an_event_line_is_a_verdict_too() {
        let end = r#"{"event_type":"test_end","data":{"status":"failed"}}"#;
        let (tally, _) = fed(Format::Events, &[end, r#"{"event_type":"test_failure"}"#]);
        assert_eq!((tally.verdicts.failed, tally.verdicts.total()), (1, 1));
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_line() {
        let line = "\u{feff}{\"event_type\":\"x\"}";
        let (tally, observer) = fed(Format::Auto, &[line, line]);
        assert_eq!((tally.malformed_total(), observer.stats().events_received), (1, 1));
    }

    #[test]
    fn only_the_first_malformed_lines_are_listed_and_all_are_counted() {
        let (tally, _) = fed(Format::Events, &["x"; 25]);
        assert_eq!((tally.malformed["not_json"], tally.first_malformed.len()), (25, 10));
        assert_eq!(tally.first_malformed[9].0, 10);
    }
}
