//! A client that can misbehave.

use super::stream::Stream;
use super::{Reply, reachable};
use crate::PATIENCE;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// A connection, and what came on it unread.
#[derive(Debug)]
pub struct Client {
    stream: Stream,
    unread: Vec<u8>,
}

impl Client {
    /// Connects.
    #[must_use]
    #[track_caller]
    pub fn to(address: SocketAddr) -> Self {
        Self::over(Stream::Tcp(TcpStream::connect(reachable(address)).expect("the server listens")))
    }

    /// Connects to a Unix socket.
    #[cfg(unix)]
    #[must_use]
    #[track_caller]
    pub fn to_unix(path: impl AsRef<std::path::Path>) -> Self {
        let stream = std::os::unix::net::UnixStream::connect(path).expect("the server listens");
        Self::over(Stream::Unix(stream))
    }

    fn over(stream: Stream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a write timeout");
        Self { stream, unread: Vec::new() }
    }

    /// Sends these very bytes.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(bytes.as_ref()).expect("the server reads");
        self
    }

    /// Sends what the server takes of these bytes.
    ///
    /// # Errors
    /// It has closed before it took all.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Sends `METHOD PATH` with a right Host and further header lines.
    #[track_caller]
    pub fn request(&mut self, line: &str, headers: &[&str]) -> &mut Self {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        self.send(format!("{line} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"))
    }

    /// Sends a request and reads its answer, which ends where its `Content-Length` says.
    #[track_caller]
    pub fn ask(&mut self, line: &str, headers: &[&str]) -> Reply {
        self.request(line, headers);
        if line.starts_with("HEAD") { self.head_reply() } else { self.reply() }
    }

    /// Sends `body` to `/events`.
    #[track_caller]
    pub fn post(&mut self, headers: &[&str], body: impl AsRef<[u8]>) -> Reply {
        let length = format!("Content-Length: {}", body.as_ref().len());
        let headers: Vec<&str> = headers.iter().copied().chain([length.as_str()]).collect();
        self.request("POST /events", &headers).send(body).reply()
    }

    /// The next answer.
    #[track_caller]
    pub fn reply(&mut self) -> Reply {
        let mut reply = self.head_reply();
        let length = reply.header("content-length").expect("a length").parse().expect("a number");
        while self.unread.len() < length {
            self.fill();
        }
        reply.body = String::from_utf8(self.unread.drain(..length).collect()).expect("text");
        reply
    }

    /// The next answer, if it has no body.
    #[track_caller]
    pub fn head_reply(&mut self) -> Reply {
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

    /// All that comes until `end`, which is taken too and not returned.
    #[track_caller]
    pub fn until(&mut self, end: &str) -> String {
        let end = end.as_bytes();
        let mut seen = 0;
        let at = loop {
            if let Some(at) = self.unread[seen..].windows(end.len()).position(|window| window == end) {
                break seen + at;
            }
            seen = self.unread.len().saturating_sub(end.len());
            self.fill();
        };
        let taken: Vec<u8> = self.unread.drain(..at + end.len()).collect();
        String::from_utf8(taken[..at].to_vec()).expect("text")
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
    pub fn until_closed(&mut self) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.unread);
        match self.stream.read_to_end(&mut all) {
            Ok(_) => all,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => all,
            Err(error) => panic!("not closed: {error}"),
        }
    }

    /// Checks that the server closes and says nothing.
    #[track_caller]
    pub fn assert_closed_without_an_answer(&mut self) {
        let answer = self.until_closed();
        assert!(answer.is_empty(), "answered {:?}", String::from_utf8_lossy(&answer));
    }

    /// Sends `byte` again and again, with 20 ms between, until the server closes. True if it closed silently.
    pub fn trickle_until_closed(&mut self, byte: u8) -> bool {
        self.drip_until_closed(byte, Duration::from_millis(20))
    }

    /// As [`trickle_until_closed`](Self::trickle_until_closed), with another time between.
    pub fn drip_until_closed(&mut self, byte: u8, pause: Duration) -> bool {
        let begun = Instant::now();
        self.stream.set_read_timeout(Some(pause)).expect("a read timeout");
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
    pub fn is_silent_for(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).expect("a read timeout");
        let result = self.stream.read(&mut [0]);
        self.stream.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
        matches!(result, Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
    }

    /// Whether something can be read now. Not for Unix sockets, which have no way to look without reading.
    pub fn has_answer(&self) -> bool {
        self.stream.has_something()
    }

    /// Closes the sending half.
    pub fn stop_sending(&mut self) -> &mut Self {
        self.stream.stop_sending().expect("still open");
        self
    }
}
