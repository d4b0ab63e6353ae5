//! The readings that are kept.

use crate::snapshot::percent;
use std::collections::VecDeque;

/// How many readings are kept; the oldest go first. One hour at the default interval.
pub const MAX_READINGS: usize = 3_600;

/// One reading, with what was used since the one before.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Point {
    pub(crate) at: u64,
    /// Nanoseconds since the reading before; never zero.
    pub(crate) span: u64,
    pub(crate) cpu_nanos: u64,
    pub(crate) own_cpu_nanos: u64,
    pub(crate) resident_bytes: u64,
    pub(crate) resident_bytes_before: u64,
    pub(crate) own_bytes: u64,
}

#[derive(Debug, Default)]
pub(crate) struct History {
    points: VecDeque<Point>,
}

impl History {
    pub(crate) fn push(&mut self, point: Point) {
        if self.points.len() == MAX_READINGS {
            self.points.pop_front();
        }
        self.points.push_back(point);
    }

    /// The points less than `window` nanoseconds old.
    pub(crate) fn within(&self, now: u64, window: u64) -> Vec<Point> {
        let recent = self.points.iter().rev().take_while(|point| now.saturating_sub(point.at) < window);
        let mut points: Vec<Point> = recent.copied().collect();
        points.reverse();
        points
    }

    /// The sidecar's CPU use over the points of the `window` nanoseconds before the latest one.
    pub(crate) fn own_cpu_percent(&self, window: u64) -> Option<f64> {
        let latest = self.points.back()?.at;
        let recent = self.points.iter().rev().take_while(|point| latest.saturating_sub(point.at) < window);
        let (nanos, span) =
            recent.fold((0, 0), |(nanos, span), point| (nanos + point.own_cpu_nanos, span + point.span));
        Some(percent(nanos, span))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// What the points take, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        (self.points.capacity() * size_of::<Point>()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_as_small_as_the_documentation_says() {
        assert_eq!(size_of::<Point>(), 56);
    }

    #[test]
    fn the_oldest_points_make_room() {
        let mut history = History::default();
        for at in 1..=MAX_READINGS as u64 + 5 {
            history.push(Point { at, span: 1, ..Point::default() });
        }
        assert_eq!(history.within(0, u64::MAX).len(), MAX_READINGS);
        assert_eq!(history.points.front().map(|point| point.at), Some(6));
        assert!(history.bytes() <= 2 * (MAX_READINGS * size_of::<Point>()) as u64);
    }

    #[test]
    fn points_out_of_order_are_within_every_window() {
        let mut history = History::default();
        for at in [9, 5] {
            history.push(Point { at, span: 10, own_cpu_nanos: 1, ..Point::default() });
        }
        assert_eq!(history.own_cpu_percent(1), Some(10.0));
    }
}
