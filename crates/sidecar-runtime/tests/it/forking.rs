//! A sidecar in a forked child.

use crate::support::{builder, offer};
use sidecar_harness::process::{alone, forked};
use sidecar_harness::{PATIENCE, eventually};
use sidecar_runtime::observer::{Observed, Reason};
use sidecar_runtime::{Sidecar, observe};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const FORKED: Observed = Observed::Dropped(Reason::Forked);

#[cfg(feature = "http")]
fn serving() -> Sidecar {
    builder().http("127.0.0.1:0").start().expect("valid settings")
}

#[cfg(not(feature = "http"))]
fn serving() -> Sidecar {
    builder().start().expect("valid settings")
}

/// Threads of this process.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("procfs").count()
}

/// Dropped or stopped, the copy returns at once; its handle still answers.
fn ends_at_once(sidecar: Sidecar, stops: bool) {
    let handle = sidecar.handle();
    assert_eq!(observe!(sidecar, "x"), FORKED);
    if stops {
        assert_eq!(sidecar.stop(PATIENCE).dropped, 1);
    } else {
        drop(sidecar);
    }
    assert_eq!(observe!(handle, "x"), FORKED);
    assert_eq!(handle.stats().dropped["forked"], 2);
}

#[test]
fn a_sidecar_that_was_started_before_the_fork_ends_at_once_and_a_new_one_works() {
    alone(
        "forking::a_sidecar_that_was_started_before_the_fork_ends_at_once_and_a_new_one_works",
        &[],
        || {
            let others = threads();
            let mut parent = Some(serving());
            // One that is being started holds locks that a start in the child needs.
            let all_run = || threads() == others + sidecar_core::threads::listed().len();
            eventually("every thread runs", all_run);
            let before = parent.as_ref().expect("started").handle();
            for stops in [true, false] {
                forked(|| {
                    ends_at_once(parent.take().expect("started"), stops);
                    let own = serving();
                    let handled = Arc::new(AtomicU64::new(0));
                    let count = Arc::clone(&handled);
                    own.register_handler("x", move |_| _ = count.fetch_add(1, Relaxed));
                    assert_eq!(offer(|| observe!(own, "x")), Observed::Accepted);
                    eventually("it is handled", || handled.load(Relaxed) == 1);
                    assert_eq!(own.stop(PATIENCE).waiting, 0);
                });
            }
            assert_eq!(offer(|| observe!(before, "x")), Observed::Accepted);
            assert!(before.health().is_ready());
            assert_eq!(parent.take().expect("started").stop(PATIENCE).processed, 1);
            assert_eq!(before.stats().dropped["forked"], 0, "the parent's counts are its own");
        },
    );
}
