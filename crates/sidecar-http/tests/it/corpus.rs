//! What is sent over a raw socket, case by case, with what is answered and whether the connection is closed then.
//!
//! After each case a fresh connection is answered too.

mod framing;
mod heads;
mod never_complete;
mod targets;

use std::time::Duration;

use sidecar_harness::http::Client;
use sidecar_http::Server;

use crate::routes::{full, start};
use Then::{Closed, Ended, Open};

/// Never passes in a test.
const LONG: Duration = Duration::from_secs(3600);

/// What becomes of the connection after the last answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// The next request on it is answered.
    Open,
    /// It was announced that the server closes, and it closes, although the client has not.
    Closed,
    /// It closes without saying so, as is usual in HTTP/1.0.
    Ended,
}

/// What is sent, the status of each answer, and what comes after.
struct Case {
    what: String,
    sent: Vec<u8>,
    answers: Vec<u16>,
    then: Then,
}

fn case(what: impl Into<String>, sent: impl AsRef<[u8]>, answers: &[u16], then: Then) -> Case {
    Case { what: what.into(), sent: sent.as_ref().to_vec(), answers: answers.to_vec(), then }
}

/// A request line and header lines beside `Host`.
fn request(line: &str, headers: &[&str]) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("{line} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")
}

/// A server with a token, so that every route exists, and whose deadlines close nothing.
fn patient() -> Server {
    start(full().token("secret").head_deadline(LONG).body_deadline(LONG).answer_deadline(LONG))
}

#[track_caller]
fn check(cases: impl IntoIterator<Item = Case>) {
    let server = patient();
    for case in cases {
        run(&server, &case);
        let fresh = Client::to(server.local_addr()).ask("GET /live", &[]);
        assert_eq!(fresh.status, 200, "after {}", case.what);
    }
}

#[track_caller]
fn run(server: &Server, case: &Case) {
    let Case { what, sent, answers, then } = case;
    let mut client = Client::to(server.local_addr());
    // A refusal may come before all is sent.
    let _ = client.try_send(sent);
    let mut said_close = false;
    for (number, expected) in answers.iter().enumerate() {
        let reply = if *expected == 100 { client.head_reply() } else { client.reply() };
        assert_eq!(reply.status, *expected, "{what}, answer {number}: {reply:?}");
        if *expected >= 400 {
            reply.assert_error(*expected);
        }
        said_close = reply.header("connection") == Some("close");
    }
    assert_eq!(said_close, *then == Closed, "{what}: whether it is said that the connection closes");
    match then {
        Closed | Ended => {
            let rest = client.until_closed();
            assert!(rest.is_empty(), "{what}: {:?} came behind", String::from_utf8_lossy(&rest));
        }
        Open => assert_eq!(client.ask("GET /startup", &[]).body, r#""started""#, "{what}: out of step"),
    }
}
