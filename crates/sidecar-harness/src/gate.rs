//! A fault that hangs until it is told to go on.

use crate::PATIENCE;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Whoever enters stays inside until the gate is opened; then it is open for good. Clones are the same gate.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    entered: bool,
    open: bool,
}

impl Gate {
    /// Returns once the gate is open.
    pub fn enter(&self) {
        let mut state = self.lock();
        state.entered = true;
        self.0.changed.notify_all();
        let _open =
            self.0.changed.wait_while(state, |state| !state.open).unwrap_or_else(PoisonError::into_inner);
    }

    /// Returns once somebody is inside, or was.
    ///
    /// # Panics
    /// If nobody comes within [`PATIENCE`].
    #[track_caller]
    pub fn wait_until_held(&self) {
        assert!(self.is_held_within(PATIENCE), "not within {PATIENCE:?}: somebody at the gate");
    }

    fn is_held_within(&self, patience: Duration) -> bool {
        let waited = self.0.changed.wait_timeout_while(self.lock(), patience, |state| !state.entered);
        waited.unwrap_or_else(PoisonError::into_inner).0.entered
    }

    /// Lets everybody go on who is inside or comes.
    pub fn open(&self) {
        self.lock().open = true;
        self.0.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn whoever_enters_stays_until_the_gate_is_opened() {
        let gate = Gate::default();
        let inside = thread::spawn({
            let gate = gate.clone();
            move || gate.enter()
        });
        gate.wait_until_held();
        assert!(!inside.is_finished());
        gate.open();
        inside.join().expect("it goes on");
        gate.enter();
    }

    #[test]
    fn a_gate_to_which_nobody_comes_is_not_waited_for_without_end() {
        assert!(!Gate::default().is_held_within(Duration::from_millis(1)));
    }
}
