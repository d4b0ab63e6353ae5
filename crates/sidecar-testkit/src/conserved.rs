//! Nothing is lost silently.

use sidecar_observer::{ObserverStats, TypeStats};
use std::fmt::Write as _;

/// Asserts that every event that was offered is accounted for: received = sampled out + dropped + processed + failed +
/// waiting, in all and by type, and dropped ones by reason.
///
/// Takes whatever has `stats()` of an observer - a `Sidecar`, a handle to it, an `Observer` - or such stats themselves.
/// What does not add up is said line by line, followed by the stats; further arguments are a message before it.
///
/// ```
/// use sidecar_observer::{Observer, observe};
/// use sidecar_testkit::assert_conserved;
/// use std::time::Duration;
///
/// let observer = Observer::builder().start()?;
/// observe!(observer, "login", user = "ada");
/// assert_conserved!(observer);
/// assert_eq!(observer.flush(Duration::from_secs(60)).waiting, 0);
/// assert_conserved!(observer.stats(), "after {} login", 1);
/// # Ok::<(), sidecar_observer::StartError>(())
/// ```
#[macro_export]
macro_rules! assert_conserved {
    ($of:expr $(,)?) => {
        $crate::assert_conserved!($of, "events are lost")
    };
    ($of:expr, $($message:tt)+) => {{
        use $crate::__private::AsStats as _;
        // Whoever has `stats()` itself is asked itself; the trait's is for stats.
        let stats = $of.stats();
        if let ::core::result::Result::Err(why) = $crate::__private::check(&stats) {
            ::core::panic!("{}: {}", ::core::format_args!($($message)+), why);
        }
    }};
}

/// Stats are their own stats.
pub trait AsStats {
    /// A copy.
    fn stats(&self) -> ObserverStats;
}

impl AsStats for ObserverStats {
    fn stats(&self) -> ObserverStats {
        self.clone()
    }
}

/// What does not add up, if anything.
///
/// # Errors
/// All of it, in words.
pub fn check(stats: &ObserverStats) -> Result<(), String> {
    let mut wrong = String::new();
    let waiting = stats.queue_size as u64;
    let settled = stats.sampled_out + stats.events_dropped + stats.events_processed + stats.failed;
    if stats.events_received != settled + waiting {
        let _ = writeln!(
            wrong,
            "in all: {} received, but {} sampled out + {} dropped + {} processed + {} failed + {waiting} waiting = {}",
            stats.events_received,
            stats.sampled_out,
            stats.events_dropped,
            stats.events_processed,
            stats.failed,
            settled + waiting,
        );
    }
    let mut sums = [
        ("received", stats.events_received, 0),
        ("sampled out", stats.sampled_out, 0),
        ("dropped", stats.events_dropped, 0),
        ("processed", stats.events_processed, 0),
        ("failed", stats.failed, 0),
    ];
    for (name, row) in &stats.by_type {
        let parts = parts(row);
        sums.iter_mut().zip(parts).for_each(|((.., sum), part)| *sum += part);
        let [received, sampled_out, dropped, processed, failed] = parts;
        let settled = sampled_out + dropped + processed + failed;
        // Which type the waiting ones have is not known; with none waiting, all are settled.
        if settled > received || settled + waiting < received {
            let _ = writeln!(
                wrong,
                "{name}: {received} received, but {sampled_out} sampled out + {dropped} dropped + {processed} \
                 processed + {failed} failed = {settled}, and {waiting} waiting of all types"
            );
        }
    }
    for (what, all, sum) in sums {
        if all != sum {
            let _ = writeln!(wrong, "{what}: {all} in all, but {sum} over all types");
        }
    }
    let by_reason: u64 = stats.dropped.values().sum();
    if stats.events_dropped != by_reason {
        let _ = writeln!(wrong, "dropped: {} in all, but {by_reason} over all reasons", stats.events_dropped);
    }
    for (reason, all) in &stats.dropped {
        let sum: u64 = stats.by_type.values().filter_map(|row| row.dropped.get(reason)).sum();
        if *all != sum {
            let _ = writeln!(wrong, "dropped as {reason}: {all} in all, but {sum} over all types");
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("\n{wrong}{stats:#?}")) }
}

fn parts(row: &TypeStats) -> [u64; 5] {
    [row.received, row.sampled_out, row.dropped.values().sum(), row.processed, row.failed]
}
