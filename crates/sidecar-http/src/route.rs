//! The paths that are served, and how.

use hyper::Method;

use crate::access::Need;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Index,
    Health,
    Live,
    Ready,
    Startup,
    Metrics,
    MetricsHistory,
    CircuitBreakers,
    Performance,
    Config,
    EventsStats,
    Status,
    StatusStream,
    Events,
    ConfigReload,
    BreakersReset,
    BreakerTrip,
    BreakerReset,
    Profile,
}

/// Before the name of a breaker.
const BREAKER: &str = "/circuit-breakers/";

impl Route {
    pub(crate) const ALL: [Self; 19] = [
        Self::Index,
        Self::Health,
        Self::Live,
        Self::Ready,
        Self::Startup,
        Self::Metrics,
        Self::MetricsHistory,
        Self::CircuitBreakers,
        Self::Performance,
        Self::Config,
        Self::EventsStats,
        Self::Status,
        Self::StatusStream,
        Self::Events,
        Self::ConfigReload,
        Self::BreakersReset,
        Self::BreakerTrip,
        Self::BreakerReset,
        Self::Profile,
    ];

    pub(crate) fn at(path: &str) -> Option<Self> {
        let of_one_breaker = || match breaker_and_verb(path)? {
            (_, "trip") => Some(Self::BreakerTrip),
            (_, "reset") => Some(Self::BreakerReset),
            _ => None,
        };
        Self::ALL.into_iter().find(|route| route.path() == path).or_else(of_one_breaker)
    }

    /// The path, with `{name}` where a breaker's name stands.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Index => "/",
            Self::Health => "/health",
            Self::Live => "/live",
            Self::Ready => "/ready",
            Self::Startup => "/startup",
            Self::Metrics => "/metrics",
            Self::MetricsHistory => "/metrics/history",
            Self::CircuitBreakers => "/circuit-breakers",
            Self::Performance => "/performance",
            Self::Config => "/config",
            Self::EventsStats => "/events/stats",
            Self::Status => "/status",
            Self::StatusStream => "/status/stream",
            Self::Events => "/events",
            Self::ConfigReload => "/config/reload",
            Self::BreakersReset => "/circuit-breakers/reset",
            Self::BreakerTrip => "/circuit-breakers/{name}/trip",
            Self::BreakerReset => "/circuit-breakers/{name}/reset",
            Self::Profile => "/debug/profile",
        }
    }

    pub(crate) fn need(self) -> Need {
        match self {
            Self::Health | Self::Live | Self::Ready | Self::Startup => Need::Nothing,
            Self::Index
            | Self::Metrics
            | Self::MetricsHistory
            | Self::CircuitBreakers
            | Self::Performance
            | Self::Config
            | Self::EventsStats
            | Self::Status
            | Self::StatusStream => Need::Reading,
            Self::Events => Need::Events,
            Self::ConfigReload
            | Self::BreakersReset
            | Self::BreakerTrip
            | Self::BreakerReset
            | Self::Profile => Need::Commanding,
        }
    }

    fn is_read(self) -> bool {
        // A profile changes nothing, and costs too much to be open to anybody.
        self == Self::Profile || matches!(self.need(), Need::Nothing | Need::Reading)
    }

    /// The value of `Allow`.
    pub(crate) fn methods(self) -> &'static str {
        if self.is_read() { "GET, HEAD" } else { "POST" }
    }

    pub(crate) fn takes(self, method: &Method) -> bool {
        if self.is_read() { method == Method::GET || method == Method::HEAD } else { method == Method::POST }
    }
}

/// The name in `/circuit-breakers/{name}/{verb}`, without its percent signs; `None` if it is no text.
pub(crate) fn breaker_name(path: &str) -> Option<String> {
    let (name, _) = breaker_and_verb(path)?;
    decoded(name.bytes())
}

/// Text without its percent signs; `None` if it is none.
pub(crate) fn decoded(mut rest: impl Iterator<Item = u8>) -> Option<String> {
    let mut bytes = Vec::new();
    while let Some(byte) = rest.next() {
        let byte = if byte == b'%' { hex_digit(rest.next()?)? << 4 | hex_digit(rest.next()?)? } else { byte };
        bytes.push(byte);
    }
    String::from_utf8(bytes).ok()
}

fn breaker_and_verb(path: &str) -> Option<(&str, &str)> {
    let (name, verb) = path.strip_prefix(BREAKER)?.split_once('/')?;
    (!name.is_empty()).then_some((name, verb))
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_breaker_s_name_is_what_stands_between_the_slashes_decoded() {
        let trips = |name: &str| {
            let path = format!("/circuit-breakers/{name}/trip");
            (Route::at(&path), breaker_name(&path))
        };
        for (written, name) in [
            ("payments", "payments"),
            ("reset", "reset"),
            ("{name}", "{name}"),
            ("a%20b", "a b"),
            ("a%2Fb%2fc", "a/b/c"),
            ("%C3%A9", "é"),
            ("a+b", "a+b"),
        ] {
            assert_eq!(trips(written), (Some(Route::BreakerTrip), Some(name.to_owned())), "{written}");
        }
        for written in ["%", "%2", "%zz", "%+1", "%ff"] {
            assert_eq!(trips(written), (Some(Route::BreakerTrip), None), "{written}");
        }
        for path in ["/circuit-breakers//trip", "/circuit-breakers/a/b/trip", "/circuit-breakers/a/tripp"] {
            assert_eq!(Route::at(path), None, "{path}");
        }
        assert_eq!(Route::at("/circuit-breakers/reset"), Some(Route::BreakersReset));
        assert_eq!(Route::at("/circuit-breakers/reset/reset"), Some(Route::BreakerReset));
    }

    proptest! {
        #[test]
        fn every_name_survives_being_written_in_a_path(name in ".{1,20}") {
            let written: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let path = format!("/circuit-breakers/{written}/reset");
            prop_assert_eq!((Route::at(&path), breaker_name(&path)), (Some(Route::BreakerReset), Some(name)));
        }

        #[test]
        fn no_path_panics(path in "/circuit-breakers/[a%0-9é/]{0,12}") {
            let _ = (Route::at(&path), breaker_name(&path));
        }
    }
}
