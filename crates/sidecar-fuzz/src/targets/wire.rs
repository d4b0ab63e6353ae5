//! Whatever comes over a socket: the answers are answers, and the connection ends.
//!
//! So that inputs are text, a line feed is sent as the two bytes that end a line of HTTP, and `1d` as a lone one.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use sidecar_http::{Answer, Endpoints};

use super::endpoint::is_error;

/// Far longer than anything takes; libFuzzer gives up before.
const PATIENCE: Duration = Duration::from_secs(60);

/// Every status that a client alone can bring about, beside that of an interim answer.
const STATUSES: [u16; 10] = [200, 202, 400, 401, 404, 405, 413, 415, 421, 431];

pub(super) fn run(bytes: &[u8]) {
    let endpoints = Endpoints::builder()
        .live(|| Answer::json(true, "live"))
        .metrics(|_| "jobs 1\n".to_owned())
        .breaker_commands(|_| Some("done"))
        .token("secret")
        .ingest(|batch| batch.body.len());
    // A server for each, so that nothing is left of the one before, and so that its end is looked at too.
    let server = endpoints.serve("127.0.0.1:0").expect("a free port");
    let mut client = TcpStream::connect(server.local_addr()).expect("the server listens");
    // A refusal may come before all is sent.
    let _ = client.write_all(&sent(bytes)).and_then(|()| client.shutdown(Shutdown::Write));
    let mut said = Vec::new();
    if let Err(error) = client.read_to_end(&mut said) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    drop(client);
    check(&said);
    let report = server.shutdown(PATIENCE);
    assert!(report.thread_ended && report.cut == 0, "{report:?}");
}

fn sent(bytes: &[u8]) -> Vec<u8> {
    let mut sent = Vec::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'\n' => sent.extend(b"\r\n"),
            0x1d => sent.push(b'\n'),
            other => sent.push(*other),
        }
    }
    sent
}

/// Nothing but answers, and none after one that was to be the last.
fn check(mut said: &[u8]) {
    let mut last = false;
    while !said.is_empty() {
        assert!(!last, "an answer after the last: {}", String::from_utf8_lossy(said));
        let end = said.windows(4).position(|window| window == b"\r\n\r\n").expect("a head has an end");
        let head = std::str::from_utf8(&said[..end]).expect("a head is text").to_ascii_lowercase();
        said = &said[end + 4..];
        assert!(head.starts_with("http/1."), "{head}");
        let status: u16 = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        if status == 100 {
            continue;
        }
        assert!(STATUSES.contains(&status), "{head}");
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.filter(|(found, _)| *found == name).map(|(_, value)| value).next()
        };
        assert_eq!(header("cache-control"), Some("no-store"), "{head}");
        last = header("connection") == Some("close");
        let length: usize = header("content-length").and_then(|text| text.parse().ok()).expect("a length");
        // To HEAD there is a length without a body, and no body of ours begins as an answer does.
        if said.is_empty() || said.starts_with(b"HTTP/1.") {
            continue;
        }
        let (body, rest) = said.split_at_checked(length).expect("as long as it says");
        said = rest;
        if status >= 400 {
            is_error(status, body);
        }
    }
}
