//! `GET /debug/profile`: off unless asked for, shed first, and nothing waits for it.

use crate::support::builder;
use sidecar_harness::http::{Client, Reply};
use sidecar_harness::{PATIENCE, eventually};
use sidecar_runtime::Sidecar;
use sidecar_runtime::http::HttpSettings;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const TOKEN: &str = "Authorization: Bearer secret";

/// There is one profile at a time in a process.
static ONE: Mutex<()> = Mutex::new(());

/// A sidecar that is not over its CPU budget whatever it does: symbols of a test program are worth seconds of CPU.
fn profiled(allow: bool, token: Option<&str>) -> Sidecar {
    let settings = |http: HttpSettings| {
        let http = http.profiles(allow);
        match token {
            Some(token) => http.token(token),
            None => http,
        }
    };
    let sidecar = builder().http("127.0.0.1:0").http_settings(settings).start().expect("valid settings");
    sidecar.profiler().set_budget(f64::MAX, 100.0).expect("above 0");
    sidecar
}

fn client(sidecar: &Sidecar) -> Client {
    Client::to(sidecar.local_addr().expect("it serves"))
}

fn asked(sidecar: &Sidecar, query: &str) -> Reply {
    client(sidecar).ask(&format!("GET /debug/profile?{query}"), &[TOKEN])
}

#[inline(never)]
fn goes_round_in_circles(stop: &AtomicBool) -> u64 {
    let mut sum = 0_u64;
    while !stop.load(SeqCst) {
        for n in 0..10_000 {
            sum = black_box(sum.wrapping_mul(31).wrapping_add(n));
        }
    }
    sum
}

#[test]
fn a_profile_needs_the_setting_and_the_token() {
    asked(&profiled(false, Some("secret")), "seconds=1").assert_error(404);
    asked(&profiled(true, None), "seconds=1").assert_error(404);
    let sidecar = profiled(true, Some("another"));
    asked(&sidecar, "seconds=1").assert_error(401);
    client(&sidecar).ask("GET /debug/profile", &[]).assert_error(401);
}

#[test]
fn a_busy_function_shows_and_probes_are_answered_meanwhile() {
    let _alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let sidecar = profiled(true, Some("secret"));
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let busy = thread::spawn(move || goes_round_in_circles(&stopped));

    let begun = Instant::now();
    loop {
        let mut asker = client(&sidecar);
        asker.request("GET /debug/profile?seconds=1&format=svg", &[TOKEN]);
        let mut prober = client(&sidecar);
        for _ in 0..20 {
            assert_eq!(prober.ask("GET /live", &[]).status, 200);
            thread::sleep(Duration::from_millis(10));
        }
        let reply = asker.reply();
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("image/svg+xml")));
        // Until the thread has had its share of a busy machine.
        if reply.body.contains("goes_round_in_circles") {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{}", reply.body);
    }
    let reply = client(&sidecar).ask("HEAD /debug/profile?seconds=1", &[TOKEN]);
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/octet-stream")));
    stop.store(true, SeqCst);
    busy.join().expect("no panic");
}

#[test]
fn over_the_budget_none_is_taken_and_one_under_way_is_given_up() {
    let _alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let sidecar = profiled(true, Some("secret"));
    let mut asker = client(&sidecar);
    asker.request("GET /debug/profile?seconds=60", &[TOKEN]);
    sidecar.profiler().account("ballast", || 1 << 40).expect("room for one more");
    let reply = asker.reply();
    reply.assert_error(503);
    assert_eq!(reply.json()["error"], "the sidecar is over its budget");
    asked(&sidecar, "seconds=1").assert_error(503);
    sidecar.profiler().account("ballast", || 0).expect("replaced");
    eventually("it is within its budget", || !sidecar.profiler().is_over_budget().is_over());
    assert_eq!(client(&sidecar).ask("HEAD /debug/profile?seconds=1", &[TOKEN]).status, 200);
}
