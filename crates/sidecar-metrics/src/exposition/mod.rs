//! The two text formats, from one set of families.

pub(crate) mod escape;
mod number;
mod openmetrics;
mod text;

pub(crate) use openmetrics::render as openmetrics;
pub(crate) use text::render as classic;

/// Content type of the classic text format.
pub const CLASSIC_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Content type of OpenMetrics text.
pub const OPENMETRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
