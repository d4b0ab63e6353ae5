//! The two text formats, from one reading of all metrics.

pub(crate) mod escape;
mod number;
mod openmetrics;
mod out;
mod sample;
mod text;

pub(crate) use escape::push_escaped;
pub(crate) use number::push_float;
pub(crate) use out::Out;

use crate::gather::Joined;

/// Content type of the classic text format.
pub const CLASSIC_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Content type of OpenMetrics text.
pub const OPENMETRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Most bytes of a chunk of [`render_into`](crate::MetricsCollector::render_into), unless a single line is longer.
pub const CHUNK_BYTES: usize = 65_536;

/// A text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// The classic text format, version 0.0.4.
    Classic,
    /// OpenMetrics text, version 1.0.
    OpenMetrics,
}

impl Format {
    /// What to send as `Content-Type`.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Classic => CLASSIC_CONTENT_TYPE,
            Self::OpenMetrics => OPENMETRICS_CONTENT_TYPE,
        }
    }
}

/// Writes metrics down, which must be sorted by name, each name once.
///
/// `created` is for OpenMetrics alone: since when each counter and histogram counts.
pub(crate) fn render(metrics: &[Joined], format: Format, created: bool, out: &mut Out<'_>) {
    match format {
        Format::Classic => text::render(metrics, out),
        Format::OpenMetrics => openmetrics::render(metrics, created, out),
    }
}
