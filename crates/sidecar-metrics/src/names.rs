//! Which names are allowed, and which belong to another metric.

use crate::error::{RegisterError, excerpt};
use crate::kind::Kind;

/// Longest metric name, in bytes.
pub const MAX_NAME_BYTES: usize = 256;

/// What the samples of a histogram `x` are called: `x` and one of these. OpenMetrics reserves `_created` too.
const HISTOGRAM_SUFFIXES: [&str; 4] = ["_bucket", "_sum", "_count", "_created"];

/// The name of a metric must match `[a-zA-Z_:][a-zA-Z0-9_:]*`: the classic form of Prometheus' data model, which
/// every reader understands.
pub(crate) fn check_name(name: &str) -> Result<(), RegisterError> {
    if name.len() <= MAX_NAME_BYTES && is_identifier(name, b":_") {
        return Ok(());
    }
    Err(RegisterError::InvalidName { name: excerpt(name) })
}

/// The key of a tag must match `[a-zA-Z_][a-zA-Z0-9_]*` and be free.
pub(crate) fn check_tag_key(name: &str, key: &str) -> Result<(), RegisterError> {
    if !is_identifier(key, b"_") {
        return Err(RegisterError::InvalidTagKey { name: excerpt(name), key: excerpt(key) });
    }
    if key == "le" || key == "quantile" || key.starts_with("__") {
        return Err(RegisterError::ReservedTagKey { name: excerpt(name), key: excerpt(key) });
    }
    Ok(())
}

/// A new metric must not share the name of a sample with one that is there: a counter `x_count` would be
/// indistinguishable from the count of a histogram `x`. `kind_of` knows the metrics that are there.
pub(crate) fn check_suffixes(
    name: &str,
    kind: Kind,
    kind_of: impl Fn(&str) -> Option<Kind>,
) -> Result<(), RegisterError> {
    let clash = |first: &str, first_kind| {
        Err(RegisterError::SuffixClash { name: name.to_owned(), first: first.to_owned(), first_kind })
    };
    if let Some(base) = histogram_base(name)
        && kind_of(base) == Some(Kind::Histogram)
    {
        return clash(base, Kind::Histogram);
    }
    if kind == Kind::Histogram {
        for suffix in HISTOGRAM_SUFFIXES {
            let sample = format!("{name}{suffix}");
            if let Some(first_kind) = kind_of(&sample) {
                return clash(&sample, first_kind);
            }
        }
    }
    Ok(())
}

/// The histogram that a sample's name would belong to, if there is such a histogram.
pub(crate) fn histogram_base(name: &str) -> Option<&str> {
    HISTOGRAM_SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix))
}

/// A metric's help where nobody wrote one: its name in words. Linters want some text.
pub(crate) fn words(name: &str) -> String {
    name.replace(['_', ':'], " ").trim().to_owned()
}

fn is_identifier(text: &str, extra: &[u8]) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphabetic() || extra.contains(&byte);
    match text.as_bytes() {
        [] => false,
        [first, rest @ ..] => {
            letter(*first) && rest.iter().all(|byte| letter(*byte) || byte.is_ascii_digit())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_data_model() {
        for good in ["a", "_a", ":a", "a1", "rule:name_total", "Z9"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["", "1a", "a.b", "a-b", "a b", "é", "a\n", "a{}"] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
        assert!(check_name(&"a".repeat(MAX_NAME_BYTES)).is_ok());
        assert!(check_name(&"a".repeat(MAX_NAME_BYTES + 1)).is_err());
    }

    #[test]
    fn tag_keys_are_stricter_and_some_are_taken() {
        for good in ["a", "_a", "a_1", "leq", "quantiles"] {
            assert_eq!(check_tag_key("m", good), Ok(()), "{good}");
        }
        for bad in ["", "1", "a:b", "a.b", "ü"] {
            assert!(matches!(check_tag_key("m", bad), Err(RegisterError::InvalidTagKey { .. })), "{bad:?}");
        }
        for taken in ["le", "quantile", "__name__", "__"] {
            assert!(
                matches!(check_tag_key("m", taken), Err(RegisterError::ReservedTagKey { .. })),
                "{taken}"
            );
        }
    }
}
