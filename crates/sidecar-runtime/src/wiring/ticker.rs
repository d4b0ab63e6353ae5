//! A periodic thread: calls every piece's `tick` when it is due.

use sidecar_core::{Clock, panics, threads};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Release};
use std::thread::Thread;
use std::time::Duration;

/// Longest and shortest sleep between two rounds.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

/// A piece's `tick`: takes the time in nanoseconds, gives back when it wants to be called next.
pub(crate) type Tick = Box<dyn FnMut(u64) -> u64 + Send>;

/// Stops the thread when dropped; does not wait for it.
pub(crate) struct Ticker {
    stopping: Arc<AtomicBool>,
    thread: Thread,
}

impl Ticker {
    pub(crate) fn start(name: &'static str, clock: Clock, mut ticks: Vec<Tick>) -> io::Result<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        let thread = threads::spawn(name, move || {
            // Acquire pairs with the Release in `drop`.
            while !stop.load(Acquire) {
                let now = clock.now();
                let next = ticks.iter_mut().map(|tick| run(tick, now)).min().unwrap_or(u64::MAX);
                let sleep = Duration::from_nanos(next.saturating_sub(clock.now()));
                std::thread::park_timeout(sleep.clamp(SHORTEST_SLEEP, LONGEST_SLEEP));
            }
        })?;
        Ok(Self { stopping, thread: thread.thread().clone() })
    }

    /// The thread, to be unparked by whoever is due earlier than it said.
    pub(crate) fn thread(&self) -> &Thread {
        &self.thread
    }
}

/// A tick that panics must not take the others with it.
fn run(tick: &mut Tick, now: u64) -> u64 {
    panics::contain(|| tick(now)).unwrap_or_else(|message| {
        let _ = panics::contain(|| tracing::error!("a periodic task panicked: {message}"));
        now.saturating_add(sidecar_core::clock::nanos(LONGEST_SLEEP))
    })
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stopping.store(true, Release);
        self.thread.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_tick_that_panics_does_not_stop_the_others() {
        let (send, receive) = mpsc::channel();
        let ticks: Vec<Tick> = vec![
            Box::new(|_| panic!("always")),
            Box::new(move |now| {
                let _ = send.send(now);
                now
            }),
        ];
        let ticker = Ticker::start("tick", Clock::new(), ticks).expect("a thread");
        let times: Vec<u64> = receive.iter().take(3).collect();
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
        drop(ticker);
        assert!(receive.iter().count() < 1_000, "the thread ends and hangs up");
    }
}
