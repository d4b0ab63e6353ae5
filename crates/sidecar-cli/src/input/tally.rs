//! What the input held, counted before anything is sampled.

use super::libtest::Verdict;
use super::malformed::Malformed;
use serde::Serialize;
use std::collections::BTreeMap;

/// Malformed lines listed with number and reason; the rest are only counted.
pub(crate) const MAX_LISTED: usize = 10;

/// Counts of lines and of the runner's verdicts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) lines: u64,
    pub(crate) ignored: u64,
    pub(crate) malformed: BTreeMap<&'static str, u64>,
    pub(crate) first_malformed: Vec<(u64, String)>,
    pub(crate) verdicts: Verdicts,
}

/// The runner's own verdicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Verdicts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    pub(crate) fn malformed(&mut self, line: u64, malformed: &Malformed) {
        *self.malformed.entry(malformed.kind()).or_default() += 1;
        if self.first_malformed.len() < MAX_LISTED {
            self.first_malformed.push((line, malformed.to_string()));
        }
    }

    pub(crate) fn malformed_total(&self) -> u64 {
        self.malformed.values().sum()
    }

    pub(crate) fn verdict(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Passed => self.verdicts.passed += 1,
            Verdict::Failed => self.verdicts.failed += 1,
            Verdict::Skipped => self.verdicts.skipped += 1,
        }
    }
}
