//! SIGINT and SIGTERM: the run ends in order, the second one ends it at once.

use crate::failure::Failure;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::low_level::signal_name;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How often a waiting run looks whether a signal has come.
const LOOK: Duration = Duration::from_millis(20);

/// The signal that has come, if one has.
pub(crate) struct Signals {
    caught: Arc<AtomicUsize>,
}

impl Signals {
    pub(crate) fn listen() -> Result<Self, Failure> {
        let caught = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        let refused = |error| Failure::new(format_args!("signals cannot be caught: {error}"));
        for signal in [SIGINT, SIGTERM] {
            // The first arms the second: a run that hangs while draining can still be ended.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&again)).map_err(refused)?;
            flag::register(signal, Arc::clone(&again)).map_err(refused)?;
            flag::register_usize(signal, Arc::clone(&caught), signal as usize).map_err(refused)?;
        }
        Ok(Self { caught })
    }

    /// The name of the signal that has come.
    pub(crate) fn caught(&self) -> Option<&'static str> {
        // Relaxed: the number stands for itself.
        match self.caught.load(Relaxed) {
            0 => None,
            number => Some(i32::try_from(number).ok().and_then(signal_name).unwrap_or("signal")),
        }
    }

    /// Waits for a signal, at most `patience`, or without end.
    pub(crate) fn wait(&self, patience: Option<Duration>) -> Option<&'static str> {
        let start = Instant::now();
        loop {
            if let Some(name) = self.caught() {
                return Some(name);
            }
            let left = patience.map_or(LOOK, |patience| patience.saturating_sub(start.elapsed()));
            if left.is_zero() {
                return None;
            }
            std::thread::sleep(left.min(LOOK));
        }
    }

    /// Has `done` wait, for a moment at a time, until it says that it is or until `deadline`, unless a signal
    /// comes first.
    pub(crate) fn watch(
        &self,
        deadline: Instant,
        mut done: impl FnMut(Instant) -> bool,
    ) -> Option<&'static str> {
        while self.caught().is_none() && !done(deadline.min(Instant::now() + LOOK)) {
            if Instant::now() >= deadline {
                return None;
            }
        }
        self.caught()
    }
}
