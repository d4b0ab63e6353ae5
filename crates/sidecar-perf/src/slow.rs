//! Durations that are far above what their kind usually takes.

use sidecar_core::clock::nanos;
use sidecar_core::histogram::LogLinear;
use std::collections::HashMap;
use std::time::Duration;

/// Kinds that are told apart. Of others nothing is slow.
pub const MAX_SLOW_KINDS: usize = 64;

/// Durations that make a kind known.
const ENOUGH: u64 = 100;
/// How often what is usual is learned anew.
const PERIOD: Duration = Duration::from_secs(300);
const USUAL: f64 = 0.99;
/// How many times the usual is slow.
const FACTOR: u64 = 2;

/// Tells durations that are far above what their kind has taken recently: more than twice its 99th percentile.
///
/// What is usual is learned anew every five minutes, by those of the five before; at the beginning by all so far, with
/// every hundredth. A kind of which fewer than 100 durations are known has nothing slow. A kind takes 15 KiB, and there
/// are [`MAX_SLOW_KINDS`] at most.
///
/// ```
/// use sidecar_perf::SlowDetector;
/// use std::time::Duration;
///
/// let (mut detector, now) = (SlowDetector::new(), 0);
/// for _ in 0..100 {
///     assert!(!detector.is_slow("query", Duration::from_millis(10), now));
/// }
/// assert!(!detector.is_slow("query", Duration::from_millis(20), now));
/// assert!(detector.is_slow("query", Duration::from_millis(25), now));
/// ```
#[derive(Clone, Debug, Default)]
pub struct SlowDetector {
    kinds: HashMap<Box<str>, Kind>,
}

#[derive(Clone, Debug)]
struct Kind {
    /// Of this period.
    durations: LogLinear,
    began: u64,
    is_first: bool,
    /// Above this a duration is slow, in nanoseconds.
    limit: Option<u64>,
}

impl SlowDetector {
    /// A detector that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether this duration is slow for its kind, by those before it. It is one of them from then on.
    /// `now` is a time of any monotonic clock, in nanoseconds; one that goes back makes the period longer.
    pub fn is_slow(&mut self, kind: &str, duration: Duration, now: u64) -> bool {
        if !self.kinds.contains_key(kind) {
            if self.kinds.len() == MAX_SLOW_KINDS {
                return false;
            }
            self.kinds.insert(kind.into(), Kind::new(now));
        }
        self.kinds.get_mut(kind).is_some_and(|known| known.is_slow(nanos(duration), now))
    }

    /// Bytes that it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.kinds.keys().map(|name| name.len() + size_of::<Kind>() + LogLinear::BYTES).sum()
    }
}

impl Kind {
    fn new(now: u64) -> Self {
        Self { durations: LogLinear::new(), began: now, is_first: true, limit: None }
    }

    fn is_slow(&mut self, duration: u64, now: u64) -> bool {
        let count = self.durations.count();
        let is_over = now.saturating_sub(self.began) >= nanos(PERIOD) && count >= ENOUGH;
        if is_over || self.is_first && count.is_multiple_of(ENOUGH) {
            let usual = self.durations.quantile(USUAL);
            self.limit = usual.map(|usual| usual.upper.saturating_mul(FACTOR));
        }
        if is_over {
            (self.durations, self.began, self.is_first) = (LogLinear::new(), now, false);
        }
        self.durations.record(duration);
        self.limit.is_some_and(|limit| duration > limit)
    }
}
