//! What the input held, counted before anything is sampled.

use super::malformed::Malformed;
use super::verdict::{Verdict, Verdicts};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Malformed lines listed with number and reason; the rest are only counted.
const MAX_LISTED: usize = 10;

/// Counts of lines and verdicts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) lines: u64,
    pub(crate) ignored: u64,
    pub(crate) malformed: BTreeMap<&'static str, u64>,
    pub(crate) first_malformed: Vec<(u64, String)>,
    pub(crate) verdicts: Verdicts,
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
}

/// One tally for whoever reads, and for whoever shows what was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedTally(Arc<Mutex<Tally>>);

impl SharedTally {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a verdict, if there is one.
    pub(crate) fn verdict(&self, verdict: Option<Verdict>) {
        if let Some(verdict) = verdict {
            self.lock().verdicts.count(verdict);
        }
    }
}
