//! Anomalies: what is counted, and when there were enough of them to boost a signal.

use std::collections::VecDeque;

/// Something in the program that makes its events worth a closer look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Anomaly {
    /// Something failed.
    Error,
    /// Something took too long.
    Slow,
    /// Anything else.
    Other,
}

/// Anomalies reported, by kind, since the sampler was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct AnomalyCounts {
    /// Of [`Anomaly::Error`].
    pub error: u64,
    /// Of [`Anomaly::Slow`].
    pub slow: u64,
    /// Of [`Anomaly::Other`].
    pub other: u64,
}

impl AnomalyCounts {
    /// Of all kinds.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.error + self.slow + self.other
    }

    fn count(&mut self, anomaly: Anomaly) {
        *match anomaly {
            Anomaly::Error => &mut self.error,
            Anomaly::Slow => &mut self.slow,
            Anomaly::Other => &mut self.other,
        } += 1;
    }
}

/// The last anomalies of one signal.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    /// When the last `threshold` were reported, in order of report.
    times: VecDeque<u64>,
    counts: AnomalyCounts,
}

impl Recent {
    /// Counts one more; whether the last `threshold` are all younger than `window`.
    pub(crate) fn report(&mut self, anomaly: Anomaly, now: u64, threshold: usize, window: u64) -> bool {
        self.counts.count(anomaly);
        // More than one where the threshold has been lowered.
        while self.times.len() >= threshold {
            self.times.pop_front();
        }
        self.times.push_back(now);
        // The difference either way: where the clock has gone far back, those from before no longer count.
        self.times.len() == threshold && now.abs_diff(self.times[0]) < window
    }

    /// Those that began a boost do not begin another.
    pub(crate) fn forget(&mut self) {
        self.times.clear();
    }

    pub(crate) fn counts(&self) -> AnomalyCounts {
        self.counts
    }
}
