//! The kinds of things that are sampled, each with a rate of its own.

/// A kind of event, found from the beginning of the event type's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// Every type that belongs to no other signal.
    Events,
    /// `trace*` and `span*`.
    Traces,
    /// `profil*`.
    Profiling,
    /// `test*`.
    TestEvents,
    /// `perf*`.
    PerfMetrics,
    /// `debug*` and `log*`.
    DebugLogs,
}

const PREFIXES: [(&str, Signal); 7] = [
    ("test", Signal::TestEvents),
    ("trace", Signal::Traces),
    ("span", Signal::Traces),
    ("profil", Signal::Profiling),
    ("perf", Signal::PerfMetrics),
    ("debug", Signal::DebugLogs),
    ("log", Signal::DebugLogs),
];

impl Signal {
    /// Every signal.
    pub const ALL: &'static [Self] =
        &[Self::Events, Self::Traces, Self::Profiling, Self::TestEvents, Self::PerfMetrics, Self::DebugLogs];

    /// The signal that `event_type` belongs to.
    #[must_use]
    pub fn of(event_type: &str) -> Self {
        let found = PREFIXES.iter().find(|(prefix, _)| event_type.starts_with(prefix));
        found.map_or(Self::Events, |(_, signal)| *signal)
    }

    /// The signal called `name` in configuration.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|signal| signal.name() == name)
    }

    /// Its name in configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Traces => "traces",
            Self::Profiling => "profiling",
            Self::TestEvents => "test_events",
            Self::PerfMetrics => "perf_metrics",
            Self::DebugLogs => "debug_logs",
        }
    }

    /// Its rate where neither it nor `events` is configured.
    #[must_use]
    pub fn default_rate(self) -> f64 {
        match self {
            Self::Events => 0.1,
            Self::Traces | Self::PerfMetrics => 0.05,
            Self::Profiling | Self::DebugLogs => 0.01,
            Self::TestEvents => 0.2,
        }
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Signal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_belongs_to_the_signal_its_name_begins_with() {
        for (event_type, signal) in [
            ("test_end", Signal::TestEvents),
            ("tester", Signal::TestEvents),
            ("trace", Signal::Traces),
            ("span.close", Signal::Traces),
            ("profile_sample", Signal::Profiling),
            ("profiling", Signal::Profiling),
            ("perf_cpu", Signal::PerfMetrics),
            ("debug", Signal::DebugLogs),
            ("log_line", Signal::DebugLogs),
            ("login", Signal::DebugLogs),
            ("suite_end", Signal::Events),
            ("latest", Signal::Events),
            ("Test", Signal::Events),
            ("", Signal::Events),
        ] {
            assert_eq!(Signal::of(event_type), signal, "{event_type:?}");
        }
    }

    #[test]
    fn names_lead_back_to_their_signal() {
        for signal in Signal::ALL {
            assert_eq!(Signal::from_name(signal.name()), Some(*signal));
        }
        assert_eq!(Signal::from_name("Events"), None);
    }
}
