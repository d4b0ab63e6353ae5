//! A client that can misbehave.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use sidecar_http::Server;

/// Longer than anything takes on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// Checks what every error answer has in common.
    #[track_caller]
    pub(crate) fn assert_error(&self, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        let body: serde_json::Value = serde_json::from_str(&self.body).expect("errors are JSON");
        assert_eq!(body["status"], status);
        assert!(body["error"].is_string());
    }
}

impl Client {
    pub(crate) fn to(server: &Server) -> Self {
        let mut address = server.local_addr();
        if address.ip().is_unspecified() {
            address = SocketAddr::from(([127, 0, 0, 1], address.port()));
        }
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a write timeout");
        Self { stream, unread: Vec::new() }
    }

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(bytes.as_ref()).expect("the server reads");
        self
    }

    /// Sends `METHOD PATH` with a right Host and further header lines.
    #[track_caller]
    pub(crate) fn request(&mut self, line: &str, headers: &[&str]) -> &mut Self {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        self.send(format!("{line} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"))
    }

    #[track_caller]
    pub(crate) fn ask(&mut self, line: &str, headers: &[&str]) -> Reply {
        self.request(line, headers);
        if line.starts_with("HEAD") { self.head_reply() } else { self.reply() }
    }

    /// Sends `body` to `/events`.
    #[track_caller]
    pub(crate) fn post(&mut self, headers: &[&str], body: impl AsRef<[u8]>) -> Reply {
        let length = format!("Content-Length: {}", body.as_ref().len());
        let headers: Vec<&str> = headers.iter().copied().chain([length.as_str()]).collect();
        self.request("POST /events", &headers).send(body).reply()
    }

    #[track_caller]
    pub(crate) fn reply(&mut self) -> Reply {
        let mut reply = self.head_reply();
        let length = reply.header("content-length").expect("a length").parse().expect("a number");
        while self.unread.len() < length {
            self.fill();
        }
        reply.body = String::from_utf8(self.unread.drain(..length).collect()).expect("text");
        reply
    }

    #[track_caller]
    pub(crate) fn head_reply(&mut self) -> Reply {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                break at;
            }
            self.fill();
        };
        let head: Vec<u8> = self.unread.drain(..end + 4).collect();
        let head = String::from_utf8(head).expect("text");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status line");
        Reply { status, head, body: String::new() }
    }

    #[track_caller]
    fn fill(&mut self) {
        let mut chunk = [0; 65536];
        let read = self.stream.read(&mut chunk).expect("an answer");
        assert!(read > 0, "closed after {:?}", String::from_utf8_lossy(&self.unread));
        self.unread.extend_from_slice(&chunk[..read]);
    }

    /// Reads until the server closes; what came before that.
    #[track_caller]
    pub(crate) fn until_closed(&mut self) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.unread);
        match self.stream.read_to_end(&mut all) {
            Ok(_) => all,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => all,
            Err(error) => panic!("not closed: {error}"),
        }
    }

    #[track_caller]
    pub(crate) fn assert_closed_without_an_answer(&mut self) {
        let answer = self.until_closed();
        assert!(answer.is_empty(), "answered {:?}", String::from_utf8_lossy(&answer));
    }

    /// Sends `byte` again and again, with 20 ms between, until the server closes. True if it closed silently.
    pub(crate) fn trickle_until_closed(&mut self, byte: u8) -> bool {
        let begun = Instant::now();
        self.stream.set_read_timeout(Some(Duration::from_millis(20))).expect("a read timeout");
        let mut answer = [0; 64];
        while begun.elapsed() < PATIENCE {
            if self.stream.write_all(&[byte]).is_err() {
                return true;
            }
            match self.stream.read(&mut answer) {
                Ok(read) => return read == 0,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return error.kind() == ErrorKind::ConnectionReset,
            }
        }
        false
    }

    /// Whether nothing comes within `time`.
    pub(crate) fn is_silent_for(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).expect("a read timeout");
        let result = self.stream.read(&mut [0]);
        self.stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
        matches!(result, Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
    }

    /// Whether something can be read now.
    pub(crate) fn has_answer(&self) -> bool {
        self.stream.set_nonblocking(true).expect("a socket");
        let found = self.stream.peek(&mut [0]).is_ok_and(|read| read > 0);
        self.stream.set_nonblocking(false).expect("a socket");
        found
    }

    pub(crate) fn stop_sending(&mut self) -> &mut Self {
        self.stream.shutdown(Shutdown::Write).expect("still open");
        self
    }
}

/// Waits until `condition` holds.
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        std::thread::yield_now();
    }
}
