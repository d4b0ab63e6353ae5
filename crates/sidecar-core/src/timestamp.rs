//! Wall-clock times as RFC 3339 text.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `time` in UTC with millisecond precision, for example `2026-01-29T12:00:00.25Z`; zeros at
/// the end are left out. Times outside the years 1 to 9999 are clamped to the nearest that can be written.
#[must_use]
pub fn rfc3339(time: SystemTime) -> String {
    let timestamp = jiff::Timestamp::try_from(time).unwrap_or(if time < UNIX_EPOCH {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    });
    let millis = timestamp.as_millisecond().clamp(MIN_MILLIS, MAX_MILLIS);
    jiff::Timestamp::from_millisecond(millis).unwrap_or_default().to_string()
}

/// 0001-01-01T00:00:00Z and 9999-12-30T22:00:00Z, the span that jiff and RFC 3339 share.
const MIN_MILLIS: i64 = -62_135_596_800_000;
const MAX_MILLIS: i64 = 253_402_207_200_000;

/// Reads RFC 3339 text with any offset.
///
/// # Errors
/// A sentence that says what is wrong with the text.
pub fn parse_rfc3339(text: &str) -> Result<SystemTime, String> {
    text.parse::<jiff::Timestamp>().map(SystemTime::from).map_err(|error| error.to_string())
}

/// A time given as Unix seconds, fractions allowed.
///
/// Returns `None` for anything that is not a finite number between the years 1 and 9999.
#[must_use]
pub fn from_unix_seconds(seconds: f64) -> Option<SystemTime> {
    let millis = seconds * 1_000.0;
    if !(MIN_MILLIS as f64..=MAX_MILLIS as f64).contains(&millis) {
        return None;
    }
    let distance = Duration::try_from_secs_f64(seconds.abs()).ok()?;
    if seconds < 0.0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_at_millisecond_precision() {
        let time = UNIX_EPOCH + Duration::from_millis(1_769_688_000_250);
        assert_eq!(rfc3339(time), "2026-01-29T12:00:00.25Z");
        assert_eq!(parse_rfc3339(&rfc3339(time)), Ok(time));
        assert_eq!(rfc3339(UNIX_EPOCH), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn offsets_are_understood_and_nonsense_is_not() {
        let utc = parse_rfc3339("2026-01-29T12:00:00Z").expect("valid");
        assert_eq!(parse_rfc3339("2026-01-29T14:00:00+02:00"), Ok(utc));
        assert!(parse_rfc3339("yesterday").is_err());
        assert!(parse_rfc3339("").is_err());
    }

    #[test]
    fn unix_seconds_beyond_the_calendar_are_refused() {
        assert_eq!(from_unix_seconds(1.5), Some(UNIX_EPOCH + Duration::from_millis(1_500)));
        assert_eq!(from_unix_seconds(-1.0), Some(UNIX_EPOCH - Duration::from_secs(1)));
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300] {
            assert_eq!(from_unix_seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn far_away_times_are_clamped_rather_than_refused() {
        let far = UNIX_EPOCH + Duration::from_secs(1 << 40);
        assert_eq!(rfc3339(far), "9999-12-30T22:00:00Z");
    }
}
