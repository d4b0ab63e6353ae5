//! Which of the two metric formats a scraper gets.

/// A format of `/metrics`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Exposition {
    /// Prometheus text, version 0.0.4: the answer whenever OpenMetrics is not asked for.
    Prometheus,
    /// OpenMetrics text, version 1.0.0.
    OpenMetrics,
}

impl Exposition {
    /// The value of `Content-Type`. Prometheus 3 refuses a scrape without a type that it knows.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The format that the values of `Accept` ask for.
    ///
    /// Each format has the quality of the most specific range that matches it (RFC 9110, 12.5.1); a range with
    /// another version than ours matches nothing. The higher quality wins, and an equal one goes to OpenMetrics
    /// if it is called by name. Where neither format is acceptable the answer is Prometheus text, not an error.
    #[must_use]
    pub fn negotiate<'a>(accept: impl IntoIterator<Item = &'a str>) -> Self {
        let mut openmetrics = Preference::default();
        let mut text = Preference::default();
        for field in accept {
            for range in split_unquoted(field, b',').filter_map(Range::parse) {
                openmetrics.consider(&range, "application", "openmetrics-text", "1.0.0");
                text.consider(&range, "text", "plain", "0.0.4");
            }
        }
        let by_name = openmetrics.specificity >= NAMED;
        let ahead = openmetrics.quality > text.quality || (by_name && openmetrics.quality == text.quality);
        if openmetrics.quality > 0 && ahead { Self::OpenMetrics } else { Self::Prometheus }
    }
}

/// Specificity of a range that names type and subtype; with the version it is one more.
const NAMED: u8 = 3;

#[derive(Default)]
struct Preference {
    specificity: u8,
    /// In thousandths.
    quality: u16,
}

impl Preference {
    fn consider(&mut self, range: &Range<'_>, kind: &str, subtype: &str, version: &str) {
        let specificity = match (range.kind, range.subtype) {
            ("*", "*") => 1,
            (k, "*") if k.eq_ignore_ascii_case(kind) => 2,
            (k, s) if k.eq_ignore_ascii_case(kind) && s.eq_ignore_ascii_case(subtype) => {
                match range.version {
                    None => NAMED,
                    Some(asked) if asked == version => NAMED + 1,
                    Some(_) => return,
                }
            }
            _ => return,
        };
        if (specificity, range.quality) > (self.specificity, self.quality) {
            *self = Self { specificity, quality: range.quality };
        }
    }
}

struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    version: Option<&'a str>,
    quality: u16,
}

impl<'a> Range<'a> {
    /// `None` for what is no media range, or has an unreadable quality: such a range counts as not given.
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = split_unquoted(text, b';').map(str::trim_ascii);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let mut range = Self { kind, subtype, version: None, quality: 1000 };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let (name, value) = (name.trim_ascii(), value.trim_ascii());
            if name.eq_ignore_ascii_case("q") {
                range.quality = thousandths(value)?;
            } else if name.eq_ignore_ascii_case("version") {
                range.version = Some(unquoted(value));
            }
        }
        Some(range)
    }
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}

/// A quality between 0 and 1; digits after the third are cut.
fn thousandths(value: &str) -> Option<u16> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = fraction.bytes().map(|byte| u16::from(byte - b'0'));
    let sum = [100, 10, 1].into_iter().zip(digits).map(|(place, digit)| place * digit).sum();
    match whole {
        "0" => Some(sum),
        "1" if sum == 0 => Some(1000),
        _ => None,
    }
}

/// Splits at `separator` (an ASCII character) where it stands outside a quoted string.
fn split_unquoted(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let current = rest?;
        let (mut quoted, mut escaped) = (false, false);
        let end = current.bytes().position(|byte| {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ => return byte == separator && !quoted,
            }
            false
        });
        let (head, tail) = match end {
            Some(end) => (&current[..end], Some(&current[end + 1..])),
            None => (current, None),
        };
        rest = tail;
        Some(head)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PROMETHEUS_3: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
        application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
        text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

    #[test]
    fn the_negotiation_table() {
        use Exposition::{OpenMetrics, Prometheus};
        let table = [
            ("", Prometheus),
            ("*/*", Prometheus),
            ("text/plain", Prometheus),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Prometheus),
            (PROMETHEUS_3, OpenMetrics),
            ("application/openmetrics-text", OpenMetrics),
            ("Application/OpenMetrics-Text; Version=1.0.0", OpenMetrics),
            ("application/openmetrics-text; version=\"1.0.0\"; charset=utf-8", OpenMetrics),
            ("application/openmetrics-text; version=0.0.1", Prometheus),
            ("application/openmetrics-text; version=0.0.1, application/openmetrics-text; q=0.1", OpenMetrics),
            ("application/openmetrics-text; q=0", Prometheus),
            ("application/openmetrics-text; q=0.000, */*", Prometheus),
            ("application/openmetrics-text;q=0.4, text/plain;q=0.5", Prometheus),
            ("application/openmetrics-text;q=0.5, text/plain;q=0.4", OpenMetrics),
            ("text/plain;q=0.5, application/openmetrics-text;q=0.50", OpenMetrics),
            ("application/openmetrics-text, */*", OpenMetrics),
            ("application/openmetrics-text;q=0.9, */*", Prometheus),
            ("application/*, text/plain;q=0.5", OpenMetrics),
            ("application/*, text/*", Prometheus),
            ("text/plain;q=0, */*;q=0.1", OpenMetrics),
            ("text/plain;q=0, application/openmetrics-text;q=0", Prometheus),
            ("application/openmetrics-text;q=2", Prometheus),
            ("application/openmetrics-text;q=1.001", Prometheus),
            ("application/openmetrics-text;q=", Prometheus),
            ("application/openmetrics-text;q=0.9999", OpenMetrics),
            ("x/y;a=\",application/openmetrics-text,\"", Prometheus),
            ("image/png", Prometheus),
            (",;,=/,;q", Prometheus),
        ];
        for (accept, expected) in table {
            assert_eq!(Exposition::negotiate([accept]), expected, "{accept}");
        }
    }

    #[test]
    fn several_accept_headers_are_one_list() {
        let fields = ["text/plain;q=0.3", "application/openmetrics-text;q=0.6"];
        assert_eq!(Exposition::negotiate(fields), Exposition::OpenMetrics);
    }

    proptest! {
        #[test]
        fn no_text_panics(accept in "[a-z/;,=\"\\\\*q0-9. é]{0,80}") {
            let _ = Exposition::negotiate([accept.as_str()]);
        }

        #[test]
        fn the_higher_quality_wins(openmetrics in 0_u16..=1000, text in 0_u16..=1000, swap: bool) {
            let quality = |q: u16| format!("{}.{:03}", q / 1000, q % 1000);
            let mut ranges = [
                format!("application/openmetrics-text;q={}", quality(openmetrics)),
                format!("text/plain;q={}", quality(text)),
            ];
            if swap { ranges.reverse(); }
            let expected = if openmetrics > 0 && openmetrics >= text { Exposition::OpenMetrics } else { Exposition::Prometheus };
            prop_assert_eq!(Exposition::negotiate([ranges.join(" , ").as_str()]), expected);
        }
    }
}
