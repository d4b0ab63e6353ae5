//! What a metric's values are measured in.

/// The unit of a metric's values.
///
/// It appears as OpenMetrics `# UNIT`, which the format allows only where the name ends in the unit's word
/// (`request_duration_seconds`, `sent_bytes_total`); elsewhere it documents the metric for readers of
/// [`Family::unit`](crate::Family::unit).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// Things that are counted; it has no word.
    Count,
    /// Seconds, the base unit of time.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Bytes, the base unit of memory.
    Bytes,
    /// Mebibytes: 1 048 576 bytes.
    Mebibytes,
    /// 0 to 1.
    Ratio,
    /// 0 to 100.
    Percent,
}

impl Unit {
    /// The word that a name of this unit ends in, or `None` for [`Unit::Count`].
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::Count => None,
            Self::Seconds => Some("seconds"),
            Self::Milliseconds => Some("milliseconds"),
            Self::Bytes => Some("bytes"),
            Self::Mebibytes => Some("mebibytes"),
            Self::Ratio => Some("ratio"),
            Self::Percent => Some("percent"),
        }
    }
}
