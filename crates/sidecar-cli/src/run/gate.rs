//! Ends a reader between two lines, where the ledger is at rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

const LOOK: Duration = Duration::from_millis(1);

/// What one reader passes for every line until it is closed. A reader that is blocked in a read is outside: it
/// finds the gate closed when its line comes at last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate {
    state: Arc<State>,
}

/// SeqCst on both: of a reader that enters and a closing that looks at the same moment, at least one sees the
/// other.
#[derive(Debug, Default)]
struct State {
    closed: AtomicBool,
    inside: AtomicBool,
}

impl Gate {
    /// Runs `f`, unless the gate is closed.
    pub(crate) fn pass<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        self.state.inside.store(true, SeqCst);
        let passed = (!self.state.closed.load(SeqCst)).then(f);
        self.state.inside.store(false, SeqCst);
        passed
    }

    /// Closes the gate and waits until nobody is inside, at most until `deadline`.
    pub(crate) fn close(&self, deadline: Instant) {
        self.state.closed.store(true, SeqCst);
        while self.state.inside.load(SeqCst) && Instant::now() < deadline {
            thread::sleep(LOOK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;

    #[test]
    fn nothing_happens_behind_a_closed_gate() {
        let gate = Gate::default();
        let passed = AtomicU64::new(0);
        thread::scope(|scope| {
            scope.spawn(|| while gate.pass(|| passed.fetch_add(1, SeqCst)).is_some() {});
            while passed.load(SeqCst) < 1_000 {
                thread::yield_now();
            }
            gate.close(Instant::now() + Duration::from_secs(60));
            let then = passed.load(SeqCst);
            thread::sleep(Duration::from_millis(5));
            assert_eq!(passed.load(SeqCst), then);
        });
    }

    #[test]
    fn closing_does_not_wait_for_ever() {
        let gate = Gate::default();
        gate.pass(|| gate.close(Instant::now() + Duration::from_millis(10)));
        assert!(gate.pass(|| ()).is_none());
    }
}
