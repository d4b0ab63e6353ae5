//! Where random draws come from.

use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The increment of SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

thread_local! {
    /// Zero until first used. Constant and without a destructor, so that it also works in other
    /// thread-locals' destructors.
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// A source of uniform 63-bit numbers.
#[derive(Debug)]
pub(crate) enum Draws {
    /// A generator per thread, seeded by the operating system through `RandomState`.
    PerThread,
    /// One sequence for all threads, the same in every run.
    Seeded(AtomicU64),
}

impl Draws {
    #[inline]
    pub(crate) fn next(&self) -> u64 {
        let state = match self {
            Self::PerThread => STATE.with(|state| {
                let mut current = state.get();
                if current == 0 {
                    current = seed(&raw const *state as usize);
                }
                let next = current.wrapping_add(GOLDEN_GAMMA);
                state.set(next);
                next
            }),
            // Relaxed: the sequence orders nothing but itself.
            Self::Seeded(state) => state.fetch_add(GOLDEN_GAMMA, Relaxed).wrapping_add(GOLDEN_GAMMA),
        };
        mix(state) >> 1
    }
}

#[cold]
fn seed(place: usize) -> u64 {
    RandomState::new().hash_one(place)
}

#[inline]
fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_splitmix64() {
        // The first outputs of the reference implementation for seed 1234567, without their lowest bit.
        let draws = Draws::Seeded(AtomicU64::new(1_234_567));
        for expected in [6_457_827_717_110_365_317u64, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423] {
            assert_eq!(draws.next(), expected >> 1);
        }
    }

    #[test]
    fn threads_draw_different_numbers() {
        let here = Draws::PerThread.next();
        let there = std::thread::spawn(|| Draws::PerThread.next()).join().expect("no panic");
        assert_ne!(here, there);
        assert_ne!(here, Draws::PerThread.next());
    }
}
