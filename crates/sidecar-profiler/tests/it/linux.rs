//! This very process. Bounds are generous: the machine may be busy, and other tests run beside these.

use sidecar_core::threads;
use sidecar_harness::eventually;
use sidecar_profiler::{Profiler, Snapshot};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

fn often() -> Profiler {
    Profiler::builder().interval(Duration::from_millis(200)).build().expect("valid settings")
}

fn ticked(profiler: &Profiler) -> Snapshot {
    profiler.tick(profiler.clock().now());
    profiler.snapshot()
}

#[test]
fn the_process_has_memory_threads_and_a_peak_from_the_first_reading_on() {
    let snapshot = often().snapshot();
    assert!(snapshot.memory_mb > 0.5 && snapshot.memory_mb < 10_000.0, "{snapshot:?}");
    assert!(snapshot.peak_memory_bytes >= snapshot.memory_bytes);
    assert!(snapshot.thread_count >= Some(1));
    assert!(snapshot.cpu_percent >= 0.0 && snapshot.cpu_percent.is_finite());
    assert!(snapshot.own.threads_cpu_seconds.is_some());
    assert_eq!(snapshot.failed_readings, 0);
}

#[test]
fn a_thread_more_is_one_more_in_the_count() {
    let profiler = often();
    let stop = Arc::new(AtomicBool::new(false));
    let waiting = Arc::clone(&stop);
    let parked = move || {
        while !waiting.load(SeqCst) {
            thread::park_timeout(Duration::from_millis(50));
        }
    };
    let threads: Vec<_> = (0..40).map(|_| thread::spawn(parked.clone())).collect();
    eventually("forty threads counted", || ticked(&profiler).thread_count >= Some(41));
    stop.store(true, SeqCst);
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
}

#[test]
fn work_of_the_sidecars_threads_is_its_own_share_also_after_they_end() {
    let _alone = BURNING.lock().unwrap_or_else(PoisonError::into_inner);
    let profiler = often();
    let before = profiler.snapshot().own.cpu_seconds;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let burning = threads::spawn("burn", move || {
        while !stopped.load(SeqCst) {
            std::hint::spin_loop();
        }
    });
    let burning = burning.expect("a thread");
    eventually("100 ms of a sidecar thread's work seen", || {
        ticked(&profiler).own.cpu_seconds >= before + 0.1
    });
    let during = profiler.snapshot();
    assert!(during.cpu_seconds > 0.0 && during.own.threads_cpu_seconds >= Some(0.1));
    eventually("a reading with CPU use", || ticked(&profiler).own.cpu_percent > 0.0);
    stop.store(true, SeqCst);
    burning.join().expect("no panic");

    let readings = || profiler.summary(Duration::from_secs(3_600)).map_or(0, |summary| summary.readings);
    let enough = readings() + 2;
    let mut last = during.own.cpu_seconds;
    eventually("two readings after its end", || {
        let total = ticked(&profiler).own.cpu_seconds;
        assert!(total >= last, "{total} after {last}");
        last = total;
        readings() >= enough
    });
}

#[test]
fn work_of_other_threads_is_the_processs_and_not_the_sidecars() {
    let profiler = often();
    let before = profiler.snapshot();
    let burnt = thread::Builder::new().name("host-burn".to_owned()).spawn(|| {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(300) {
            std::hint::spin_loop();
        }
        thread_cpu_nanos()
    });
    let burnt = burnt.expect("a thread").join().expect("no panic");
    let seconds = burnt.expect("the kernel tells") as f64 / 1e9;
    // CPU time of the process comes in steps of 10 ms for each of user and system time.
    eventually("its work seen", || ticked(&profiler).cpu_seconds - before.cpu_seconds >= seconds - 0.05);
}

/// The totals are those of all sidecar threads of the process: only one test at a time may let one work.
static BURNING: Mutex<()> = Mutex::new(());

/// Works on the calling thread for `nanos` of CPU time, and returns what it has used since it began.
fn burns(nanos: u64) -> u64 {
    let told = || thread_cpu_nanos().expect("the kernel tells");
    loop {
        (0..10_000).for_each(|_| std::hint::spin_loop());
        let used = told();
        if used >= nanos {
            return used;
        }
    }
}

#[test]
fn a_known_burn_is_reported_within_a_tenth() {
    let _alone = BURNING.lock().unwrap_or_else(PoisonError::into_inner);
    let profiler = often();
    let before = profiler.snapshot().own.cpu_seconds;
    let ((told, tells), (stop, stopped)) = (mpsc::channel(), mpsc::channel::<()>());
    let burning = threads::spawn("burn", move || {
        told.send(burns(500_000_000)).expect("a receiver");
        let _ = stopped.recv();
    });
    let burning = burning.expect("a thread");
    eventually("the burn is over", || {
        ticked(&profiler);
        match tells.try_recv() {
            Ok(nanos) => {
                let readings = || profiler.summary(Duration::MAX).map_or(0, |summary| summary.readings);
                let enough = readings() + 1;
                eventually("a reading after it", || {
                    ticked(&profiler);
                    readings() >= enough
                });
                let burnt = nanos as f64 / 1e9;
                let found = profiler.snapshot().own.cpu_seconds - before;
                assert!((found / burnt - 1.0).abs() < 0.1, "{found} of {burnt}");
                let summary = profiler.summary(Duration::MAX).expect("readings");
                let share = summary.own_cpu_percent.average / 100.0 * summary.covered_seconds;
                assert!((share / burnt - 1.0).abs() < 0.1, "{share} of {burnt}");
                true
            }
            Err(_) => false,
        }
    });
    drop(stop);
    burning.join().expect("no panic");
}

/// At one reading per second, 0.01 % of a core is 100 us a reading. The bound is ten times that, because this is not
/// optimised and the machine may be busy; the figure is printed.
#[test]
#[expect(clippy::print_stdout, reason = "the figure is what one wants to know")]
fn the_meter_itself_costs_next_to_nothing() {
    let profiler = often();
    let readings = 300;
    let before = thread_cpu_nanos().expect("the kernel tells");
    (0..readings).for_each(|_| profiler.refresh());
    let nanos = (thread_cpu_nanos().expect("the kernel tells") - before) / readings;
    println!("one reading: {:.1} us of CPU time", nanos as f64 / 1e3);
    assert!(nanos < 1_000_000, "{nanos} ns");
}

fn thread_cpu_nanos() -> Option<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

#[test]
fn start_ticks_by_itself_until_the_last_handle_is_dropped() {
    let profiler = Profiler::builder().interval(Duration::from_millis(200)).start().expect("started");
    let clone = profiler.clone();
    drop(profiler);
    eventually("a reading of its own accord", || clone.summary(Duration::from_secs(3_600)).is_some());
    assert_eq!(named("sidecar-profile"), 1);
    drop(clone);
    eventually("the thread has ended", || named("sidecar-profile") == 0);
}

/// How many threads of this process bear the name.
fn named(name: &str) -> usize {
    let tasks = fs::read_dir("/proc/self/task").expect("procfs");
    let comm = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    tasks.flatten().map(comm).filter(|comm| comm.trim_end() == name).count()
}
