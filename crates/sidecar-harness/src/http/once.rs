//! One request, on a connection of its own.

use super::{Reply, reachable};
use crate::PATIENCE;
use std::io::{Error, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// Sends `METHOD PATH`, further header lines and a body. A `Host` is added where the headers have none.
///
/// # Panics
/// If there is no answer.
#[track_caller]
pub fn ask(address: SocketAddr, line: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Reply {
    try_ask(address, line, headers, body).unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// As [`ask`].
///
/// # Errors
/// Nobody listens, or what came back is no answer.
pub fn try_ask(
    address: SocketAddr,
    line: &str,
    headers: &[&str],
    body: impl AsRef<[u8]>,
) -> std::io::Result<Reply> {
    let (address, body) = (reachable(address), body.as_ref());
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let host = headers.iter().any(|header| header.starts_with("Host:"));
    let host = if host { String::new() } else { format!("Host: {address}\r\n") };
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
        return Err(read.err().unwrap_or_else(|| Error::other(format!("no answer: {said:?}"))));
    };
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| Error::other(format!("no status: {head}")))?;
    Ok(Reply { status, head: head.to_owned(), body: body.to_owned() })
}

/// Asks for a path.
///
/// # Panics
/// If there is no answer.
#[track_caller]
pub fn get(address: SocketAddr, path: &str) -> Reply {
    ask(address, &format!("GET {path}"), &[], "")
}
