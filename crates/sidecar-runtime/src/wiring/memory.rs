//! Memory budget and pieces: who may take which share of `max_memory_mb`.

use sidecar_metrics::HISTORY_BYTES;
use sidecar_perf::MIN_MAX_BYTES;
use sidecar_profiler::BYTES_PER_MB;

/// The share of the events that wait.
const QUEUE_SHARE: f64 = 0.4;
/// The share of the metrics' history.
const HISTORY_SHARE: f64 = 0.3;
/// The share of measured operations.
const OPERATIONS_SHARE: f64 = 0.2;

/// What the events that wait may take.
pub(crate) fn queue_bytes(max_memory_mb: f64) -> usize {
    share(max_memory_mb, QUEUE_SHARE)
}

/// What the history may take, as far as it can use it.
pub(crate) fn history_bytes(max_memory_mb: f64) -> usize {
    share(max_memory_mb, HISTORY_SHARE).clamp(*HISTORY_BYTES.start(), *HISTORY_BYTES.end())
}

/// What measured operations may take, as far as they can do with it.
pub(crate) fn operations_bytes(max_memory_mb: f64) -> usize {
    share(max_memory_mb, OPERATIONS_SHARE).max(MIN_MAX_BYTES)
}

fn share(max_memory_mb: f64, part: f64) -> usize {
    (max_memory_mb * BYTES_PER_MB as f64 * part) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_share_and_the_history_no_more_than_it_can_use() {
        assert_eq!((queue_bytes(100.0), history_bytes(100.0)), (41_943_040, 31_457_280));
        assert_eq!((queue_bytes(1.0), history_bytes(1.0)), (419_430, 314_572));
        assert_eq!((operations_bytes(100.0), operations_bytes(1.0)), (20_971_520, 209_715));
        assert_eq!(history_bytes(1_048_576.0), *HISTORY_BYTES.end());
    }
}
