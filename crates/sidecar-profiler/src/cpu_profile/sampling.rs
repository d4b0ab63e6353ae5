//! Taking samples on Linux, with the signal handler of `pprof`.

use super::{CpuProfile, Frame, PROFILE_HERTZ, ProfileError, Stack};
use parking_lot::Mutex;
use pprof::{ProfilerGuard, ProfilerGuardBuilder, Report};
use sidecar_core::fork::{self, Mark};
use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// How often the caller is asked whether to go on.
const STEP: Duration = Duration::from_millis(50);

/// Where the unwinder, which is used in the handler, may hold its locks.
#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64",
    target_arch = "loongarch64"
))]
const LEFT_OUT: [&str; 4] = ["libc", "libgcc", "pthread", "vdso"];

/// In which process one is being taken. The timer and the signal are the process's.
///
/// Nobody waits for it: in a forked child it may be held for ever.
static TAKEN_IN: Mutex<Option<Mark>> = Mutex::new(None);

struct Turn;

impl Turn {
    fn take() -> Result<Self, ProfileError> {
        // Before the mark, which tells nothing of forks that came earlier.
        fork::watch().map_err(|error| ProfileError::System(Box::new(error)))?;
        let mut taken_in = TAKEN_IN.try_lock().ok_or(ProfileError::Busy)?;
        match *taken_in {
            // `pprof` was copied while it was at work, and stays so: the thread that would end it is not here. Its lock
            // may be held for ever, and is a spinning one, so that not even asking it is safe.
            Some(mark) if mark.is_forked() => Err(ProfileError::Forked),
            Some(_) => Err(ProfileError::Busy),
            None => {
                *taken_in = Some(Mark::here());
                Ok(Self)
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *TAKEN_IN.lock() = None;
    }
}

pub(super) fn take(duration: Duration, mut go_on: impl FnMut() -> bool) -> Result<CpuProfile, ProfileError> {
    let _turn = Turn::take()?;
    let begun = SystemTime::now();
    let guard = begin()?;
    let start = Instant::now();
    while start.elapsed() < duration {
        if !go_on() {
            return Err(ProfileError::Stopped);
        }
        thread::sleep(STEP.min(duration.saturating_sub(start.elapsed())));
    }
    let duration = start.elapsed();
    let report = guard.report().build().map_err(system)?;
    drop(guard);
    Ok(CpuProfile { stacks: stacks(report), begun, duration })
}

fn begin() -> Result<ProfilerGuard<'static>, ProfileError> {
    // The file for samples was made when the last profile ended: a parent or child may have it too, and whoever uses it
    // first removes it. At this end it is made anew.
    drop(sampler()?);
    sampler()
}

fn sampler() -> Result<ProfilerGuard<'static>, ProfileError> {
    let hertz = i32::try_from(PROFILE_HERTZ).unwrap_or(i32::MAX);
    let builder = ProfilerGuardBuilder::default().frequency(hertz);
    #[cfg(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64",
        target_arch = "loongarch64"
    ))]
    let builder = builder.blocklist(&LEFT_OUT);
    builder.build().map_err(|error| match error {
        // The program uses the crate too.
        pprof::Error::Running => ProfileError::Busy,
        error => system(error),
    })
}

fn system(error: pprof::Error) -> ProfileError {
    ProfileError::System(Box::new(error))
}

/// Puts together what differs only in the time of the sample.
fn stacks(report: Report) -> Vec<Stack> {
    let mut samples = HashMap::<(String, Vec<Frame>), u64>::new();
    for (sample, count) in report.data {
        let calls = sample.frames.iter().flatten().map(|symbol| Frame {
            function: symbol.name(),
            symbol: symbol.sys_name().into_owned(),
            file: symbol.filename().into_owned(),
            line: symbol.lineno(),
        });
        let key = (sample.thread_name_or_id(), calls.collect());
        *samples.entry(key).or_default() += u64::try_from(count).unwrap_or(0);
    }
    let stack = |((thread, frames), samples)| Stack { thread, frames, samples };
    let mut stacks: Vec<Stack> = samples.into_iter().map(stack).collect();
    stacks.sort_unstable();
    stacks
}
