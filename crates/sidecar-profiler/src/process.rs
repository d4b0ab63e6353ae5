//! The source for the running process: sysinfo everywhere, procfs beside it on Linux.

use crate::source::{Reading, Source};
use std::io;
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, get_current_pid};

#[cfg(target_os = "linux")]
use crate::cgroup::{Cgroups, Limits};
#[cfg(target_os = "linux")]
use crate::{own_threads::OwnThreads, procfs::ProcSelf};
#[cfg(target_os = "linux")]
use sidecar_core::threads;
#[cfg(target_os = "linux")]
use std::time::{Duration, Instant};

const NANOS_PER_MILLI: u64 = 1_000_000;
const NANOS_PER_SECOND: u64 = 1_000_000_000;
/// How old the limits of control groups may be: they change rarely, and finding them takes many files.
#[cfg(target_os = "linux")]
const LIMITS_AGE: Duration = Duration::from_secs(30);

/// Reads the process it runs in.
///
/// One `System` for all readings and no tasks: rebuilding it, or reading the tasks, makes a reading several
/// times as expensive. Of sysinfo's CPU figures the accumulated time is used and not the percentage, which
/// goes wrong when two readings are less than 200 ms apart.
#[derive(Default)]
pub(crate) struct ProcessSource {
    system: Option<System>,
    #[cfg(target_os = "linux")]
    procfs: ProcSelf,
    #[cfg(target_os = "linux")]
    own_threads: OwnThreads,
    #[cfg(target_os = "linux")]
    cgroups: Cgroups,
    #[cfg(target_os = "linux")]
    limits: Option<(Instant, Limits)>,
}

impl Source for ProcessSource {
    fn read(&mut self) -> io::Result<Reading> {
        let mut reading = self.read_process()?;
        self.read_procfs(&mut reading);
        Ok(reading)
    }
}

impl ProcessSource {
    fn read_process(&mut self) -> io::Result<Reading> {
        // Asked each time: a forked child must not go on reading its parent.
        let pid = get_current_pid().map_err(io::Error::other)?;
        let system = match &mut self.system {
            Some(system) => system,
            none => none.insert(System::new().map_err(io::Error::other)?),
        };
        let wanted = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
        let updated = system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, wanted);
        let process = system.process(pid).filter(|_| updated > 0);
        let process = process.ok_or_else(|| io::Error::other("the process cannot be read"))?;
        Ok(Reading {
            cpu_nanos: process.accumulated_cpu_time().saturating_mul(NANOS_PER_MILLI),
            // Whole seconds; a process younger than one counts as one second old.
            age_nanos: process.run_time().max(1).saturating_mul(NANOS_PER_SECOND),
            resident_bytes: process.memory(),
            ..Reading::default()
        })
    }

    #[cfg(target_os = "linux")]
    fn read_procfs(&mut self, reading: &mut Reading) {
        let status = self.procfs.status();
        reading.thread_count = status.threads;
        reading.peak_resident_bytes = status.peak_resident_bytes;
        let total = self.own_threads.update(&threads::listed(), |thread| self.procfs.cpu_nanos(thread));
        reading.sidecar_cpu_nanos = Some(total);
        let limits = self.limits(Instant::now());
        reading.cgroup_cpu_nanos_per_second = limits.cpu_nanos_per_second;
        reading.cgroup_memory_bytes = limits.memory_bytes;
    }

    #[cfg(target_os = "linux")]
    fn limits(&mut self, now: Instant) -> Limits {
        match self.limits {
            Some((at, limits)) if now.saturating_duration_since(at) < LIMITS_AGE => limits,
            _ => self.limits.insert((now, self.cgroups.limits())).1,
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn read_procfs(&mut self, _: &mut Reading) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;
    use std::sync::mpsc;

    /// A process of which only the CPU time of its threads can be read, from files of the test's.
    struct Scene {
        folder: tempfile::TempDir,
        source: ProcessSource,
    }

    impl Scene {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let procfs = ProcSelf::at(folder.path());
            Self { folder, source: ProcessSource { procfs, ..ProcessSource::default() } }
        }

        /// The folder that the kernel would have for a thread.
        fn thread(&self, id: &str) -> std::path::PathBuf {
            self.folder.path().join("task").join(id)
        }

        fn uses(&self, id: &str, nanos: u64) {
            fs::create_dir_all(self.thread(id)).expect("a folder");
            fs::write(self.thread(id).join("comm"), "sidecar-work\n").expect("a file");
            fs::write(self.thread(id).join("schedstat"), format!("{nanos} 0 1\n")).expect("a file");
        }

        fn reads(&mut self) -> Option<u64> {
            let mut reading = Reading::default();
            self.source.read_procfs(&mut reading);
            reading.sidecar_cpu_nanos
        }
    }

    /// Runs `f` with the id of a thread that [`threads::spawn`] started and that waits meanwhile.
    fn beside_a_listed_thread(f: impl FnOnce(&str)) {
        let ((told, tells), (stop, stopped)) = (mpsc::channel(), mpsc::channel::<()>());
        let thread = threads::spawn("test", move || {
            let link = fs::read_link("/proc/thread-self").expect("procfs");
            told.send(link.file_name().map(Path::new).expect("an id").to_owned()).expect("a receiver");
            let _ = stopped.recv();
        });
        let thread = thread.expect("a thread");
        f(tells.recv().expect("sent").to_str().expect("digits"));
        drop(stop);
        thread.join().expect("no panic");
    }

    #[test]
    fn a_thread_that_merely_bears_the_name_is_not_the_sidecars() {
        beside_a_listed_thread(|id| {
            let mut scene = Scene::new();
            scene.uses("1", 900);
            assert_eq!(scene.reads(), Some(0), "whoever started it had the name before");
            scene.uses(id, 40);
            assert_eq!(scene.reads(), Some(40));
        });
    }

    #[test]
    fn limits_are_read_anew_when_they_are_old() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        write("proc/self/cgroup", "0::/\n");
        write("proc/self/mountinfo", "30 23 0:26 / /cgroup rw - cgroup2 cgroup2 rw\n");
        write("cgroup/memory.max", "1000\n");
        let cgroups = Cgroups::at(folder.path());
        let mut source = ProcessSource { cgroups, ..ProcessSource::default() };
        let begin = Instant::now();
        assert_eq!(source.limits(begin).memory_bytes, Some(1_000));
        write("cgroup/memory.max", "2000\n");
        assert_eq!(source.limits(begin + LIMITS_AGE / 2).memory_bytes, Some(1_000));
        assert_eq!(source.limits(begin + LIMITS_AGE).memory_bytes, Some(2_000));

        let mut reading = Reading::default();
        source.read_procfs(&mut reading);
        assert_eq!((reading.cgroup_memory_bytes, reading.cgroup_cpu_nanos_per_second), (Some(2_000), None));
    }

    #[test]
    fn a_thread_that_the_kernel_skips_for_a_while_is_not_counted_twice() {
        beside_a_listed_thread(|id| {
            let mut scene = Scene::new();
            scene.uses(id, 40);
            assert_eq!(scene.reads(), Some(40));
            fs::remove_dir_all(scene.thread(id)).expect("removed");
            assert_eq!(scene.reads(), Some(40));
            scene.uses(id, 50);
            assert_eq!(scene.reads(), Some(50));
        });
    }
}
