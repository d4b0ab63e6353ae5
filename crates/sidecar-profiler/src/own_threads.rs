//! CPU time of the sidecar's own threads, those that have ended included.

use std::collections::HashMap;
use std::io;
use std::mem;

/// Most threads of the process that are looked at; the kernel lists the oldest first.
pub(crate) const MAX_THREADS: usize = 4_096;

/// Every how many readings all names are read anew. In between, a thread that was seen twice keeps the name
/// it had: reading a file costs microseconds, and a host may have thousands of threads.
const RECHECK_EVERY: u64 = 64;

/// A thread gets its name just after it begins, so the first sighting may come too early.
const SIGHTINGS_UNTIL_SETTLED: u8 = 2;

/// The threads of this process.
pub(crate) trait Tasks {
    /// Appends the ids of the threads.
    fn list(&mut self, into: &mut Vec<u32>) -> io::Result<()>;
    /// Whether the thread bears a sidecar's name; `None` if that cannot be read.
    fn is_sidecar(&mut self, thread: u32) -> Option<bool>;
    /// CPU time of the thread; `None` if that cannot be read.
    fn cpu_nanos(&mut self, thread: u32) -> Option<u64>;
}

/// Sums what each thread used since it was read last, so that the end of a thread takes nothing away.
#[derive(Debug, Default)]
pub(crate) struct OwnThreads {
    followed: HashMap<u32, Followed>,
    /// The map of the reading before, empty between readings; kept for its memory.
    former: HashMap<u32, Followed>,
    ids: Vec<u32>,
    readings: u64,
    total_nanos: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Followed {
    sidecar: bool,
    sightings: u8,
    nanos: u64,
}

impl OwnThreads {
    /// Reads all threads and returns the total, which never decreases.
    pub(crate) fn update(&mut self, tasks: &mut impl Tasks) -> io::Result<u64> {
        self.ids.clear();
        tasks.list(&mut self.ids)?;
        self.ids.truncate(MAX_THREADS);
        self.readings += 1;
        let recheck = self.readings.is_multiple_of(RECHECK_EVERY);
        mem::swap(&mut self.followed, &mut self.former);
        for id in &self.ids {
            let mut thread = self.former.remove(id).unwrap_or_default();
            let used = thread.follow(*id, recheck, tasks);
            self.total_nanos = self.total_nanos.saturating_add(used);
            self.followed.insert(*id, thread);
        }
        self.former.clear();
        Ok(self.total_nanos)
    }
}

impl Followed {
    /// What the thread has used since the last call, in nanoseconds.
    ///
    /// A file that cannot be read changes nothing: if the thread has ended it leaves the list, and if not
    /// (the host may be out of file descriptors) its next reading makes up for this one.
    fn follow(&mut self, id: u32, recheck: bool, tasks: &mut impl Tasks) -> u64 {
        self.sightings = self.sightings.saturating_add(1);
        if recheck || self.sightings <= SIGHTINGS_UNTIL_SETTLED {
            self.sidecar = tasks.is_sidecar(id).unwrap_or(self.sidecar);
        }
        if !self.sidecar {
            return 0;
        }
        let Some(nanos) = tasks.cpu_nanos(id) else { return 0 };
        if nanos < self.nanos {
            // Time does not go backwards: the thread has ended and its id belongs to another one.
            *self = Self { sidecar: tasks.is_sidecar(id).unwrap_or(false), sightings: 1, nanos: 0 };
            if !self.sidecar {
                return 0;
            }
        }
        let used = nanos - self.nanos;
        self.nanos = nanos;
        used
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Threads by id: what they are called and have used; `None` for what cannot be read.
    #[derive(Default)]
    struct Fake {
        threads: BTreeMap<u32, (Option<bool>, Option<u64>)>,
        names_read: usize,
    }

    impl Tasks for Fake {
        fn list(&mut self, into: &mut Vec<u32>) -> io::Result<()> {
            into.extend(self.threads.keys());
            Ok(())
        }

        fn is_sidecar(&mut self, thread: u32) -> Option<bool> {
            self.names_read += 1;
            self.threads.get(&thread)?.0
        }

        fn cpu_nanos(&mut self, thread: u32) -> Option<u64> {
            self.threads.get(&thread)?.1
        }
    }

    fn fake(threads: &[(u32, bool, u64)]) -> Fake {
        let threads = threads.iter().map(|(id, sidecar, nanos)| (*id, (Some(*sidecar), Some(*nanos))));
        Fake { threads: threads.collect(), names_read: 0 }
    }

    #[test]
    fn only_the_sidecars_threads_count() {
        let mut own = OwnThreads::default();
        let mut tasks = fake(&[(1, false, 900), (2, true, 40), (3, true, 2)]);
        assert_eq!(own.update(&mut tasks).expect("a list"), 42);
    }

    #[test]
    fn a_thread_that_ends_takes_nothing_away() {
        let mut own = OwnThreads::default();
        own.update(&mut fake(&[(2, true, 40), (3, true, 2)])).expect("a list");
        assert_eq!(own.update(&mut fake(&[(3, true, 5)])).expect("a list"), 45);
        assert_eq!(own.update(&mut fake(&[])).expect("a list"), 45);
        assert!(own.followed.is_empty());
    }

    #[test]
    fn an_id_used_again_counts_from_zero() {
        let mut own = OwnThreads::default();
        own.update(&mut fake(&[(2, true, 40)])).expect("a list");
        assert_eq!(own.update(&mut fake(&[(2, true, 7)])).expect("a list"), 47);
        assert_eq!(own.update(&mut fake(&[(2, false, 3)])).expect("a list"), 47, "now a thread of the host");
        assert_eq!(own.update(&mut fake(&[(2, false, 900)])).expect("a list"), 47);
    }

    #[test]
    fn a_thread_that_cannot_be_read_for_a_while_is_not_counted_twice() {
        let mut own = OwnThreads::default();
        own.update(&mut fake(&[(2, true, 40)])).expect("a list");
        let mut unreadable = fake(&[(2, true, 40)]);
        unreadable.threads.insert(2, (None, None));
        assert_eq!(own.update(&mut unreadable).expect("a list"), 40);
        assert_eq!(own.update(&mut fake(&[(2, true, 50)])).expect("a list"), 50);
    }

    #[test]
    fn a_thread_seen_before_it_has_its_name_counts_in_full() {
        let mut own = OwnThreads::default();
        assert_eq!(own.update(&mut fake(&[(2, false, 3)])).expect("a list"), 0);
        assert_eq!(own.update(&mut fake(&[(2, true, 9)])).expect("a list"), 9);
    }

    #[test]
    fn settled_names_are_read_rarely() {
        let mut own = OwnThreads::default();
        let mut tasks = fake(&[(1, false, 900), (2, true, 40)]);
        (0..RECHECK_EVERY).for_each(|_| drop(own.update(&mut tasks)));
        assert_eq!(tasks.names_read, 2 * (usize::from(SIGHTINGS_UNTIL_SETTLED) + 1));
    }

    #[test]
    fn a_late_name_is_found_at_the_next_recheck() {
        let mut own = OwnThreads::default();
        (1..RECHECK_EVERY).for_each(|_| drop(own.update(&mut fake(&[(2, false, 3)]))));
        assert_eq!(own.update(&mut fake(&[(2, true, 9)])).expect("a list"), 9);
    }

    #[test]
    fn the_number_of_threads_followed_is_bounded() {
        let mut own = OwnThreads::default();
        let threads: Vec<_> = (0..MAX_THREADS as u32 + 10).map(|id| (id, true, 1)).collect();
        assert_eq!(own.update(&mut fake(&threads)).expect("a list"), MAX_THREADS as u64);
        assert_eq!(own.followed.len(), MAX_THREADS);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Work(u32, u32),
        End(u32),
        Unreadable(u32),
        Read,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..5u32, 1..1_000u32).prop_map(|(id, nanos)| Step::Work(id, nanos)),
            (0..5u32).prop_map(Step::End),
            (0..5u32).prop_map(Step::Unreadable),
            Just(Step::Read),
        ]
    }

    proptest! {
        #[test]
        fn the_total_never_falls_and_never_exceeds_the_truth(
            steps in prop::collection::vec(step(), 0..200),
        ) {
            let mut own = OwnThreads::default();
            let (mut used, mut truth, mut before) = (BTreeMap::<u32, u64>::new(), 0, 0);
            let mut unreadable = None;
            for step in steps {
                match step {
                    Step::Work(id, nanos) => {
                        *used.entry(id).or_default() += u64::from(nanos);
                        truth += u64::from(nanos);
                    }
                    Step::End(id) => drop(used.remove(&id)),
                    Step::Unreadable(id) => unreadable = Some(id),
                    Step::Read => {
                        let threads: Vec<_> = used.iter().map(|(id, nanos)| (*id, true, *nanos)).collect();
                        let mut tasks = fake(&threads);
                        if let Some(slot) = unreadable.take().and_then(|id| tasks.threads.get_mut(&id)) {
                            *slot = (None, None);
                        }
                        let total = own.update(&mut tasks).expect("a list");
                        prop_assert!(before <= total && total <= truth, "{} {} {}", before, total, truth);
                        before = total;
                    }
                }
            }
        }
    }
}
