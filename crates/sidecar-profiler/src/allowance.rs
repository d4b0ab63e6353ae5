//! A limit that holds between two judgements of the governor.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};
use std::time::Duration;

/// What may be saved up, in seconds of the rate.
const SAVED: f64 = 0.25;

/// A token bucket that one thread fills, now and then, and all others take from.
///
/// Taking is one load while there is no limit and one atomic subtraction while there is.
#[derive(Debug, Default)]
pub struct Allowance {
    // Relaxed throughout: a token stands for itself, and whether there is a limit is asked anew each time.
    is_limited: AtomicBool,
    tokens: AtomicI64,
}

impl Allowance {
    /// No limit yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { is_limited: AtomicBool::new(false), tokens: AtomicI64::new(0) }
    }

    /// Whether one more may pass. Answers `true` as long as there is no limit.
    #[inline]
    pub fn take(&self) -> bool {
        !self.is_limited.load(Relaxed) || self.take_token()
    }

    fn take_token(&self) -> bool {
        // Below zero it only counts who was turned away; the next refill starts from zero again.
        self.tokens.load(Relaxed) > 0 && self.tokens.fetch_sub(1, Relaxed) > 0
    }

    /// Adds what `per_second` gives for the time that has passed, and at most a quarter of a second's worth to what
    /// is there; at least one token, so that a slow rate passes something too. `None` takes the limit away.
    ///
    /// To be called by one thread, several times a second.
    pub fn refill(&self, per_second: Option<f64>, elapsed: Duration) {
        let Some(rate) = per_second.filter(|rate| rate.is_finite() && *rate >= 0.0) else {
            self.is_limited.store(false, Relaxed);
            return;
        };
        let was_limited = self.is_limited.load(Relaxed);
        let most = (rate * SAVED).max(1.0);
        let added = if was_limited { rate * elapsed.as_secs_f64() } else { most };
        let refilled = |left: i64| Some((left.max(0) as f64 + added).min(most).round() as i64);
        let _ = self.tokens.fetch_update(Relaxed, Relaxed, refilled);
        self.is_limited.store(true, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENTH: Duration = Duration::from_millis(100);

    fn taken(allowance: &Allowance) -> usize {
        (0..1_000_000).take_while(|_| allowance.take()).count()
    }

    #[test]
    fn without_a_limit_everything_passes() {
        let allowance = Allowance::new();
        assert_eq!(taken(&allowance), 1_000_000);
        allowance.refill(Some(10.0), TENTH);
        allowance.refill(None, TENTH);
        assert_eq!(taken(&allowance), 1_000_000);
    }

    #[test]
    fn a_rate_passes_on_the_whole_and_in_bursts_of_a_quarter_second_at_most() {
        let allowance = Allowance::new();
        allowance.refill(Some(1_000.0), TENTH);
        assert_eq!(taken(&allowance), 250, "the first fill");
        let passed: usize = (0..100)
            .map(|_| {
                allowance.refill(Some(1_000.0), TENTH);
                taken(&allowance)
            })
            .sum();
        assert_eq!(passed, 10_000);
        (0..100).for_each(|_| allowance.refill(Some(1_000.0), TENTH));
        assert_eq!(taken(&allowance), 250, "no more is saved up");
    }

    #[test]
    fn those_who_are_turned_away_owe_nothing() {
        let allowance = Allowance::new();
        allowance.refill(Some(1_000.0), TENTH);
        (0..10_000).for_each(|_| {
            allowance.take();
        });
        allowance.refill(Some(1_000.0), TENTH);
        assert_eq!(taken(&allowance), 100);
    }

    #[test]
    fn threads_take_no_more_than_there_is() {
        let allowance = Allowance::new();
        allowance.refill(Some(40_000.0), TENTH);
        let passed: usize = std::thread::scope(|scope| {
            let take = || (0..10_000).filter(|_| allowance.take()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
        });
        assert_eq!(passed, 10_000);
    }
}
