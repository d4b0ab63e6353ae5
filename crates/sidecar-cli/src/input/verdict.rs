//! How tests ended: counted from what is read, before anything is sampled.

use serde::Serialize;
use sidecar_runtime::observer::{Event, Value};

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    Failed,
    Skipped,
}

impl Verdict {
    /// The verdict that an event tells: every `test_end` with one of the three words as its `status`.
    pub(crate) fn of(event: &Event) -> Option<Self> {
        if event.event_type() != "test_end" {
            return None;
        }
        match event.get("status").and_then(Value::as_str)? {
            "passed" => Some(Self::Passed),
            "failed" => Some(Self::Failed),
            "skipped" => Some(Self::Skipped),
            _ => None,
        }
    }
}

/// Tests by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Verdicts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Verdicts {
    pub(crate) fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed => self.failed += 1,
            Verdict::Skipped => self.skipped += 1,
        }
    }

    pub(crate) fn total(self) -> u64 {
        self.passed + self.failed + self.skipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_a_test_is_a_verdict_and_only_in_one_of_three_words() {
        let mut verdicts = Verdicts::default();
        let of = |kind: &str, status: &str| Verdict::of(&Event::new(kind).with("status", status));
        for status in ["passed", "failed", "failed", "skipped", "unknown"] {
            of("test_end", status).into_iter().for_each(|verdict| verdicts.count(verdict));
            assert_eq!(of("test_failure", status), None);
        }
        assert_eq!(verdicts, Verdicts { passed: 1, failed: 2, skipped: 1 });
        assert_eq!((verdicts.total(), Verdict::of(&Event::new("test_end"))), (4, None));
    }
}
