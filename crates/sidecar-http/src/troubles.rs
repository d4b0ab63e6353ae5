//! Telling the log about the server's own troubles, seldom enough that it cannot be flooded.

use std::fmt::Display;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sidecar_core::clock::nanos;
use sidecar_core::{Clock, panics};

/// At most one line in this time, over all servers of the process; what comes between is dropped.
const PAUSE: Duration = Duration::from_secs(5);

static CLOCK: LazyLock<Clock> = LazyLock::new(Clock::new);
static LIMIT: Limit = Limit::new();

pub(crate) fn report(what: &'static str, detail: &dyn Display) {
    if LIMIT.admits(CLOCK.now()) {
        tell(what, detail);
    }
}

/// A subscriber is foreign code: its panic must end neither the server's thread nor an answer.
fn tell(what: &'static str, detail: &dyn Display) {
    let _ = panics::contain(|| tracing::warn!(%detail, "sidecar-http: {what}"));
}

struct Limit {
    /// When the next line may be written, in nanoseconds; 0 before the first.
    next: AtomicU64,
}

impl Limit {
    const fn new() -> Self {
        Self { next: AtomicU64::new(0) }
    }

    fn admits(&self, now: u64) -> bool {
        // Relaxed: the word guards nothing but itself.
        let next = self.next.load(Ordering::Relaxed);
        let after = now.saturating_add(nanos(PAUSE));
        now >= next && self.next.compare_exchange(next, after, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use tracing::{Event, Metadata, Subscriber, span};

    /// Panics at every event, after counting it.
    struct Panicking(Arc<AtomicUsize>);

    impl Subscriber for Panicking {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn event(&self, _: &Event<'_>) {
            self.0.fetch_add(1, Ordering::SeqCst);
            panic!("in the subscriber");
        }

        fn enter(&self, _: &span::Id) {}

        fn exit(&self, _: &span::Id) {}
    }

    #[test]
    fn a_subscriber_that_panics_stays_inside() {
        let told = Arc::new(AtomicUsize::new(0));
        tracing::subscriber::with_default(Panicking(Arc::clone(&told)), || tell("a trouble", &"its detail"));
        assert_eq!(told.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn one_line_passes_in_each_pause() {
        let limit = Limit::new();
        let pause = nanos(PAUSE);
        let admitted: Vec<bool> =
            [7, 8, 6 + pause, 7 + pause, 8 + pause].into_iter().map(|now| limit.admits(now)).collect();
        assert_eq!(admitted, [true, false, false, true, false]);
    }
}
