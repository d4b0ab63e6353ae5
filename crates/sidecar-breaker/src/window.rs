//! The sliding window: how many failures are younger than its span.

use std::collections::VecDeque;

/// Up to this many failures each keep their own time, so any threshold up to it is judged exactly.
const EXACT_CELLS: usize = 1_024;

/// Beyond that, failures closer together than this part of the span share the time of the first.
const GRAINS: u64 = 1_024;

/// An empty window keeps its buffer if that has room for this many cells at most.
const KEPT_CELLS: usize = 64;

/// Failures by time. A failure counts while its age is below the span.
///
/// Holds at most 2 049 cells of 16 bytes: the exact ones, and one per grain of the span. Shared cells
/// leave with their first failure, so a count over [`EXACT_CELLS`] may be short of failures that are
/// within 1/1024 of the span of leaving; it never holds one that has left.
///
/// The buffer grows by doubling, to 4 096 cells at most; one of more than [`KEPT_CELLS`] is given back once
/// the window is empty.
#[derive(Debug)]
pub(crate) struct Window {
    span: u64,
    cells: VecDeque<Cell>,
    count: u64,
}

#[derive(Debug)]
struct Cell {
    at: u64,
    count: u64,
}

impl Window {
    pub(crate) fn new(span: u64) -> Self {
        Self { span, cells: VecDeque::new(), count: 0 }
    }

    pub(crate) fn record(&mut self, now: u64) {
        self.slide(now);
        self.count += 1;
        let grain = if self.cells.len() < EXACT_CELLS { 1 } else { self.span.div_ceil(GRAINS) };
        match self.cells.back_mut() {
            Some(newest) if now - newest.at < grain => newest.count += 1,
            _ => self.cells.push_back(Cell { at: now, count: 1 }),
        }
    }

    pub(crate) fn count(&mut self, now: u64) -> u64 {
        self.slide(now);
        self.count
    }

    pub(crate) fn clear(&mut self) {
        self.cells.clear();
        self.count = 0;
        self.give_back();
    }

    fn slide(&mut self, now: u64) {
        // A clock that steps back would otherwise keep failures of the future for longer than the span.
        for cell in self.cells.iter_mut().rev().take_while(|cell| cell.at > now) {
            cell.at = now;
        }
        while let Some(oldest) = self.cells.front().filter(|cell| now - cell.at >= self.span) {
            self.count -= oldest.count;
            self.cells.pop_front();
        }
        if self.cells.is_empty() {
            self.give_back();
        }
    }

    fn give_back(&mut self) {
        if self.cells.capacity() > KEPT_CELLS {
            self.cells = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_failure_leaves_when_its_age_reaches_the_span() {
        let mut window = Window::new(10);
        window.record(5);
        window.record(7);
        assert_eq!(window.count(14), 2);
        assert_eq!(window.count(15), 1);
        assert_eq!(window.count(17), 0);
    }

    #[test]
    fn a_million_failures_inside_one_span_stay_within_the_stated_cells() {
        let span = 1_000_003;
        let mut window = Window::new(span);
        for now in 0..3 * span {
            window.record(now);
            assert!(window.cells.len() <= 2_049, "{} cells at {now}", window.cells.len());
        }
        assert!(window.cells.capacity() <= 4_096, "room for {} cells", window.cells.capacity());
        let exact = span;
        let count = window.count(3 * span - 1);
        assert!(count <= exact && count >= exact - span.div_ceil(GRAINS), "{count} of {exact}");
    }

    #[test]
    fn an_emptied_window_gives_its_memory_back() {
        let empty: [fn(&mut Window); 2] = [Window::clear, |window| assert_eq!(window.count(3_000), 0)];
        for empty in empty {
            let mut window = Window::new(1_000);
            (0..2_000).for_each(|now| window.record(now));
            assert!(window.cells.capacity() > KEPT_CELLS);
            empty(&mut window);
            assert!(window.cells.capacity() <= KEPT_CELLS, "room for {} cells", window.cells.capacity());
            window.record(3_000);
            assert_eq!(window.count(3_000), 1);
        }
    }

    #[test]
    fn a_clock_that_steps_back_keeps_no_failure_longer_than_the_span() {
        let mut window = Window::new(10);
        window.record(u64::MAX);
        assert_eq!(window.count(100), 1);
        assert_eq!(window.count(109), 1);
        assert_eq!(window.count(110), 0);
    }

    proptest! {
        #[test]
        fn up_to_the_exact_cells_the_count_is_that_of_a_list(
            span in 1..50u64,
            steps in prop::collection::vec((0..20u64, any::<bool>()), 1..200),
        ) {
            let (mut window, mut list, mut now) = (Window::new(span), Vec::new(), 0);
            for (step, fails) in steps {
                now += step;
                if fails {
                    window.record(now);
                    list.push(now);
                }
                let expected = list.iter().filter(|at| now - **at < span).count() as u64;
                prop_assert_eq!(window.count(now), expected);
            }
        }
    }
}
