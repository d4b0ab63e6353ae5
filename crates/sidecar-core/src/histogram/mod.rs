//! Histograms with fixed memory: one with given bounds for exposition, one log-linear for percentiles.

mod fixed;
mod log_linear;

pub use fixed::{FixedHistogram, FixedSnapshot};
pub use log_linear::{LogLinear, Quantile, bucket_of, edges_of};
