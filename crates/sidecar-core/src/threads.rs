//! Background threads: named for those who look at them, listed so that their CPU time can be summed.
//!
//! The list holds ids, because names do not tell whose a thread is: on Linux a thread without a name of its
//! own inherits that of the thread that starts it, and the first one bears the name of the program.

use crate::fork::Mark;
use arc_swap::ArcSwapOption;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

/// What every background thread's name begins with.
pub const NAME_PREFIX: &str = "sidecar-";

/// Longest role, in bytes: Linux cuts thread names at 15.
pub const MAX_ROLE_BYTES: usize = 7;

/// Most threads that are listed at a time in a process. Those beyond run all the same, and are not counted.
pub const MAX_LISTED: usize = 1_024;

/// A running thread of the sidecar's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Counts the threads of this process, and of those it was forked from: no other one ever has it.
    pub serial: u64,
    /// The kernel's id of the thread, which another one may get after this one has ended.
    pub id: u32,
}

/// Starts a thread named `sidecar-ROLE`, which is [`listed`] while it runs.
///
/// # Errors
/// When the operating system has no room for a thread.
///
/// # Panics
/// When `role` is longer than [`MAX_ROLE_BYTES`]: roles are literals in our own code.
pub fn spawn<T: Send + 'static>(
    role: &'static str,
    f: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    assert!(role.len() <= MAX_ROLE_BYTES, "thread role {role:?} is over {MAX_ROLE_BYTES} bytes");
    Builder::new().name(format!("{NAME_PREFIX}{role}")).spawn(move || {
        list_current();
        f()
    })
}

/// Lists the calling thread until it ends: for threads that a library starts on our behalf. Called again on
/// the same thread it changes nothing.
///
/// Costs the reading of one link. A thread is left out when [`MAX_LISTED`] are there already, and where the
/// kernel does not tell its id: everywhere but on Linux with procfs.
pub fn list_current() {
    // Fails on a thread that is ending, which has nothing left to count.
    let _ = PLACE.try_with(|place| {
        place.get_or_init(|| current_id().and_then(Entry::add));
    });
}

/// The threads that [`spawn`] has started, and those that called [`list_current`], which have not ended; the
/// oldest first. A thread is gone from the list before the kernel can give its id to another one.
#[must_use]
pub fn listed() -> Vec<Listed> {
    let threads = |list: &mut List| list.threads.iter().map(|(&serial, &id)| Listed { serial, id }).collect();
    Process::current().with_list(threads)
}

/// The list of this process. A forked child begins one of its own, without waiting for the lock of the copied one:
/// none of the threads there has come along, and one of them may have held it.
static LIST: ArcSwapOption<Process> = ArcSwapOption::const_empty();

struct Process {
    mark: Mark,
    list: Mutex<List>,
}

impl Process {
    fn current() -> Arc<Self> {
        loop {
            let known = LIST.load();
            if let Some(known) = known.as_ref().filter(|known| !known.mark.is_forked()) {
                return Arc::clone(known);
            }
            let own = Self { mark: Mark::here(), list: Mutex::default() };
            LIST.compare_and_swap(&known, Some(Arc::new(own)));
        }
    }

