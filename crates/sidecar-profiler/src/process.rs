//! The source for the running process: sysinfo everywhere, procfs beside it on Linux.

use crate::source::{Reading, Source};
use std::io;
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, get_current_pid};

#[cfg(target_os = "linux")]
use crate::{own_threads::OwnThreads, procfs::ProcSelf};

const NANOS_PER_MILLI: u64 = 1_000_000;
const NANOS_PER_SECOND: u64 = 1_000_000_000;

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
        reading.sidecar_cpu_nanos = self.own_threads.update(&mut self.procfs).ok();
    }

    #[cfg(not(target_os = "linux"))]
    fn read_procfs(&mut self, _: &mut Reading) {}
}
