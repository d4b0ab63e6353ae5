//! Where the process spends its CPU time, function by function: taken on demand, for a while.

mod flamegraph;
mod protobuf;
#[cfg(target_os = "linux")]
mod sampling;

use std::fmt;
use std::io;
use std::time::{Duration, SystemTime};

/// Samples per second of CPU time of the process. Not a round number, so that it does not beat with timers.
pub const PROFILE_HERTZ: u32 = 99;
/// Longest time that a profile may take.
pub const MAX_PROFILE_DURATION: Duration = Duration::from_secs(60);

/// Samples of what all threads of the process were doing while they used CPU time.
///
/// # How it works
/// While it is being taken, the kernel interrupts the process with `SIGPROF` [`PROFILE_HERTZ`] times for each second
/// of CPU time that its threads use together; the handler, of the crate `pprof`, walks the stack of the thread that
/// was hit. Threads that wait are not seen. Symbols are looked up at the end, on the calling thread.
///
/// # Risks
/// A signal handler runs in the middle of anything. This is why a profile is for asking a question, not for
/// leaving on:
/// - The handler walks the stack with the system's unwinder, which is not promised to be safe in a signal handler. A
///   thread that is hit while it holds a lock of the dynamic loader (in `dlopen`, or while a panic unwinds) can wait
///   for itself for ever where the unwinder takes that lock too: with a glibc older than 2.35 or a libgcc older
///   than 12, and with musl. Samples that hit libc, libgcc, libpthread or the vdso are left out, which makes it
///   rarer; time within system calls and the allocator is therefore missing where these are shared libraries.
/// - The handler takes several KiB of the stack that it interrupts. A coroutine or thread with a tiny stack can
///   overflow.
/// - A system call may be interrupted: most are restarted, some return `EINTR` (`poll`, `nanosleep` in C code).
/// - `SIGPROF` and `ITIMER_PROF` belong to the profile while it is taken. A handler that the program had installed for
///   the signal is gone, also afterwards: the signal is then ignored.
/// - A child that is forked while one is taken can never take any ([`ProfileError::Forked`]): it has a copy of the
///   sampler at work, and of its lock, which may be held by a thread that did not come along.
/// - Samples that do not fit into memory go to a file in the temporary directory, which stays there when the program
///   ends.
/// - Looking up symbols reads the debug information of the program: seconds of CPU and hundreds of MB for a large
///   one, and some of the memory is kept by the crate `backtrace`. The sidecar's CPU budget pays for it where a
///   thread of the sidecar does it; no account knows of that memory.
pub struct CpuProfile {
    stacks: Vec<Stack>,
    begun: SystemTime,
    duration: Duration,
}

/// Samples that found the same thread in the same place.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Stack {
    pub(crate) thread: String,
    /// The innermost call first.
    pub(crate) frames: Vec<Frame>,
    pub(crate) samples: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Frame {
    pub(crate) function: String,
    pub(crate) symbol: String,
    pub(crate) file: String,
    pub(crate) line: u32,
}

impl CpuProfile {
    /// Takes a profile, which blocks the calling thread for `duration`, up to [`MAX_PROFILE_DURATION`], and then for as
    /// long as it takes to look up symbols. One at a time in a process. About 20 times a second it asks whether to
    /// `go_on`.
    ///
    /// # Errors
    /// When one is being taken already, or was when this process was forked; when the duration is out of its range,
    /// `go_on` said no, or the system does not allow it; everywhere but on Linux.
    pub fn take(duration: Duration, go_on: impl FnMut() -> bool) -> Result<Self, ProfileError> {
        if duration.is_zero() || duration > MAX_PROFILE_DURATION {
            return Err(ProfileError::Duration(duration));
        }
        #[cfg(target_os = "linux")]
        return sampling::take(duration, go_on);
        #[cfg(not(target_os = "linux"))]
        {
            drop(go_on);
            Err(ProfileError::Unsupported)
        }
    }

    /// How many samples there are: none if the process used no CPU time.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.stacks.iter().map(|stack| stack.samples).sum()
    }

    /// The profile in the format of `pprof` (`perftools.profiles.Profile`, not compressed): samples and CPU
    /// nanoseconds, with a label for the thread.
    #[must_use]
    pub fn to_pprof(&self) -> Vec<u8> {
        protobuf::encode(self)
    }

    /// The profile as a flame graph, an SVG image: the wider a call, the more samples were in it.
    ///
    /// # Errors
    /// When the image cannot be made.
    pub fn to_svg(&self) -> io::Result<Vec<u8>> {
        flamegraph::draw(self)
    }
}

impl fmt::Debug for CpuProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CpuProfile")
            .field("samples", &self.samples())
            .field("begun", &self.begun)
            .field("duration", &self.duration)
            .finish_non_exhaustive()
    }
}

/// Why there is no profile.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProfileError {
    /// One is being taken already, in this process.
    Busy,
    /// The duration is zero, or over [`MAX_PROFILE_DURATION`].
    Duration(Duration),
    /// This process is a child that was forked while one was being taken: it can never take any.
    Forked,
    /// The caller did not want to go on.
    Stopped,
    /// Only Linux is supported.
    Unsupported,
    /// The signal handler could not be installed, or the samples could not be kept.
    System(Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("a profile is being taken already"),
            Self::Duration(duration) => {
                write!(f, "a profile cannot take {duration:?}: up to {MAX_PROFILE_DURATION:?} are allowed")
            }
            Self::Forked => {
                f.write_str("no profile can be taken in a process that was forked while one was taken")
            }
            Self::Stopped => f.write_str("the profile was stopped"),
            Self::Unsupported => f.write_str("profiles are taken on Linux only"),
            Self::System(_) => f.write_str("the process could not be sampled"),
        }
    }
}

impl std::error::Error for ProfileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System(error) => Some(&**error),
            _ => None,
        }
    }
}

#[cfg(test)]
pub(crate) fn example() -> CpuProfile {
    let frame = |function: &str, line| Frame {
        function: function.to_owned(),
        symbol: format!("_{function}"),
        file: "main.rs".to_owned(),
        line,
    };
    let stack = |thread: &str, frames, samples| Stack { thread: thread.to_owned(), frames, samples };
    CpuProfile {
        stacks: vec![
            stack("main", vec![frame("leaf", 7), frame("root", 3)], 5),
            stack("main", vec![frame("leaf", 9), frame("root", 3)], 2),
            stack("worker; 1", vec![frame("<T as A>::root", 3)], 300),
        ],
        begun: SystemTime::UNIX_EPOCH + Duration::from_secs(1),
        duration: Duration::from_millis(1_500),
    }
}
