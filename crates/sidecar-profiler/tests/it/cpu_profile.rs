//! Profiles of this very process: what it does shows, one at a time.

use sidecar_harness::process::{alone, forked};
use sidecar_harness::{Gate, PATIENCE, eventually};
use sidecar_profiler::{CpuProfile, MAX_PROFILE_DURATION, ProfileError};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// There is one profile at a time in a process.
static ONE: Mutex<()> = Mutex::new(());

#[inline(never)]
fn turns_in_circles(stop: &AtomicBool) -> u64 {
    let mut sum = 0_u64;
    while !stop.load(SeqCst) {
        for n in 0..10_000 {
            sum = black_box(sum.wrapping_mul(31).wrapping_add(n));
        }
    }
    sum
}

/// Runs `f` while a thread of that name is busy.
fn beside_a_busy_thread<T>(f: impl FnOnce() -> T) -> T {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let busy = thread::Builder::new().name("circler".to_owned());
    let busy = busy.spawn(move || turns_in_circles(&stopped)).expect("a thread");
    let result = f();
    stop.store(true, SeqCst);
    busy.join().expect("no panic");
    result
}

#[test]
fn a_busy_function_is_in_the_profile_by_name() {
    let _alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let profile = beside_a_busy_thread(|| {
        // Until the thread has had its share of a busy machine.
        let begun = Instant::now();
        loop {
            let profile = CpuProfile::take(Duration::from_secs(1), || true).expect("a profile");
            let image = String::from_utf8(profile.to_svg().expect("an image")).expect("text");
            if image.contains("turns_in_circles") || begun.elapsed() > PATIENCE {
                break profile;
            }
        }
    });
    let samples = profile.samples();
    assert!(samples > 0);
    let image = String::from_utf8(profile.to_svg().expect("an image")).expect("text");
    assert!(image.contains("turns_in_circles") && image.contains("circler"), "{samples} samples");
    let bytes = profile.to_pprof();
    let holds = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds("turns_in_circles") && holds("circler") && holds("cpu_profile.rs"));
}

#[test]
fn a_second_one_at_a_time_is_refused_and_a_later_one_is_not() {
    let _alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut asked = 0;
    let first = CpuProfile::take(Duration::from_secs(60), || {
        asked += 1;
        let second = CpuProfile::take(Duration::from_millis(1), || true);
        assert!(matches!(second, Err(ProfileError::Busy)), "{second:?}");
        asked < 3
    });
    assert!(matches!(first, Err(ProfileError::Stopped)), "{first:?}");
    assert_eq!(asked, 3);
    eventually("the next one is taken", || CpuProfile::take(Duration::from_millis(1), || true).is_ok());
}

#[test]
fn a_child_forked_meanwhile_is_told_that_it_can_take_none() {
    let name = "cpu_profile::a_child_forked_meanwhile_is_told_that_it_can_take_none";
    alone(name, &[], || {
        let take = || CpuProfile::take(Duration::from_millis(1), || true);
        let gate = Gate::default();
        let inside = gate.clone();
        let first = thread::spawn(move || {
            CpuProfile::take(Duration::from_secs(60), || {
                inside.enter();
                false
            })
        });
        gate.wait_until_held();
        forked(|| {
            assert!(matches!(take(), Err(ProfileError::Forked)));
            forked(|| assert!(matches!(take(), Err(ProfileError::Forked))));
        });
        assert!(matches!(take(), Err(ProfileError::Busy)), "this process is the one that takes it");
        gate.open();
        assert!(matches!(first.join().expect("no panic"), Err(ProfileError::Stopped)));
        forked(|| drop(take().expect("a profile")));
        take().expect("a profile");
    });
}

#[test]
fn a_panic_in_the_question_ends_the_profile_and_not_those_to_come() {
    let _alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let panics = || CpuProfile::take(Duration::from_secs(1), || panic!("while it is taken"));
    assert!(std::panic::catch_unwind(panics).is_err());
    CpuProfile::take(Duration::from_millis(1), || true).expect("a profile");
}

#[test]
fn a_profile_takes_up_to_a_minute() {
    for duration in [Duration::ZERO, MAX_PROFILE_DURATION + Duration::from_nanos(1)] {
        let refused = CpuProfile::take(duration, || true).expect_err("out of range");
        assert!(matches!(refused, ProfileError::Duration(given) if given == duration), "{refused}");
    }
}
