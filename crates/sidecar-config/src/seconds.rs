//! Durations as numbers of seconds, fractions allowed: `#[serde(with = "sidecar_config::seconds")]`.

use std::time::Duration;

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serializer};

/// Writes the duration as a number of seconds.
///
/// # Errors
/// Those of the serialiser.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// Reads a number of seconds.
///
/// # Errors
/// The value is no number, or negative, or not finite, or longer than [`Duration::MAX`].
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| D::Error::invalid_value(Unexpected::Float(seconds), &"a number of seconds"))
}
