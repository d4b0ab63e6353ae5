//! As much of an HTTP client as loopback needs: one request, one connection, the whole answer.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, ensure};

/// How long connecting, sending and each read may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longest answer that is read.
const MAX_ANSWER_BYTES: u64 = 16 << 20;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

pub(super) fn get(port: u16, path: &str) -> anyhow::Result<Answer> {
    exchange(port, &format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n"))
}

pub(super) fn post(port: u16, path: &str, kind: &str, body: &str) -> anyhow::Result<Answer> {
    let length = body.len();
    exchange(
        port,
        &format!(
            "POST {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        ),
    )
}

/// A command, with a bearer token and without a body.
pub(super) fn authorized_post(port: u16, path: &str, token: &str) -> anyhow::Result<Answer> {
    exchange(
        port,
        &format!(
            "POST {path} HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Length: 0\r\n\r\n"
        ),
    )
}

/// A port that nobody listens on at this moment.
pub(super) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Version 1.0 ends the answer with the connection, and never in chunks.
fn exchange(port: u16, request: &str) -> anyhow::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER_BYTES).read_to_string(&mut answer)?;
    read(&answer).with_context(|| format!("no answer of HTTP: {answer:?}"))
}

fn read(answer: &str) -> anyhow::Result<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n").context("the head does not end")?;
    let mut words = head.split(' ');
    let version = words.next().context("there is no version")?;
    ensure!(version.starts_with("HTTP/1."), "{version} is another version");
    let status = words.next().context("there is no status")?.parse().context("the status is no number")?;
    Ok(Answer { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn a_request_is_sent_whole_and_its_answer_is_read_to_the_end() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback is there");
        let port = listener.local_addr().expect("it is bound").port();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client comes");
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\nbody") {
                let mut byte = [0];
                stream.read_exact(&mut byte).expect("the request comes");
                request.extend(byte);
            }
            for part in ["HTTP/1.0 202 Acc", "epted\r\nA: b\r\n", "\r\none\r\n\r\ntwo"] {
                stream.write_all(part.as_bytes()).expect("the client reads");
            }
            String::from_utf8(request).expect("the request is text")
        });
        let answer = post(port, "/x", "text/plain", "body").expect("the answer is right");
        assert_eq!(answer, Answer { status: 202, body: "one\r\n\r\ntwo".to_owned() });
        let request = server.join().expect("the server has no trouble");
        assert!(request.starts_with("POST /x HTTP/1.0\r\n"), "{request}");
        assert!(request.contains("\r\nContent-Length: 4\r\n"), "{request}");
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for bad in ["", "HTTP/1.0 200 OK\r\n", "SSH-2.0\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.0 x\r\n\r\n"]
        {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn where_nobody_listens_is_an_error() {
        assert!(get(free_port().expect("loopback is there"), "/").is_err());
    }
}
