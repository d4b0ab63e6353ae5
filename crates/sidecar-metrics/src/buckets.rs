//! The bounds of a histogram's buckets where nobody chose any.

use sidecar_core::SettingsError;
use sidecar_core::histogram::FixedHistogram;
use std::sync::Arc;

/// Bounds of a histogram whose name ends in `_seconds`: 1 ms to 10 s. From 5 ms on they are the default
/// buckets of Prometheus' client libraries.
pub const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Bounds of a histogram whose name ends in `_ms`: [`SECONDS`] in milliseconds.
pub const MILLISECONDS: [f64; 13] =
    [1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0];

/// Bounds of any other histogram: 1, 2, 5 per power of ten, up to 10 000.
pub const OTHER: [f64; 13] =
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0];

/// Most bounds of a histogram.
pub const MAX_BOUNDS: usize = 256;

/// The bounds, if a histogram can have them.
pub(crate) fn check(bounds: &[f64]) -> Result<Arc<[f64]>, SettingsError> {
    if bounds.len() > MAX_BOUNDS {
        return Err(SettingsError::new("buckets", format!("{} bounds", bounds.len()), "at most 256 bounds"));
    }
    Ok(FixedHistogram::new(bounds)?.snapshot().bounds)
}

pub(crate) fn defaults(name: &str) -> &'static [f64] {
    if name.ends_with("_ms") {
        &MILLISECONDS
    } else if name.ends_with("_seconds") {
        &SECONDS
    } else {
        &OTHER
    }
}
