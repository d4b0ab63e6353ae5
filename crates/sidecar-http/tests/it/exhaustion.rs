//! A process without a file descriptor left.

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::process::Command;
use std::time::Duration;

use crate::routes::{full, start};
use sidecar_harness::eventually;
use sidecar_harness::http::Client;
use sidecar_harness::process::alone;

const CHILD: &str = "SIDECAR_HTTP_EXHAUSTION_CHILD";

#[test]
fn accepting_pauses_instead_of_spinning_while_no_descriptor_is_left() {
    let this = std::env::current_exe().expect("our own path");
    // A process of its own: the limit and the exhaustion would hit every other test.
    let output = Command::new("sh")
        .args(["-c", r#"ulimit -n 64 && exec "$0" --exact exhaustion::in_a_process_of_its_own --nocapture"#])
        .arg(this)
        .env(CHILD, "1")
        .output()
        .expect("a shell");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn in_a_process_of_its_own() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let server = start(full().head_deadline(Duration::from_secs(3600)));
    // Stays open: its two descriptors must not come free while the others are filled.
    let mut first = Client::to(server.local_addr());
    assert_eq!(first.ask("GET /live", &[]).status, 200);
    let mut schedstat = server_threads_schedstat();

    let mut fillers = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        fillers.push(file);
    }
    // The one descriptor that is free goes to the client's end, so the server's end finds none.
    fillers.pop();
    let mut client = Client::to(server.local_addr());
    client.request("GET /live", &[]);
    let before = cpu_time(&mut schedstat);
    let window = Duration::from_secs(1);
    assert!(client.is_silent_for(window), "there was a descriptor left");
    let spent = cpu_time(&mut schedstat) - before;
    assert!(spent < window / 5, "spent {spent:?} of {window:?}");

    drop(fillers);
    assert_eq!(client.reply().status, 200);
    assert_eq!(first.ask("GET /live", &[]).status, 200);
}

fn server_threads_schedstat() -> File {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux has it");
    let task = tasks
        .filter_map(|task| task.ok().map(|task| task.path()))
        .find(|path| fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim() == "sidecar-http"))
        .expect("the server's thread");
    File::open(task.join("schedstat")).expect("Linux has it")
}

/// The first number is the time on a processor, in nanoseconds.
fn cpu_time(schedstat: &mut File) -> Duration {
    let mut text = String::new();
    schedstat.rewind().expect("a file in memory");
    schedstat.read_to_string(&mut text).expect("a file in memory");
    let nanos = text.split(' ').next().and_then(|first| first.parse().ok()).expect("a number");
    Duration::from_nanos(nanos)
}

#[test]
fn every_way_in_which_a_connection_ends_gives_its_descriptor_back() {
    alone("exhaustion::every_way_in_which_a_connection_ends_gives_its_descriptor_back", &[], || {
        let server = start(full().max_connections(8).head_deadline(Duration::from_millis(50)));
        let to = || Client::to(server.local_addr());
        let open = || fs::read_dir("/proc/self/fd").expect("Linux has it").count();
        let before = open();
        for _ in 0..20 {
            // Reset, cut at a deadline, refused, refused with a body, closed in turn, evicted at the cap.
            drop(to());
            to().assert_closed_without_an_answer();
            to().send("junk\r\n\r\n").stop_sending().until_closed();
            to().request("GET /live", &["Content-Length: 9"]).stop_sending().until_closed();
            assert_eq!(to().request("GET /live", &["Connection: close"]).reply().status, 200);
            let crowd: Vec<Client> = (0..20).map(|_| to()).collect();
            drop(crowd);
        }
        eventually("as many descriptors are open as before", || open() == before);
        assert!(server.shutdown(Duration::from_secs(1)).thread_ended);
    });
}
