//! Nothing is left behind: no thread, no memory. Each test has a process of its own, for threads are counted.

use crate::support::{builder, offer};
use sidecar_harness::process::alone;
use sidecar_harness::{PATIENCE, eventually};
use sidecar_runtime::health::Component;
use sidecar_runtime::{SidecarBuilder, observe};
use std::sync::{Arc, Weak};

/// Names of the threads that belong to a sidecar.
fn sidecar_threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    let mut names: Vec<_> =
        names.map(|name| name.trim().to_owned()).filter(|name| name.starts_with("sidecar-")).collect();
    names.sort_unstable();
    names
}

#[track_caller]
fn assert_no_thread_stays() {
    eventually("every thread has ended", || sidecar_threads().is_empty());
}

/// A builder whose component holds `witness`.
fn witnessed(witness: &Arc<()>) -> SidecarBuilder {
    let kept = Arc::clone(witness);
    let check = move || Arc::strong_count(&kept) > 0;
    builder().component(Component::new("database", check).critical(true))
}

#[test]
fn no_thread_and_no_memory_outlives_the_sidecar_and_its_handles() {
    alone("threads::no_thread_and_no_memory_outlives_the_sidecar_and_its_handles", &[], || {
        for by_drop in [true, false] {
            let witness = Arc::new(());
            let seen: Weak<()> = Arc::downgrade(&witness);
            let sidecar = witnessed(&witness).start().expect("valid settings");
            let held = || Arc::clone(&witness);
            let [handled, sourced, accounted] = [held(), held(), held()];
            sidecar.register_handler("x", move |_| assert!(Arc::strong_count(&handled) > 0));
            sidecar.metrics().register_source(move |out| {
                out.gauge("witnesses", "Those that live").sample(&[], Arc::strong_count(&sourced));
            });
            sidecar
                .profiler()
                .account("witness", move || Arc::strong_count(&accounted) as u64)
                .expect("room");
            let breaker = sidecar.breakers().register(sidecar.breaker("payments")).expect("a new name");
            drop(witness);
            eventually("everything runs", || {
                let threads = sidecar_threads();
                let runs = |name: &str| threads.iter().any(|thread| thread == name);
                sidecar.health().is_ready()
                    && ["sidecar-check", "sidecar-history", "sidecar-tick", "sidecar-worker"]
                        .into_iter()
                        .all(runs)
            });
            assert!(sidecar.get_metrics().value("witnesses", &[]).is_some_and(|count| count >= 4.0));
            offer(|| observe!(sidecar, "x"));
            eventually("the breaker is shown", || {
                sidecar.health_report().component("breaker:payments").is_some()
            });

            let handle = sidecar.handle();
            if by_drop {
                drop(sidecar)
            } else {
                assert_eq!(sidecar.stop(PATIENCE).waiting, 0)
            }
            assert_no_thread_stays();
            assert!(seen.strong_count() > 0, "the handle keeps the memory");
            drop(handle);
            assert_eq!(seen.strong_count(), 0, "nobody else does");
            drop(breaker);
        }
    });
}

#[cfg(feature = "http")]
#[test]
fn the_server_s_threads_end_too() {
    use crate::client::get;
    use sidecar_harness::http::ask;
    alone("threads::the_server_s_threads_end_too", &[], || {
        let witness = Arc::new(());
        let (seen, held) = (Arc::downgrade(&witness), Arc::clone(&witness));
        let sidecar = witnessed(&witness).http("127.0.0.1:0").http_settings(|http| {
            http.ingest(move |_, batch| serde_json::json!([batch.body.len(), Arc::strong_count(&held) > 0]))
        });
        let sidecar = sidecar.start().expect("valid settings");
        drop(witness);
        assert_eq!(get(&sidecar, "/metrics").status, 200);
        let address = sidecar.local_addr().expect("it serves");
        let taken = ask(address, "POST /events", &["Content-Type: application/json"], "{}");
        assert_eq!((taken.status, taken.json()), (202, serde_json::json!([2, true])));
        let threads = sidecar_threads();
        assert!(threads.iter().any(|name| name == "sidecar-http"), "{threads:?}");
        assert!(threads.iter().any(|name| name == "sidecar-scrape"), "{threads:?}");
        let _ = sidecar.stop(PATIENCE);
        assert_no_thread_stays();
        eventually("the memory is free", || seen.strong_count() == 0);
    });
}

#[cfg(feature = "http")]
#[test]
fn a_start_that_fails_last_leaves_nothing_running() {
    alone("threads::a_start_that_fails_last_leaves_nothing_running", &[], || {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = taken.local_addr().expect("it is bound").to_string();
        let witness = Arc::new(());
        let seen = Arc::downgrade(&witness);
        assert!(witnessed(&witness).http(address).start().is_err());
        drop(witness);
        assert_no_thread_stays();
        eventually("the memory is free", || seen.strong_count() == 0);
    });
}

#[test]
fn a_start_that_fails_at_a_component_leaves_nothing_running() {
    alone("threads::a_start_that_fails_at_a_component_leaves_nothing_running", &[], || {
        let witness = Arc::new(());
        let seen = Arc::downgrade(&witness);
        let twice = witnessed(&witness).component(Component::new("database", || true));
        assert!(twice.start().is_err());
        drop(witness);
        assert_no_thread_stays();
        eventually("the memory is free", || seen.strong_count() == 0);
    });
}

#[test]
fn many_sidecars_one_after_the_other_leave_no_thread() {
    alone("threads::many_sidecars_one_after_the_other_leave_no_thread", &[], || {
        for _ in 0..50 {
            let sidecar = builder().start().expect("valid settings");
            offer(|| observe!(sidecar, "x"));
        }
        assert_no_thread_stays();
    });
}

#[test]
fn the_watch_over_the_configuration_s_files_ends_too() {
    use crate::reloading::File;
    alone("threads::the_watch_over_the_configuration_s_files_ends_too", &[], || {
        let file = File::new("runtime: { sidecar: { enabled: true } }\n");
        let watches = || sidecar_threads().iter().any(|name| name == "sidecar-config");
        let sidecar = file.builder().start().expect("valid settings");
        eventually("the watch runs", watches);
        drop(sidecar);
        assert_no_thread_stays();
        let unwatched = file.start();
        eventually("the others run", || sidecar_threads().iter().any(|name| name == "sidecar-tick"));
        assert!(!watches());
        drop(unwatched);
    });
}
