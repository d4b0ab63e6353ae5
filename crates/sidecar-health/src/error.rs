//! Why a component was not registered.

use std::fmt;

use crate::SettingsError;

/// Why a component was not registered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// A setting or the name was refused.
    Settings(SettingsError),
    /// A component of that name is there already.
    #[non_exhaustive]
    Duplicate {
        /// The name.
        name: String,
    },
    /// It depends on a component that the application has not registered.
    #[non_exhaustive]
    UnknownDependency {
        /// The name of the component.
        component: String,
        /// The name that is not there.
        depends_on: String,
    },
    /// It would depend on itself.
    #[non_exhaustive]
    Cycle {
        /// The names along the way, each depending on the next, and the last on the first.
        names: Vec<String>,
    },
    /// There is no room for one more.
    #[non_exhaustive]
    Full {
        /// How many there may be.
        limit: usize,
    },
    /// Health checking was stopped.
    Stopped,
}

impl RegisterError {
    /// The same refusal as that of a setting, for a builder.
    pub(crate) fn into_settings(self) -> SettingsError {
        match self {
            Self::Settings(error) => error,
            Self::Duplicate { name } => {
                SettingsError::new("component", name, "a name that no other component has")
            }
            Self::UnknownDependency { depends_on, .. } => {
                SettingsError::new("depends_on", depends_on, "the name of a component of the application")
            }
            Self::Cycle { names } => SettingsError::new("depends_on", names.join(" -> "), "without a cycle"),
            Self::Full { .. } | Self::Stopped => {
                SettingsError::new("component", self, "within the limits of one health checker")
            }
        }
    }
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(error) => error.fmt(f),
            Self::Duplicate { name } => write!(f, "a component named {name} is registered already"),
            Self::UnknownDependency { component, depends_on } => {
                write!(f, "{component} depends on {depends_on}, which is not registered")
            }
            Self::Cycle { names } => write!(f, "these depend on each other: {}", names.join(" -> ")),
            Self::Full { limit } => write!(f, "there are {limit} such components already"),
            Self::Stopped => f.write_str("health checking was stopped"),
        }
    }
}

/// The text says it all: there is no source that would say it once more.
impl std::error::Error for RegisterError {}

impl From<SettingsError> for RegisterError {
    fn from(error: SettingsError) -> Self {
        Self::Settings(error)
    }
}
