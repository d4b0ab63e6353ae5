//! Which bucket a duration falls into, and which durations a bucket may hold.

/// Longest duration that is told from longer ones: 2^53 ns, 104 days.
pub(crate) const LONGEST: u64 = 1 << 53;

/// Where the last bucket begins: 2^43 ns, 2 h 26 min.
const LAST_BEGINS: u64 = 1 << 43;

/// 32 buckets for each power of two up to the last one, which takes all that is longer.
#[cfg(not(sidecar_loom))]
pub(crate) const BUCKETS: usize = (43 - 5 + 1) * 32 + 1;

/// Every word is one more thing that a model has to follow.
#[cfg(sidecar_loom)]
pub(crate) const BUCKETS: usize = 2;

/// The bucket of a duration in nanoseconds.
#[inline]
pub(crate) fn bucket_of(nanos: u64) -> usize {
    sidecar_core::histogram::bucket_of(nanos.min(LAST_BEGINS)).min(BUCKETS - 1)
}

/// The shortest and the longest duration of a bucket, in nanoseconds.
pub(crate) fn edges_of(bucket: usize) -> (u64, u64) {
    let (lower, upper) = sidecar_core::histogram::edges_of(bucket);
    if bucket == BUCKETS - 1 { (lower, LONGEST) } else { (lower, upper) }
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_buckets_tile_the_range_and_the_last_one_takes_the_rest() {
        let mut next = 0;
        for bucket in 0..BUCKETS {
            let (lower, upper) = edges_of(bucket);
            assert_eq!(lower, next, "bucket {bucket}");
            assert_eq!((bucket_of(lower), bucket_of(upper)), (bucket, bucket));
            assert!(bucket == BUCKETS - 1 || (upper - lower) as f64 <= lower as f64 / 32.0);
            next = upper + 1;
        }
        assert_eq!(next, LONGEST + 1);
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }
}
