//! The figures of one reading.

use std::time::SystemTime;

/// What one megabyte is here: 1 048 576 bytes.
pub const BYTES_PER_MB: u64 = 1_024 * 1_024;

/// What the process uses, and the sidecar's own share of it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// When it was read.
    #[cfg_attr(feature = "serde", serde(serialize_with = "rfc3339"))]
    pub time: SystemTime,
    /// CPU use of the process between the last two readings of the history, in percent of one core: two busy
    /// cores are 200. After the first reading: the average since the process began. NaN if nothing could be
    /// read yet.
    pub cpu_percent: f64,
    /// Resident memory of the process, in MB of [`BYTES_PER_MB`]. NaN if nothing could be read yet.
    pub memory_mb: f64,
    /// Threads of the process. `None` where the system does not tell: everywhere but on Linux.
    pub thread_count: Option<u64>,
    /// CPU time of the process since it began, in seconds.
    pub cpu_seconds: f64,
    /// Resident memory of the process, in bytes.
    pub memory_bytes: u64,
    /// The most resident memory the process has had, in bytes: the kernel's record on Linux, elsewhere the
    /// most that was seen at a reading.
    pub peak_memory_bytes: u64,
    /// How many cores' worth of CPU time the control group of the process may use: the lowest limit of its own group
    /// and of the ancestors that are visible. `None` without a limit, and everywhere but on Linux.
    pub cgroup_cpu_limit_cores: Option<f64>,
    /// How much memory the control group of the process may use, in bytes. `None` as above.
    pub cgroup_memory_limit_bytes: Option<u64>,
    /// Readings that failed, and accounts and charges that panicked while being read, since the start.
    pub failed_readings: u64,
    /// The sidecar's own share.
    pub own: OwnShare,
}

/// What the sidecar itself uses: its threads, the memory accounted for, and the cost charged to its callers.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct OwnShare {
    /// CPU use between the last two readings of the history, in percent of one core. After the first reading:
    /// the average since the process began.
    pub cpu_percent: f64,
    /// Accounted memory, in MB of [`BYTES_PER_MB`].
    pub memory_mb: f64,
    /// CPU time of the threads and of all charges, in seconds. Never decreases.
    pub cpu_seconds: f64,
    /// Accounted memory, in bytes; the profiler's own history is among it.
    pub memory_bytes: u64,
    /// CPU time of the sidecar's threads, ended ones included, in seconds. `None` where the system does not
    /// tell: everywhere but on Linux.
    pub threads_cpu_seconds: Option<f64>,
    /// CPU time charged by [`Profiler::charge`](crate::Profiler::charge), in seconds.
    pub charged_cpu_seconds: f64,
}

impl Snapshot {
    /// Nothing was read yet.
    pub(crate) fn unread(time: SystemTime) -> Self {
        Self {
            time,
            cpu_percent: f64::NAN,
            memory_mb: f64::NAN,
            thread_count: None,
            cpu_seconds: 0.0,
            memory_bytes: 0,
            peak_memory_bytes: 0,
            cgroup_cpu_limit_cores: None,
            cgroup_memory_limit_bytes: None,
            failed_readings: 0,
            own: OwnShare::default(),
        }
    }
}

pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / BYTES_PER_MB as f64
}

pub(crate) fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// `nanos` of CPU time within `span` nanoseconds, in percent of one core.
pub(crate) fn percent(nanos: u64, span: u64) -> f64 {
    if span == 0 { 0.0 } else { nanos as f64 * 100.0 / span as f64 }
}

#[cfg(feature = "serde")]
fn rfc3339<S: serde::Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&sidecar_core::timestamp::rfc3339(*time))
}
