//! Monotonic time as plain nanoseconds, so that state machines take `now: u64` and stay pure.

use std::sync::Arc;

/// A monotonic clock that reads nanoseconds since a fixed, arbitrary origin.
///
/// All clones, and all clocks made by [`Clock::new`] in one process, share that origin, so readings may
/// be compared across pieces. The counter that is read is the processor's where that is reliable, or else
/// the system's. Whether it counts time in which the machine is suspended depends on that counter.
#[derive(Clone, Debug)]
pub struct Clock {
    inner: quanta::Clock,
}

impl Clock {
    /// The machine's fastest reliable monotonic clock.
    #[must_use]
    pub fn new() -> Self {
        Self { inner: quanta::Clock::new() }
    }

    /// A clock that moves only when its [`Mock`] is told to, for tests in virtual time.
    #[must_use]
    pub fn mock() -> (Self, Arc<Mock>) {
        let (inner, mock) = quanta::Clock::mock();
        (Self { inner }, mock)
    }

    /// Nanoseconds since the clock's origin. Decreases only if the counter does: a processor's counter may
    /// start again when the machine resumes, so what compares readings must bear a step back.
    #[inline]
    #[must_use]
    pub fn now(&self) -> u64 {
        self.inner.delta_as_nanos(0, self.inner.raw())
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl From<quanta::Clock> for Clock {
    fn from(inner: quanta::Clock) -> Self {
        Self { inner }
    }
}

/// The hand that moves a mock clock.
pub type Mock = quanta::Mock;

/// A `Duration` as whole nanoseconds, saturating at `u64::MAX` (584 years).
#[must_use]
pub fn nanos(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_mock_clock_moves_only_when_told() {
        let (clock, mock) = Clock::mock();
        let start = clock.now();
        assert_eq!(clock.now(), start);
        mock.increment(Duration::from_millis(5));
        assert_eq!(clock.now() - start, 5_000_000);
    }

    #[test]
    fn two_real_clocks_share_their_origin() {
        let (first, second) = (Clock::new(), Clock::new());
        let (a, b, c) = (first.now(), second.now(), first.now());
        assert!(a <= b && b <= c, "{a} {b} {c}");
    }

    #[test]
    fn huge_durations_saturate() {
        assert_eq!(nanos(Duration::MAX), u64::MAX);
        assert_eq!(nanos(Duration::from_nanos(7)), 7);
    }
}
