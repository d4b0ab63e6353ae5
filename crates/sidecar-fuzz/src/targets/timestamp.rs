//! Times, as text and as Unix seconds.

use sidecar_core::timestamp::{from_unix_seconds, parse_rfc3339, rfc3339};
use std::time::SystemTime;

pub(super) fn run(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        match parse_rfc3339(text) {
            Ok(time) => reads_back(time),
            Err(error) => assert!(!error.is_empty()),
        }
        text.trim().parse().ok().and_then(from_unix_seconds).into_iter().for_each(reads_back);
    }
    if let Some(bytes) = bytes.first_chunk() {
        from_unix_seconds(f64::from_le_bytes(*bytes)).into_iter().for_each(reads_back);
    }
}

/// A time that is written is read as what was written.
fn reads_back(time: SystemTime) {
    let text = rfc3339(time);
    let again = parse_rfc3339(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(rfc3339(again), text);
}
