//! A server that takes alerts and goes wrong as its script says.

use parking_lot::Mutex;
use serde_json::Value;
use sidecar_core::timestamp::parse_rfc3339;
use sidecar_harness::Gate;
use std::collections::{BTreeSet, VecDeque};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::SystemTime;

/// What the server does once it has read a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Ok,
    Status(u16),
    /// Closes without an answer.
    Close,
    /// Closes in the middle of the answer's body.
    Half,
    Garbage,
    /// Never answers.
    Hang,
    /// Answers once it is let go.
    Held,
}

/// A request that was read.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) head: String,
    pub(super) alerts: Vec<Value>,
    /// Whether it was answered with 200 and taken.
    is_taken: bool,
    at: SystemTime,
}

impl Request {
    pub(super) fn is_firing(&self) -> bool {
        self.alerts.iter().any(|alert| self.fires(alert))
    }

    /// Alertmanager takes an alert for one that fires while its end is ahead.
    fn fires(&self, alert: &Value) -> bool {
        let end = alert["endsAt"].as_str().expect("an end");
        parse_rfc3339(end).expect("a time") > self.at
    }
}

/// Ends with its drop.
pub(super) struct Server {
    port: u16,
    gate: Gate,
    requests: Arc<Mutex<Vec<Request>>>,
    is_over: Arc<AtomicBool>,
}

impl Server {
    /// Follows the script, one act for each request, and then takes everything.
    pub(super) fn start(script: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback is there");
        let port = listener.local_addr().expect("it is bound").port();
        let (gate, requests, is_over) = (Gate::default(), Arc::default(), Arc::new(AtomicBool::new(false)));
        let server =
            Self { port, gate: gate.clone(), requests: Arc::clone(&requests), is_over: Arc::clone(&is_over) };
        let script: Mutex<VecDeque<Act>> = Mutex::new(script.into_iter().collect());
        let script = Arc::new(script);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if is_over.load(SeqCst) {
                    return;
                }
                let (script, gate, requests) = (Arc::clone(&script), gate.clone(), Arc::clone(&requests));
                thread::spawn(move || serve(stream.expect("a client"), &script, &gate, &requests));
            }
        });
        server
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().clone()
    }

    /// The names of the alerts that fire, as far as the server knows.
    pub(super) fn firing(&self) -> Vec<String> {
        let mut firing = BTreeSet::new();
        for request in self.requests.lock().iter().filter(|request| request.is_taken) {
            for alert in &request.alerts {
                let name = alert["labels"]["alertname"].as_str().expect("a name").to_owned();
                if request.fires(alert) {
                    firing.insert(name)
                } else {
                    firing.remove(&name)
                };
            }
        }
        firing.into_iter().collect()
    }

    pub(super) fn wait_until_held(&self) {
        self.gate.wait_until_held();
    }

    pub(super) fn let_go(&self) {
        self.gate.open();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, SeqCst);
        self.gate.open();
        // It wakes the thread that accepts.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// One request of one connection; `None` if the client goes first.
fn serve(
    mut stream: TcpStream,
    script: &Mutex<VecDeque<Act>>,
    gate: &Gate,
    requests: &Mutex<Vec<Request>>,
) -> Option<()> {
    let (head, body) = read(&mut stream)?;
    let alerts = serde_json::from_slice(&body).expect("a list of alerts");
    let act = script.lock().pop_front().unwrap_or(Act::Ok);
    if matches!(act, Act::Held) {
        gate.enter();
    }
    let is_taken = matches!(act, Act::Ok | Act::Held);
    // Before the answer: once the client has that, a test looks here.
    requests.lock().push(Request { head, alerts, is_taken, at: SystemTime::now() });
    let answer = match act {
        Act::Ok | Act::Held => "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_owned(),
        Act::Status(status) => {
            format!("HTTP/1.1 {status} Bad\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
        }
        Act::Half => "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nha".to_owned(),
        Act::Garbage => "SSH-2.0-OpenSSH\r\n\r\n".to_owned(),
        Act::Close => return None,
        // Until the client goes.
        Act::Hang => {
            let _ = stream.read_to_end(&mut Vec::new());
            return None;
        }
    };
    stream.write_all(answer.as_bytes()).ok()
}

fn read(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
        more(stream, &mut read)?;
    };
    let head = String::from_utf8(read[..end].to_vec()).expect("a head is text");
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().expect("a number"))
    });
    let length = length.expect("a post has a length");
    while read.len() < end + length {
        more(stream, &mut read)?;
    }
    Some((head, read.split_off(end)))
}

fn more(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 4_096];
    let bytes = stream.read(&mut buffer).ok().filter(|bytes| *bytes > 0)?;
    read.extend(&buffer[..bytes]);
    Some(())
}
