//! The process as the kernel sees it.

use std::fs;

/// Names of the threads that belong to a sidecar.
pub(crate) fn sidecar_threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    let mut names: Vec<_> =
        names.map(|name| name.trim().to_owned()).filter(|name| name.starts_with("sidecar-")).collect();
    names.sort_unstable();
    names
}

/// Memory that is resident, in bytes.
pub(crate) fn rss() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it is told");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
}
