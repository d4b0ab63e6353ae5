//! Requests over raw sockets.

use crate::program::PATIENCE;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

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

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Asks once, on a connection of its own, in HTTP's words.
#[track_caller]
pub(crate) fn ask(address: SocketAddr, line: &str, headers: &[&str], body: &[u8]) -> Reply {
    try_ask(address, line, headers, body).unwrap_or_else(|error| panic!("{line}: {error}"))
}

pub(crate) fn try_ask(
    address: SocketAddr,
    line: &str,
    headers: &[&str],
    body: &[u8],
) -> std::io::Result<Reply> {
    let reachable =
        if address.ip().is_unspecified() { ([127, 0, 0, 1], address.port()).into() } else { address };
    let mut stream = TcpStream::connect(reachable)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let host = headers.iter().any(|header| header.starts_with("Host:"));
    let host = if host { String::new() } else { format!("Host: {reachable}\r\n") };
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = body.len();
    let length = if length == 0 { String::new() } else { format!("Content-Length: {length}\r\n") };
    let head = format!("{line} HTTP/1.1\r\n{host}{headers}{length}Connection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    // A body that is refused may not be read to its end.
    let _ = stream.write_all(body);
    let mut said = Vec::new();
    // The same refusal may reset the connection behind the answer.
    let read = stream.read_to_end(&mut said);
    let said = String::from_utf8_lossy(&said).into_owned();
    let Some((head, body)) = said.split_once("\r\n\r\n") else {
        return Err(read.err().unwrap_or_else(|| std::io::Error::other(format!("no answer: {said:?}"))));
    };
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| std::io::Error::other(format!("no status: {head}")))?;
    Ok(Reply { status, head: head.to_owned(), body: body.to_owned() })
}

#[track_caller]
pub(crate) fn get(address: SocketAddr, path: &str) -> Reply {
    ask(address, &format!("GET {path}"), &[], b"")
}

/// Sends events, one per line.
#[track_caller]
pub(crate) fn post(address: SocketAddr, headers: &[&str], body: &[u8]) -> Reply {
    let headers: Vec<&str> = ["Content-Type: application/x-ndjson"].iter().chain(headers).copied().collect();
    ask(address, "POST /events", &headers, body)
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory does not fail");
    encoder.finish().expect("memory does not fail")
}