    fn with_list<T>(&self, f: impl FnOnce(&mut List) -> T) -> T {
        f(&mut self.list.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

thread_local! {
    /// Empty inside on a thread that could not be listed.
    static PLACE: OnceCell<Option<Entry>> = const { OnceCell::new() };
}

/// A thread's entry in the list, taken out when the thread ends, by a panic too.
struct Entry {
    process: Arc<Process>,
    serial: u64,
}

impl Entry {
    fn add(id: u32) -> Option<Self> {
        let process = Process::current();
        let serial = process.with_list(|list| list.add(id))?;
        Some(Self { process, serial })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if !self.process.mark.is_forked() {
            self.process.with_list(|list| list.threads.remove(&self.serial));
        }
    }
}

#[derive(Default)]
struct List {
    threads: BTreeMap<u64, u32>,
}

impl List {
    fn add(&mut self, id: u32) -> Option<u64> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        if self.threads.len() >= MAX_LISTED {
            return None;
        }
        // Relaxed: only uniqueness matters, also in a child, which has a copy.
        let serial = NEXT.fetch_add(1, Relaxed);
        self.threads.insert(serial, id);
        Some(serial)
    }
}

/// The link reads `PROCESS/task/THREAD`: proc(5).
#[cfg(target_os = "linux")]
fn current_id() -> Option<u32> {
    std::fs::read_link("/proc/thread-self").ok()?.file_name()?.to_str()?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
fn current_id() -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_carries_prefix_and_role() {
        let handle = spawn("test", || std::thread::current().name().map(str::to_owned)).expect("a thread");
        assert_eq!(handle.join().expect("no panic").as_deref(), Some("sidecar-test"));
    }

    #[test]
    #[should_panic(expected = "over 7 bytes")]
    fn a_role_that_linux_would_cut_is_refused() {
        let _ = spawn("far-too-long", || ());
    }

    #[test]
    fn the_list_is_bounded_and_a_place_that_is_given_back_is_used_again() {
        let mut list = List::default();
        let serials: Vec<_> = (0..MAX_LISTED as u32).filter_map(|id| list.add(id)).collect();
        assert_eq!((serials.len(), list.add(7_000)), (MAX_LISTED, None));
        list.threads.remove(&serials[3]);
        assert!(list.add(7_000) > serials.last().copied(), "serials are never used again");
    }

    #[cfg(target_os = "linux")]
    mod linux {
        use super::*;

        /// The calling thread's entry.
        fn own() -> Option<Listed> {
            let id = current_id().expect("procfs");
            listed().into_iter().find(|thread| thread.id == id)
        }

        fn is_there(thread: Listed) -> bool {
            listed().contains(&thread)
        }

        #[test]
        fn a_thread_is_listed_while_it_runs() {
            let thread = spawn("test", || own().expect("listed")).expect("a thread");
            let thread = thread.join().expect("no panic");
            assert!(!is_there(thread));
        }

        #[test]
        fn a_thread_that_panics_is_listed_no_longer() {
            let (told, tells) = std::sync::mpsc::channel();
            let thread = spawn("test", move || {
                told.send(own().expect("listed")).expect("a receiver");
                panic!("the thread panics");
            });
            let thread = thread.expect("a thread").join();
            assert!(thread.is_err() && !is_there(tells.recv().expect("sent")));
        }

        #[cfg(feature = "fork")]
        #[test]
        fn a_child_lists_its_own_threads_though_the_list_was_taken() {
            // Alone: a thread that starts or ends holds locks of the standard library's that a start in the child needs.
            sidecar_harness::process::alone(
                "threads::tests::linux::a_child_lists_its_own_threads_though_the_list_was_taken",
                &[],
                || {
                    crate::fork::watch().expect("memory for a handler");
                    let parents = Process::current();
                    let serial = spawn("test", || own().expect("listed").serial).expect("a thread").join();
                    // As if another thread of the parent's were at it.
                    parents.with_list(|_| {
                        sidecar_harness::process::forked(|| {
                            assert_eq!(listed(), []);
                            let thread = spawn("test", || (own(), listed())).expect("a thread");
                            let (own, all) = thread.join().expect("no panic");
                            let own = own.expect("listed");
                            assert_eq!(all, [own]);
                            assert!(own.serial > serial.expect("no panic"));
                        });
                    });
                },
            );
        }

        #[test]
        fn a_thread_of_the_hosts_is_not_listed_whatever_its_name() {
            let begun_by_ours = spawn("test", || std::thread::spawn(own).join().expect("no panic"));
            assert_eq!(begun_by_ours.expect("a thread").join().expect("no panic"), None);
            let alike = Builder::new().name(format!("{NAME_PREFIX}host")).spawn(own);
            assert_eq!(alike.expect("a thread").join().expect("no panic"), None);
        }

        #[test]
        fn a_thread_that_a_library_started_can_list_itself_and_is_listed_once() {
            let thread = std::thread::spawn(|| {
                list_current();
                list_current();
                let id = current_id();
                let places = listed().into_iter().filter(|thread| Some(thread.id) == id).count();
                (places, own().expect("listed"))
            });
            let (places, thread) = thread.join().expect("no panic");
            assert_eq!(places, 1);
            assert!(!is_there(thread));
        }
    }
}
