//! How the reloads went.

use std::sync::Arc;

use crate::error::ConfigErrors;

/// What a reload did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reload {
    /// The settings are new ones.
    Changed,
    /// Everything was read and says what it said before.
    Unchanged,
    /// A reload on another thread began later and was first: its settings stand.
    Overtaken,
}

/// How the reloads went so far, the first load not counted.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Status {
    /// Reloads that changed a value.
    pub changed: u64,
    /// Reloads that changed none.
    pub unchanged: u64,
    /// Reloads that were refused.
    pub refused: u64,
    /// Why the last one was refused; `None` if it was not.
    pub error: Option<Arc<ConfigErrors>>,
}

impl Status {
    pub(crate) fn refuse(&mut self, errors: &ConfigErrors) {
        self.refused += 1;
        self.error = Some(Arc::new(errors.clone()));
    }

    pub(crate) fn accept(&mut self, changed: bool) {
        let count = if changed { &mut self.changed } else { &mut self.unchanged };
        *count += 1;
        self.error = None;
    }
}
