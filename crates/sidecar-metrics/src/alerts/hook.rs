//! Who hears of alerts.

use super::alert::Alert;

/// Hears of each alert of a rule when it begins to fire and when it is over; [`Alert::state`] tells which.
///
/// Closures `Fn(&Alert)` are hooks. All hooks of a collector run on one thread, one at a time: one that does not
/// return holds up the others, but never the evaluation. A panic is contained and counted.
pub trait AlertHook: Send + Sync {
    /// Takes one alert at one of its edges.
    fn notify(&self, alert: &Alert);
}

impl<F: Fn(&Alert) + Send + Sync> AlertHook for F {
    fn notify(&self, alert: &Alert) {
        self(alert);
    }
}
