//! Taking samples on Linux, with the signal handler of `pprof`.

use super::{CpuProfile, Frame, PROFILE_HERTZ, ProfileError, Stack};
use pprof::{ProfilerGuard, ProfilerGuardBuilder, Report};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
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

/// The timer and the signal are the process's.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

struct Turn;

impl Turn {
    fn take() -> Option<Self> {
        (!IS_TAKEN.swap(true, SeqCst)).then_some(Self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        IS_TAKEN.store(false, SeqCst);
    }
}

pub(super) fn take(duration: Duration, mut go_on: impl FnMut() -> bool) -> Result<CpuProfile, ProfileError> {
    let _turn = Turn::take().ok_or(ProfileError::Busy)?;
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
