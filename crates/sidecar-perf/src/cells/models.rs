//! Every order in which threads may meet, within the bound that the runner sets.

use super::cell::Alone;
use super::pool::{Allowance, Pool};
use super::{Change, Ended, Extremes};
use crate::Completion;
use crate::history::{History, Lengths, Span};
use loom::thread;
use std::sync::Arc;

const SECOND: u64 = 1_000_000_000;
const LENGTHS: Lengths = Lengths { window: 60 * SECOND, retention: 60 * SECOND };

fn pool(cells: u64) -> Arc<Pool> {
    Arc::new(Pool::new(0, Arc::new(Allowance::new(cells))))
}

fn ended(duration: u64) -> Change {
    let completion = Completion::Success;
    Change::End(Ended { completion, duration: Some(duration), at: SECOND, began: false, polled: None })
}

/// What a thread does from its first recording to its end.
fn live(pool: &Pool, durations: [u64; 2]) {
    match pool.lease() {
        Some(cell) => {
            durations.into_iter().for_each(|each| cell.apply::<Alone>(ended(each)));
            pool.give_back(cell);
        }
        None => durations.into_iter().for_each(|each| pool.apply_shared(ended(each))),
    }
}

#[test]
fn no_count_is_lost_while_threads_end_and_begin() {
    loom::model(|| {
        let pool = pool(1);
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || live(&pool, [1, 3]))
        };
        live(&pool, [2, 2]);
        let seen = pool.ended();
        assert!((2..=4).contains(&seen), "{seen}");
        other.join().expect("no panic");
        let totals = pool.read(Extremes::Leave);
        assert_eq!((totals.completions, totals.sum, totals.min, totals.max), ([4, 0, 0, 0], 8, 1, 3));
        assert_eq!(totals.buckets.iter().sum::<u64>(), 4);
    });
}

#[test]
fn what_is_recorded_while_a_slice_is_closed_is_in_one_slice() {
    loom::model(|| {
        let pool = pool(1);
        let mut history = History::new(0, 0, LENGTHS);
        let recording = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let cell = pool.lease().expect("nobody else asks, or is at it");
                cell.apply::<Alone>(ended(0));
                pool.give_back(cell);
            })
        };
        recording.join().expect("no panic");
        let recording = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.apply_shared(ended(1)))
        };
        history.advance(5 * SECOND, &pool);
        recording.join().expect("no panic");
        history.advance(10 * SECOND, &pool);
        let ([window, start], _) = history.read(10 * SECOND, &pool, [Span::Window, Span::Start]);
        assert_eq!((window.completions, start.completions), ([2, 0, 0, 0], [2, 0, 0, 0]));
        let (window, start) = (window.figures(&[1.0]), start.figures(&[1.0]));
        assert_eq!((window.samples, start.samples), (2, 2));
        assert_eq!(window.latency_avg, start.latency_avg);
        // Where closing meets the recording, the edge of the bucket stands in for the extreme.
        assert!(window.latency_max >= Some(1e-6), "{window:?}");
    });
}
