//! What Linux tells about this process under `/proc/self`, and nothing that a file could make panic.
//!
//! Formats: proc_pid_status(5), and the kernel's `Documentation/scheduler/sched-stats.rst`
//! for `schedstat`.

use std::fs;
use std::path::PathBuf;

/// Reads the files of one process.
pub(crate) struct ProcSelf {
    root: PathBuf,
}

/// What is used of `/proc/self/status`. A line that is missing or malformed is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) threads: Option<u64>,
    pub(crate) peak_resident_bytes: Option<u64>,
}

impl Default for ProcSelf {
    fn default() -> Self {
        Self { root: PathBuf::from("/proc/self") }
    }
}

impl ProcSelf {
    #[cfg(test)]
    pub(crate) fn at(root: &std::path::Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn status(&self) -> Status {
        fs::read(self.root.join("status")).map(|text| parse_status(&text)).unwrap_or_default()
    }

    /// CPU time of a thread of the process; `None` if that cannot be read.
    pub(crate) fn cpu_nanos(&self, thread: u32) -> Option<u64> {
        parse_schedstat(&fs::read(self.root.join(format!("task/{thread}/schedstat"))).ok()?)
    }
}

/// The first of three numbers: nanoseconds on a CPU. The other two (nanoseconds of waiting, time slices)
/// must be there, so that a text cut short is not taken for a smaller number.
fn parse_schedstat(text: &[u8]) -> Option<u64> {
    let mut numbers = std::str::from_utf8(text).ok()?.split_ascii_whitespace().map(str::parse::<u64>);
    let on_cpu = numbers.next()?.ok()?;
    numbers.next()?.ok()?;
    numbers.next()?.ok()?;
    Some(on_cpu)
}

fn parse_status(text: &[u8]) -> Status {
    let mut status = Status::default();
    // Line by line: the name of the process, in the first one, may be any bytes.
    for line in text.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok()) {
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("Threads:") => status.threads = number(words.next()),
            Some("VmHWM:") => {
                let kibibytes = number(words.next());
                let unit_is_known = words.next() == Some("kB");
                status.peak_resident_bytes =
                    kibibytes.filter(|_| unit_is_known).and_then(|count| count.checked_mul(1_024));
            }
            _ => {}
        }
    }
    status
}

fn number(word: Option<&str>) -> Option<u64> {
    word?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_status_file_gives_threads_and_peak() {
        let text = b"Name:\t\xff Threads: 9\nVmHWM:\t   33048 kB\nVmRSS:\t   31256 kB\nThreads:\t12\n";
        let expected = Status { threads: Some(12), peak_resident_bytes: Some(33_048 * 1_024) };
        assert_eq!(parse_status(text), expected);
    }

    #[test]
    fn malformed_lines_give_nothing() {
        for text in
            ["", "Threads:", "Threads:\t-1", "VmHWM:\t12", "VmHWM:\t12 MB", "VmHWM:\t99999999999999999999 kB"]
        {
            assert_eq!(parse_status(text.as_bytes()), Status::default(), "{text:?}");
        }
        let overflowing = format!("VmHWM: {} kB", u64::MAX);
        assert_eq!(parse_status(overflowing.as_bytes()), Status::default());
    }

    #[test]
    fn a_schedstat_that_is_cut_short_gives_nothing() {
        assert_eq!(parse_schedstat(b"812949094 4171739 24\n"), Some(812_949_094));
        for text in ["", "8129", "8129 417", "x 1 2", "1 x 2", "1 2 x", "-1 2 3", "99999999999999999999 1 2"]
        {
            assert_eq!(parse_schedstat(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn files_that_are_not_there_give_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let absent = ProcSelf { root: folder.path().join("absent") };
        assert_eq!((absent.status(), absent.cpu_nanos(17)), (Status::default(), None));

        let vanishing = ProcSelf { root: folder.path().to_owned() };
        fs::create_dir_all(folder.path().join("task/17")).expect("a folder");
        fs::create_dir_all(folder.path().join("task/18")).expect("a folder");
        fs::write(folder.path().join("task/18/schedstat"), "5 6 7\n").expect("a file");
        assert_eq!((vanishing.cpu_nanos(17), vanishing.cpu_nanos(18)), (None, Some(5)));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parsers_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
            parse_schedstat(&text);
            parse_status(&text);
        }

        #[test]
        fn what_looks_like_a_file_does_not_either(
            text in "((Threads|VmHWM|VmRSS|Name):?[\t ]{0,3}[-0-9]{0,25}[\t ]?(kB|MB)?\n?){0,5}",
        ) {
            parse_status(text.as_bytes());
        }

        #[test]
        fn whatever_the_kernel_counts_is_read_back(on_cpu: u64, waiting: u64, slices: u64, threads: u64) {
            let schedstat = format!("{on_cpu} {waiting} {slices}\n");
            prop_assert_eq!(parse_schedstat(schedstat.as_bytes()), Some(on_cpu));
            let status = format!("Name:\tx\nVmHWM:\t{} kB\nThreads:\t{threads}\n", waiting >> 10);
            let expected = Status { threads: Some(threads), peak_resident_bytes: Some(waiting >> 10 << 10) };
            prop_assert_eq!(parse_status(status.as_bytes()), expected);
        }
    }
}
