//! Where the figures come from.

use std::io;

/// Reads what the process has used so far. The profiler brings its own; tests bring scripted ones.
pub trait Source: Send {
    /// Reads once. Called once per interval and for each [`refresh`](crate::Profiler::refresh), never from two
    /// threads at a time.
    ///
    /// # Errors
    /// When the figures cannot be had; the profiler then keeps those it has and counts the failure.
    fn read(&mut self) -> io::Result<Reading>;
}

/// What a [`Source`] read: totals since the process began, from which the profiler makes rates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// CPU time of the process, in nanoseconds, all threads together, ended ones included.
    pub cpu_nanos: u64,
    /// Age of the process, in nanoseconds.
    pub age_nanos: u64,
    /// Resident memory of the process, in bytes.
    pub resident_bytes: u64,
    /// The most resident memory the process has had, in bytes, where the system keeps it.
    pub peak_resident_bytes: Option<u64>,
    /// Threads of the process, where the system tells.
    pub thread_count: Option<u64>,
    /// CPU time of the sidecar's threads, in nanoseconds, ended ones included, where the system tells. `None` means no
    /// news: what was read earlier stays counted.
    pub sidecar_cpu_nanos: Option<u64>,
    /// CPU time that the control group of the process may use within a second, in nanoseconds: two cores are
    /// 2 000 000 000. `None` without such a limit.
    pub cgroup_cpu_nanos_per_second: Option<u64>,
    /// Memory that the control group of the process may use, in bytes. `None` without such a limit.
    pub cgroup_memory_bytes: Option<u64>,
}
