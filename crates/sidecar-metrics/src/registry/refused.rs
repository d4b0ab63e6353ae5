//! How many series a metric had no room for, in constant memory.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

/// Registers of the estimate: its standard error is 1.04 divided by their square root, 6.5 percent.
const REGISTERS: usize = 256;

/// A HyperLogLog over the hashes of series.
///
/// Relaxed throughout: it guards nothing, and is read for a report.
#[derive(Debug)]
pub(super) struct Refused {
    times: AtomicU64,
    registers: [AtomicU8; REGISTERS],
}

impl Default for Refused {
    fn default() -> Self {
        Self { times: AtomicU64::new(0), registers: [const { AtomicU8::new(0) }; REGISTERS] }
    }
}

impl Refused {
    /// Notes one, by the hash of its series.
    pub(super) fn note(&self, hash: u64) {
        self.times.fetch_add(1, Relaxed);
        let register = &self.registers[hash as usize % REGISTERS];
        // The bits that chose the register are not looked at again.
        let rank = (hash | (REGISTERS as u64 - 1)).leading_zeros() as u8 + 1;
        if register.load(Relaxed) < rank {
            register.fetch_max(rank, Relaxed);
        }
    }

    pub(super) fn times(&self) -> u64 {
        self.times.load(Relaxed)
    }

    /// About how many different ones there were.
    pub(super) fn distinct(&self) -> u64 {
        let ranks = self.registers.iter().map(|register| register.load(Relaxed));
        let empty = ranks.clone().filter(|rank| *rank == 0).count() as f64;
        let registers = REGISTERS as f64;
        let harmonic: f64 = ranks.map(|rank| (-f64::from(rank)).exp2()).sum();
        let estimate = 0.7213 / (1.0 + 1.079 / registers) * registers * registers / harmonic;
        // Few ones are counted better by the registers that none has met.
        let few = estimate <= 2.5 * registers && empty > 0.0;
        (if few { registers * (registers / empty).ln() } else { estimate }).round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hashes that are the same in every run.
    fn hash(stream: u64, at: u64) -> u64 {
        rapidhash::v3::rapidhash_v3(&[stream.to_le_bytes(), at.to_le_bytes()].concat())
    }

    #[test]
    fn the_estimate_is_close_from_none_to_a_million_and_repetitions_do_not_count() {
        let refused = Refused::default();
        assert_eq!((refused.distinct(), refused.times()), (0, 0));
        let mut noted = 0u64;
        for expected in [1u64, 10, 100, 600, 700, 5_000, 100_000, 1_000_000] {
            while noted < expected {
                noted += 1;
                refused.note(hash(0, noted));
                refused.note(hash(0, noted));
            }
            let distinct = refused.distinct() as f64;
            let error = (distinct / expected as f64 - 1.0).abs();
            assert!(error < 0.25, "{distinct} for {expected}");
        }
        assert_eq!(refused.times(), 2 * noted);
    }

    #[test]
    fn the_estimate_is_neither_high_nor_low_as_a_rule() {
        for expected in [50, 300, 10_000] {
            const STREAMS: u64 = 30;
            let estimates = (0..STREAMS).map(|stream| {
                let refused = Refused::default();
                (0..expected).for_each(|at| refused.note(hash(stream, at)));
                refused.distinct()
            });
            let mean = estimates.sum::<u64>() as f64 / STREAMS as f64;
            assert!((mean / expected as f64 - 1.0).abs() < 0.04, "{mean} for {expected}");
        }
    }
}
