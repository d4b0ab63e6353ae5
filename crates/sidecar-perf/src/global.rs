//! The monitor of the process.

use crate::monitor::PerfMonitor;
use crate::per_process::PerProcess;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

impl PerfMonitor {
    /// The monitor of the process, with default settings until it is updated; `#[monitor_performance]` records to it.
    /// With its first operation it starts a thread, `sidecar-perf`, that ticks it for good.
    ///
    /// A forked child goes on with a copy that nobody ticks, until a sidecar does that is started in it; or, where a
    /// thread of the parent's was just at it, with a new one. What is recorded through handles from before the fork is
    /// not seen in that. It takes the feature `fork` of `sidecar-core`, as the observer has it; otherwise a child that
    /// finds a lock taken waits for it for ever.
    #[must_use]
    pub fn global() -> &'static Self {
        static GLOBAL: PerProcess<PerfMonitor> = PerProcess::new();
        GLOBAL
            .get()
            .unwrap_or_else(|| GLOBAL.get_or_make(|former| former.and_then(copied).unwrap_or_else(fresh)))
    }

    /// Whether it is the one of the process, that [`global`](Self::global) gives.
    #[must_use]
    pub fn is_global(&self) -> bool {
        Arc::ptr_eq(&self.inner, &Self::global().inner)
    }
}

fn fresh() -> PerfMonitor {
    let monitor = PerfMonitor::builder().build().expect("the defaults are in range");
    monitor.inner.is_undriven.store(true, Relaxed);
    monitor
}

/// The parent's, if no thread of the parent's had a lock of it at the fork. Those that are free stay usable: there is
/// nobody else in a child.
fn copied(parents: &PerfMonitor) -> Option<PerfMonitor> {
    let is_free = parents.inner.is_free();
    is_free.then(|| {
        parents.end_ticks();
        parents.clone()
    })
}

#[cfg(all(test, unix, not(sidecar_loom)))]
mod tests {
    use super::*;
    use sidecar_core::fork;
    use sidecar_harness::process::{alone, forked};

    /// All that a start in a child does with the monitor, and more.
    fn is_usable() {
        let monitor = PerfMonitor::global();
        monitor.update(|settings| settings.sample_rate = 0.5).expect("in range");
        monitor.operation("work").measure(|| ());
        monitor.tick(monitor.clock().now());
        assert!(monitor.bytes() > 0 && monitor.objectives().is_empty());
        assert!(monitor.is_global());
    }

    /// As a call of a function with the attribute.
    fn at_a_site() {
        #[cfg(feature = "macros")]
        {
            static SITE: crate::attribute::Site = crate::attribute::Site::new(Some("work"));
            SITE.start(at_a_site).settle(false);
        }
    }

    fn count() -> u64 {
        PerfMonitor::global().operation_metrics("work").expect("it was named").since_start.count
    }

    #[test]
    fn a_forked_child_goes_on_with_what_its_parent_has_measured() {
        alone("global::tests::a_forked_child_goes_on_with_what_its_parent_has_measured", &[], || {
            fork::watch().expect("memory for a handler");
            let work = PerfMonitor::global().operation("work");
            work.measure(|| ());
            forked(|| {
                is_usable();
                work.measure(|| ());
                assert_eq!(count(), 3);
                // And so does a child of the child.
                forked(|| {
                    is_usable();
                    assert_eq!(count(), 4);
                });
            });
            assert_eq!(count(), 1);
        });
    }

    #[test]
    fn a_forked_child_waits_for_no_lock_of_its_parent_s() {
        alone("global::tests::a_forked_child_waits_for_no_lock_of_its_parent_s", &[], || {
            fork::watch().expect("memory for a handler");
            let monitor = PerfMonitor::global();
            let entry = monitor.operation("work").entry;
            let begins_anew = || {
                forked(|| {
                    is_usable();
                    assert_eq!(count(), 1);
                    at_a_site();
                    assert_eq!(count(), if cfg!(feature = "macros") { 2 } else { 1 });
                });
            };
            monitor.operation("work").measure(|| ());
            at_a_site();
            // Held here they are as good as held by a thread that the child does not have.
            let held = monitor.inner.settings();
            begins_anew();
            drop(held);
            let held = monitor.inner.objectives();
            begins_anew();
            drop(held);
            let held = monitor.inner.reading();
            begins_anew();
            drop(held);
            let held = entry.history();
            begins_anew();
            drop(held);
            let held = entry.pool.hold();
            begins_anew();
            drop(held);
            assert_eq!(count(), if cfg!(feature = "macros") { 2 } else { 1 });
        });
    }
}
