//! A fault that hangs until it is told to go on.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

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
    pub fn wait_until_held(&self) {
        let state = self.lock();
        let _held =
            self.0.changed.wait_while(state, |state| !state.entered).unwrap_or_else(PoisonError::into_inner);
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
