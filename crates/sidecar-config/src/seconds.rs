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

/// As the module around it, for what may be left out: `#[serde(with = "sidecar_config::seconds::option")]`.
pub mod option {
    use super::{Deserialize, Deserializer, Duration, Serializer};

    /// Writes the duration as a number of seconds, if there is one.
    ///
    /// # Errors
    /// Those of the serialiser.
    pub fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => serializer.serialize_some(&duration.as_secs_f64()),
            None => serializer.serialize_none(),
        }
    }

    /// Reads a number of seconds, if there is one.
    ///
    /// # Errors
    /// As [`super::deserialize`].
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        #[derive(Deserialize)]
        struct Seconds(#[serde(with = "super")] Duration);
        Option::<Seconds>::deserialize(deserializer).map(|seconds| seconds.map(|Seconds(duration)| duration))
    }
}
