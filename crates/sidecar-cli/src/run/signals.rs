//! SIGINT and SIGTERM: the run ends in order, the second one ends it at once. SIGHUP: the configuration is loaded again.

use crate::failure::Failure;
use crate::print;
use sidecar_runtime::{Reload, SidecarHandle};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::low_level::signal_name;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How often a waiting run looks whether a signal has come.
const LOOK: Duration = Duration::from_millis(20);

/// The signals that have come.
pub(crate) struct Signals {
    caught: Arc<AtomicUsize>,
    hung_up: Arc<AtomicBool>,
    /// Whose configuration is loaded again.
    sidecar: OnceLock<SidecarHandle>,
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
        let hung_up = Arc::new(AtomicBool::new(false));
        flag::register(SIGHUP, Arc::clone(&hung_up)).map_err(refused)?;
        Ok(Self { caught, hung_up, sidecar: OnceLock::new() })
    }

    /// Has SIGHUP load this sidecar's configuration again, also one that has come already.
    pub(crate) fn reload(&self, sidecar: SidecarHandle) {
        // Called once; a second sidecar would have no say.
        let _ = self.sidecar.set(sidecar);
    }

    /// The name of the signal that ends the run, if one has come. Every wait looks here again and again, so this is
    /// also where the configuration is loaded if SIGHUP has come.
    pub(crate) fn caught(&self) -> Option<&'static str> {
        if let Some(sidecar) = self.sidecar.get()
            // Relaxed, here and below: each value stands for itself.
            && self.hung_up.swap(false, Relaxed)
        {
            tell(sidecar);
        }
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

/// Loads the configuration again and says what that did.
fn tell(sidecar: &SidecarHandle) {
    match sidecar.reload_config() {
        Ok(Reload::Changed) => print::err("configuration reloaded: changed"),
        Ok(Reload::Unchanged) => print::err("configuration reloaded: unchanged"),
        // The watch was faster.
        Ok(_) => print::err("configuration reloaded: overtaken by a later reload"),
        Err(errors) => {
            print::err(format_args!("configuration refused, everything stays as it was\n{errors}"))
        }
    }
}
