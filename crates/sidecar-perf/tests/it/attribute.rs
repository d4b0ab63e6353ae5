//! `#[monitor_performance]`.
