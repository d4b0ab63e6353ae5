//! Which names an application may give, and which the sidecar keeps for its own parts.

use crate::SettingsError;

/// Longest name of a component, in bytes.
pub const MAX_NAME_BYTES: usize = 128;

/// The built-in component that every health checker has: its own scheduler.
pub(crate) const SCHEDULER: &str = "scheduler";

/// The component of a runtime that is watched. Not reserved: without one an application may use the name.
#[cfg(feature = "tokio")]
pub(crate) const RUNTIME: &str = "runtime";

/// Names of built-in components that the sidecar supplies, beside its breakers.
const SUPPLIED: [&str; 5] = ["observer", "metrics", "profiler", "configuration", "objectives"];

/// What the name of a circuit breaker's component begins with.
const BREAKER_PREFIX: &str = "breaker:";

/// Longest name of a breaker, in bytes. What it may consist of is the breaker's affair.
const MAX_BREAKER_BYTES: usize = 256;

/// Refuses what an application may not call a component.
pub(crate) fn check_application(name: &str) -> Result<(), SettingsError> {
    if name == SCHEDULER || SUPPLIED.contains(&name) || name.starts_with(BREAKER_PREFIX) {
        let allowed = "a name that is not reserved (scheduler, observer, metrics, profiler, configuration, \
                       objectives and all that begin with breaker: are)";
        return Err(SettingsError::new("name", name, allowed));
    }
    if !(1..=MAX_NAME_BYTES).contains(&name.len()) || name.contains(char::is_control) {
        return Err(SettingsError::new("name", format!("{name:?}"), "1 to 128 bytes, no control characters"));
    }
    Ok(())
}

/// Refuses what a built-in component may not be called.
pub(crate) fn check_built_in(name: &str) -> Result<(), SettingsError> {
    let breaker = breaker(name).is_some_and(|rest| (1..=MAX_BREAKER_BYTES).contains(&rest.len()));
    if breaker || SUPPLIED.contains(&name) {
        return Ok(());
    }
    let allowed = "observer, metrics, profiler, configuration, objectives, or breaker: and 1 to 256 bytes";
    Err(SettingsError::new("built_in", format!("{name:?}"), allowed))
}

/// The breaker's own name, if the component stands for one.
pub(crate) fn breaker(name: &str) -> Option<&str> {
    name.strip_prefix(BREAKER_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_names_are_for_built_in_components_alone() {
        for name in ["observer", "metrics", "profiler", "configuration", "objectives", "breaker:payments"] {
            assert!(check_application(name).is_err(), "{name}");
            assert_eq!(check_built_in(name), Ok(()));
        }
        for name in ["database", "Observer", "breaker"] {
            assert_eq!(check_application(name), Ok(()));
            assert!(check_built_in(name).is_err(), "{name}");
        }
        assert!(check_application(SCHEDULER).is_err() && check_built_in(SCHEDULER).is_err());
    }

    #[test]
    fn empty_long_and_unprintable_names_are_refused() {
        let long = "n".repeat(MAX_NAME_BYTES);
        assert_eq!(check_application(&long), Ok(()));
        for name in ["", "two\nlines", &format!("{long}n")] {
            assert!(check_application(name).is_err(), "{name}");
        }
        assert!(check_built_in("breaker:").is_err());
        assert_eq!(check_built_in(&format!("breaker:{long}{long}")), Ok(()));
        assert!(check_built_in(&format!("breaker:{long}{long}n")).is_err());
    }
}
