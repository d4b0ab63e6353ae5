//! A thousand clients that keep their sockets, and one that asks.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sidecar_harness::http::Client;
use sidecar_harness::process::{allow_open_files, alone};
use sidecar_harness::{PATIENCE, eventually};

use crate::routes::{full, start};

/// Clients of each of the five kinds, where so many files may be open.
const EACH: usize = 200;
const KINDS: usize = 5;

/// Files that are open without any client, at most.
const BESIDES: usize = 100;

/// Never passes in a test.
const LONG: Duration = Duration::from_secs(3600);

/// What a fresh probe may take from connecting to its answer.
const PROMPT: Duration = Duration::from_millis(100);

/// Fresh probes in a row, of which half must be prompt.
const TRIES: usize = 11;

#[test]
fn a_thousand_sockets_that_wait_drip_or_hang_delay_no_probe_and_leave_nothing_behind() {
    alone(
        "crowd::a_thousand_sockets_that_wait_drip_or_hang_delay_no_probe_and_leave_nothing_behind",
        &[],
        a_thousand_sockets,
    );
}

fn a_thousand_sockets() {
    // Both ends of each are in this process, and a few files besides.
    let allowed = allow_open_files(2 * KINDS * EACH + BESIDES);
    let each = EACH.min(allowed.saturating_sub(BESIDES) / (2 * KINDS));
    let crowd = KINDS * each;
    assert!(crowd > 0, "only {allowed} files may be open");

    let endpoints = full().max_connections(crowd + BESIDES).head_deadline(LONG).body_deadline(LONG);
    let server = start(endpoints);
    let to = || Client::to(server.local_addr());
    let open = || fs::read_dir("/proc/self/fd").expect("Linux has it").count();
    let before = open();

    let many = |prepare: &dyn Fn(&mut Client)| -> Vec<Client> {
        let mut crowd: Vec<Client> = (0..each).map(|_| to()).collect();
        crowd.iter_mut().for_each(prepare);
        crowd
    };
    let silent = many(&|_| ());
    let idle = many(&|client| assert_eq!(client.ask("GET /live", &[]).status, 200));
    let half_a_head = many(&|client| {
        client.send("GET /live HTTP/1.1\r\nHost: local");
    });
    let half_a_body = many(&|client| {
        client.request("POST /events", &["Content-Type: application/json", "Content-Length: 9"]).send("{");
    });
    let mut dripping = many(&|client| {
        client.send("GET /live HTTP/1.1\r\nX: ");
    });

    let enough = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !enough.load(Ordering::Relaxed) {
                for client in &mut dripping {
                    client.send("x");
                    thread::sleep(Duration::from_millis(1));
                }
            }
        });
        let _stop = SetOnDrop(&enough);
        // A machine that is busy with other things may be slow now and then, but not all the time.
        eventually("of several probes in a row half are answered within 100 ms", || {
            let mut took: Vec<Duration> = (0..TRIES)
                .map(|_| {
                    let begun = Instant::now();
                    assert_eq!(to().ask("GET /live", &[]).status, 200);
                    begun.elapsed()
                })
                .collect();
            took.sort();
            took[TRIES / 2] < PROMPT
        });
    });
    // Nobody was sent away for it.
    let held = open() - before;
    assert!(held >= 2 * crowd, "{held} of {}", 2 * crowd);

    drop((silent, idle, half_a_head, half_a_body, dripping));
    eventually("as many descriptors are open as before", || open() == before);
    assert!(server.shutdown(PATIENCE).thread_ended);
}

/// Ends the dripping also where the test fails.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
