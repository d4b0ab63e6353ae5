//! CPU time of the sidecar's own threads, those that have ended included.

use sidecar_core::threads::Listed;
use std::collections::HashMap;

/// Sums what each thread used since it was read last, so that the end of a thread takes nothing away.
#[derive(Debug, Default)]
pub(crate) struct OwnThreads {
    /// What each listed thread had used when it was read last, by serial.
    nanos: HashMap<u64, u64>,
    total_nanos: u64,
}

impl OwnThreads {
    /// Reads the CPU time of `threads`, sorted by serial, and returns the total, which never decreases.
    ///
    /// A thread that cannot be read keeps its place while it is listed: its next reading makes up for this one.
    pub(crate) fn update(
        &mut self,
        threads: &[Listed],
        mut cpu_nanos: impl FnMut(u32) -> Option<u64>,
    ) -> u64 {
        self.nanos.retain(|serial, _| threads.binary_search_by_key(serial, |thread| thread.serial).is_ok());
        for thread in threads {
            let Some(nanos) = cpu_nanos(thread.id) else { continue };
            let before = self.nanos.entry(thread.serial).or_default();
            self.total_nanos = self.total_nanos.saturating_add(nanos.saturating_sub(*before));
            *before = nanos.max(*before);
        }
        self.total_nanos
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Reads threads given as serial, id and CPU time; without a time, the thread cannot be read.
    fn update(own: &mut OwnThreads, threads: &[(u64, u32, Option<u64>)]) -> u64 {
        let listed: Vec<Listed> = threads.iter().map(|&(serial, id, _)| Listed { serial, id }).collect();
        own.update(&listed, |id| threads.iter().find(|thread| thread.1 == id)?.2)
    }

    #[test]
    fn what_a_thread_has_used_is_counted_once() {
        let mut own = OwnThreads::default();
        assert_eq!(update(&mut own, &[(0, 2, Some(40)), (1, 3, Some(2))]), 42);
        assert_eq!(update(&mut own, &[(0, 2, Some(45)), (1, 3, Some(2))]), 47);
    }

    #[test]
    fn a_thread_that_ends_takes_nothing_away() {
        let mut own = OwnThreads::default();
        update(&mut own, &[(0, 2, Some(40)), (1, 3, Some(2))]);
        assert_eq!(update(&mut own, &[(1, 3, Some(5))]), 45);
        assert_eq!(update(&mut own, &[]), 45);
        assert!(own.nanos.is_empty());
    }

    #[test]
    fn an_id_used_again_counts_from_zero_even_if_the_new_thread_has_used_more() {
        let mut own = OwnThreads::default();
        update(&mut own, &[(0, 2, Some(40))]);
        assert_eq!(update(&mut own, &[(1, 2, Some(7))]), 47);
        assert_eq!(update(&mut own, &[(2, 2, Some(90))]), 137);
    }

    #[test]
    fn a_thread_that_cannot_be_read_for_a_while_is_not_counted_twice() {
        let mut own = OwnThreads::default();
        update(&mut own, &[(0, 2, Some(40))]);
        for _ in 0..10 {
            assert_eq!(update(&mut own, &[(0, 2, None)]), 40);
        }
        assert_eq!(update(&mut own, &[(0, 2, Some(50))]), 50);
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
        fn the_total_is_the_truth_of_the_readings(steps in prop::collection::vec(step(), 0..200)) {
            let mut own = OwnThreads::default();
            // By id: the serial, the time used so far, and the time at the last reading.
            let mut running = BTreeMap::<u32, (u64, u64, u64)>::new();
            let (mut serials, mut expected, mut unreadable) = (0.., 0, None);
            for step in steps {
                match step {
                    Step::Work(id, nanos) => {
                        let fresh = || (serials.next().unwrap_or(0), 0, 0);
                        running.entry(id).or_insert_with(fresh).1 += u64::from(nanos);
                    }
                    Step::End(id) => drop(running.remove(&id)),
                    Step::Unreadable(id) => unreadable = Some(id),
                    Step::Read => {
                        let hidden = unreadable.take();
                        let mut threads = Vec::new();
                        for (&id, (serial, used, read)) in &mut running {
                            let readable = hidden != Some(id);
                            if readable {
                                expected += *used - *read;
                                *read = *used;
                            }
                            threads.push((*serial, id, readable.then_some(*used)));
                        }
                        threads.sort_unstable();
                        prop_assert_eq!(update(&mut own, &threads), expected);
                    }
                }
            }
        }
    }
}
