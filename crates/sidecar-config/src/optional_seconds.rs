//! Durations that may be left open: `#[serde(with = "sidecar_config::optional_seconds")]`. As [`seconds`](crate::seconds)
//! otherwise.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Seconds(#[serde(with = "crate::seconds")] Duration);

/// Writes the duration as a number of seconds, if there is one.
///
/// # Errors
/// Those of the serialiser.
pub fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(Seconds).serialize(serializer)
}

/// Reads a number of seconds, or nothing.
///
/// # Errors
/// As [`seconds`](crate::seconds) has them.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    Ok(Option::<Seconds>::deserialize(deserializer)?.map(|seconds| seconds.0))
}
