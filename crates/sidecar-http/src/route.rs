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
    CircuitBreakers,
    EventsStats,
    Events,
}

impl Route {
    pub(crate) const ALL: [Self; 9] = [
        Self::Index,
        Self::Health,
        Self::Live,
        Self::Ready,
        Self::Startup,
        Self::Metrics,
        Self::CircuitBreakers,
        Self::EventsStats,
        Self::Events,
    ];

    pub(crate) fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.path() == path)
    }

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Index => "/",
            Self::Health => "/health",
            Self::Live => "/live",
            Self::Ready => "/ready",
            Self::Startup => "/startup",
            Self::Metrics => "/metrics",
            Self::CircuitBreakers => "/circuit-breakers",
            Self::EventsStats => "/events/stats",
            Self::Events => "/events",
        }
    }

    pub(crate) fn need(self) -> Need {
        match self {
            Self::Health | Self::Live | Self::Ready | Self::Startup => Need::Nothing,
            Self::Index | Self::Metrics | Self::CircuitBreakers | Self::EventsStats => Need::Reading,
            Self::Events => Need::Events,
        }
    }

    /// The value of `Allow`.
    pub(crate) fn methods(self) -> &'static str {
        if self == Self::Events { "POST" } else { "GET, HEAD" }
    }

    pub(crate) fn takes(self, method: &Method) -> bool {
        if self == Self::Events {
            method == Method::POST
        } else {
            method == Method::GET || method == Method::HEAD
        }
    }
}
