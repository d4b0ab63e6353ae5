//! Faults that come when they are told to.

mod future;
mod step;

pub use step::{Fault, Step};

use crate::PATIENCE;
use future::Pending;
use std::future::Future;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// What the calls of a dependency, a check or a handler come to, one after the other. Clones are the same script.
///
/// After the last step all calls succeed, unless [`then`](Self::then) says otherwise.
///
/// ```
/// use sidecar_testkit::{Script, Step, VirtualClock};
/// use std::time::Duration;
///
/// let clock = VirtualClock::new();
/// let database = Script::new([Step::Err, Step::slow(&clock, Duration::from_secs(2))]).then(Step::Err);
/// assert!(database.call().is_err());
/// assert!(database.call().is_ok());
/// assert_eq!(clock.now(), 2_000_000_000);
/// assert!(!database.check());
/// assert_eq!(database.calls(), 3);
/// ```
#[derive(Clone, Debug)]
pub struct Script(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    steps: Box<[Step]>,
    then: Step,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    calls: u64,
    /// Calls that have been told to hang since the last release, and have not been given up.
    hanging: usize,
    /// Goes up with each release: whoever hangs waits for a number above the one it found.
    releases: u64,
    wakers: Vec<Waker>,
}

impl Script {
    /// A script of these steps. An endless iterator makes no script: what comes after the last step is
    /// [`then`](Self::then)'s to say.
    #[must_use]
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::with(steps.into_iter().collect(), Step::Ok)
    }

    /// A script that does the same at every call.
    #[must_use]
    pub fn always(step: Step) -> Self {
        Self::new([]).then(step)
    }

    /// What every call after the last step comes to. Defaults to [`Step::Ok`]. To be said before the script is used: what
    /// comes back counts its calls from zero.
    #[must_use]
    pub fn then(self, step: Step) -> Self {
        Self::with(self.0.steps.clone(), step)
    }

    fn with(steps: Box<[Step]>, then: Step) -> Self {
        Self(Arc::new(Inner { steps, then, state: Mutex::default(), changed: Condvar::new() }))
    }

    /// The next call. Returns its number, from 1.
    ///
    /// # Errors
    /// Where the step is [`Step::Err`].
    ///
    /// # Panics
    /// Where the step is [`Step::Panic`]; and where it is [`Step::Hang`] and nobody releases it within [`PATIENCE`].
    pub fn call(&self) -> Result<u64, Fault> {
        let (number, step) = self.begin();
        let Step::Hang = step else { return step.end(number) };
        let mut state = self.lock();
        let found = self.hang(&mut state);
        let waited = self.0.changed.wait_timeout_while(state, PATIENCE, |state| state.releases == found);
        let is_released = waited.unwrap_or_else(PoisonError::into_inner).0.releases > found;
        assert!(is_released, "call {number} was to hang, and nobody released it within {PATIENCE:?}");
        Ok(number)
    }

    /// The next call, as the check of a health component: whether it succeeded.
    ///
    /// # Panics
    /// As [`call`](Self::call).
    #[must_use]
    pub fn check(&self) -> bool {
        self.call().is_ok()
    }

    /// The next call, as an event's handler. An error is a panic: a handler has no other way to fail.
    ///
    /// # Panics
    /// As [`call`](Self::call), and where the step is [`Step::Err`].
    pub fn handle(&self) {
        if let Err(fault) = self.call() {
            panic!("{fault}");
        }
    }

    /// The next call, as a future. It is made when the future is first polled; one that hangs is pending until it is
    /// released, or dropped. Errors and panics are those of [`call`](Self::call), but that nothing ends its patience.
    pub fn call_async(&self) -> impl Future<Output = Result<u64, Fault>> + Send + 'static {
        let script = self.clone();
        async move {
            let (number, step) = script.begin();
            let Step::Hang = step else { return step.end(number) };
            Pending::new(script).await;
            Ok(number)
        }
    }

    /// How many calls have begun.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// How many calls hang.
    #[must_use]
    pub fn hanging(&self) -> usize {
        self.lock().hanging
    }

    /// Returns once at least one call hangs.
    ///
    /// # Panics
    /// If none does within [`PATIENCE`].
    #[track_caller]
    pub fn wait_until_hanging(&self) {
        let waited = self.0.changed.wait_timeout_while(self.lock(), PATIENCE, |state| state.hanging == 0);
        let is_held = waited.unwrap_or_else(PoisonError::into_inner).0.hanging > 0;
        assert!(is_held, "no call hangs within {PATIENCE:?}");
    }

    /// Lets every call go on that hangs; it then succeeds. Says how many there were. Later ones hang again.
    pub fn release(&self) -> usize {
        let mut state = self.lock();
        state.releases += 1;
        let (wakers, hanging) = (std::mem::take(&mut state.wakers), std::mem::take(&mut state.hanging));
        drop(state);
        self.0.changed.notify_all();
        wakers.into_iter().for_each(Waker::wake);
        hanging
    }

    /// Counts a call; its number and what it is to come to.
    fn begin(&self) -> (u64, Step) {
        let mut state = self.lock();
        state.calls += 1;
        let index = usize::try_from(state.calls - 1).unwrap_or(usize::MAX);
        (state.calls, self.0.steps.get(index).unwrap_or(&self.0.then).clone())
    }

    /// Notes that a call hangs; the number of releases that it found.
    fn hang(&self, state: &mut State) -> u64 {
        state.hanging += 1;
        self.0.changed.notify_all();
        state.releases
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
