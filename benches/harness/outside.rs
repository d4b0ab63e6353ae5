//! What a process costs, as the kernel tells it to another one.

use std::time::Duration;
use std::{fs, io};

/// How the names of the sidecar's own threads begin.
const OWN: &str = "sidecar-";

/// CPU time that the threads of a process have used since each began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// The threads named `sidecar-..`.
    pub own: Duration,
    /// All others.
    pub others: Duration,
}

impl Used {
    /// What was used since `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        let own = self.own.saturating_sub(before.own);
        Self { own, others: self.others.saturating_sub(before.others) }
    }
}

/// What the threads of this process have used so far. Exact for those that sleep; for one that runs, up to the
/// scheduler's last tick.
///
/// # Errors
/// When there is no such process, or the system is not Linux.
pub fn cpu(process: u32) -> io::Result<Used> {
    let mut used = Used::default();
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let folder = task?.path();
        // A thread may end at any moment.
        let (Ok(name), Ok(times)) =
            (fs::read_to_string(folder.join("comm")), fs::read_to_string(folder.join("schedstat")))
        else {
            continue;
        };
        let on_cpu = Duration::from_nanos(first_number(&times)?);
        let sum = if name.starts_with(OWN) { &mut used.own } else { &mut used.others };
        *sum += on_cpu;
    }
    Ok(used)
}

/// The most memory that the process has had resident, in bytes.
///
/// # Errors
/// When there is no such process, or the system is not Linux.
pub fn peak_resident_bytes(process: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(first_number(line.ok_or_else(|| io::Error::other("no VmHWM"))?)? * 1_024)
}

fn first_number(text: &str) -> io::Result<u64> {
    let number = text.split_whitespace().next().and_then(|word| word.parse().ok());
    number.ok_or_else(|| io::Error::other(format!("no number: {text:?}")))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Instant;

    #[test]
    fn threads_are_told_apart_by_their_names() {
        let before = cpu(std::process::id()).expect("this process runs");
        let (done, is_done) = mpsc::channel();
        let (end, may_end) = mpsc::channel::<()>();
        let burn = move || {
            let start = Instant::now();
            while start.elapsed() < Duration::from_millis(50) {}
            let _ = done.send(());
            let _ = may_end.recv();
        };
        let thread = thread::Builder::new().name("sidecar-burning".to_owned()).spawn(burn).expect("a thread");
        is_done.recv().expect("it says so");
        let enough = |used: Used| used.own > Duration::from_millis(1);
        let start = Instant::now();
        while !enough(cpu(std::process::id()).expect("it runs").since(before)) {
            assert!(start.elapsed() < Duration::from_secs(60), "its time is told");
            thread::yield_now();
        }
        drop(end);
        thread.join().expect("no panic");
        assert!(peak_resident_bytes(std::process::id()).expect("it runs") > 100_000);
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        assert!(cpu(u32::MAX).is_err());
        assert!(peak_resident_bytes(u32::MAX).is_err());
    }
}
