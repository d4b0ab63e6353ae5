//! What a `GET /debug/profile` asks for.

use std::time::Duration;

use crate::reply::Reply;

/// Longest profile, in seconds; the shortest takes one.
const MAX_SECONDS: u64 = 60;
/// How long a profile takes that says nothing of it.
const DEFAULT_SECONDS: u64 = 10;

/// A profile of the process, as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProfileRequest {
    /// How long to take samples: 1 to 60 s, 10 if the question did not say.
    pub duration: Duration,
    /// What to answer with.
    pub format: ProfileFormat,
}

/// What a profile is answered as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileFormat {
    /// `format=pprof`: the protocol buffer that the program `pprof` reads.
    #[default]
    Pprof,
    /// `format=svg`: a flame graph.
    Svg,
}

impl ProfileFormat {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Pprof => "application/octet-stream",
            Self::Svg => "image/svg+xml",
        }
    }
}

impl ProfileRequest {
    /// Of the pairs of a query. What is misspelt is refused: it would cost a minute to notice.
    pub(crate) fn of(pairs: &[(String, String)]) -> Result<Self, Reply> {
        let (mut seconds, mut format) = (None, None);
        for (key, value) in pairs {
            let is_new = match key.as_str() {
                "seconds" => seconds.replace(value).is_none(),
                "format" => format.replace(value).is_none(),
                _ => return Err(Reply::bad_request("the parameters are seconds and format")),
            };
            if !is_new {
                return Err(Reply::bad_request("a parameter is given twice"));
            }
        }
        let seconds = seconds.map_or(Ok(DEFAULT_SECONDS), |text| text.parse());
        let Some(seconds) = seconds.ok().filter(|seconds| (1..=MAX_SECONDS).contains(seconds)) else {
            return Err(Reply::bad_request("seconds is a whole number from 1 to 60"));
        };
        let format = match format.map(String::as_str) {
            None | Some("pprof") => ProfileFormat::Pprof,
            Some("svg") => ProfileFormat::Svg,
            Some(_) => return Err(Reply::bad_request("format is pprof or svg")),
        };
        Ok(Self { duration: Duration::from_secs(seconds), format })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::pairs;

    fn asked(query: &str) -> Option<(u64, ProfileFormat)> {
        let request = ProfileRequest::of(&pairs(Some(query)).ok()?).ok()?;
        Some((request.duration.as_secs(), request.format))
    }

    #[test]
    fn the_question_says_how_long_and_as_what() {
        assert_eq!(asked(""), Some((10, ProfileFormat::Pprof)));
        assert_eq!(asked("seconds=1&format=svg"), Some((1, ProfileFormat::Svg)));
        assert_eq!(asked("format=pprof&seconds=60"), Some((60, ProfileFormat::Pprof)));
    }

    #[test]
    fn what_is_out_of_range_misspelt_or_said_twice_is_refused() {
        for query in [
            "seconds=0",
            "seconds=61",
            "seconds=-1",
            "seconds=1.5",
            "seconds=",
            "seconds",
            "seconds=99999999999999999999",
            "format=",
            "format=SVG",
            "second=5",
            "seconds=5&seconds=5",
            "format=svg&format=svg",
        ] {
            assert_eq!(asked(query), None, "{query}");
        }
    }
}
