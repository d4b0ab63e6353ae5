//! Ready-made checks, to be given to [`Component::new`](crate::Component::new).
//!
//! Each gives up after a time-out of its own, counted over everything it waits for but the resolution of a name:
//! that is the system's, which has its own limits. Keep the time-out below the component's, so that the message
//! says what was waited for.
//!
//! ```
//! use sidecar_health::{Component, checks};
//! use std::time::Duration;
//!
//! let second = Duration::from_secs(1);
//! let database = Component::new("database", checks::tcp("db.internal:5432", second));
//! let api = Component::new("api", checks::http_get("http://127.0.0.1:8080/ready", second)?);
//! # Ok::<(), sidecar_health::SettingsError>(())
//! ```

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use crate::SettingsError;
use crate::outcome::CheckOutcome;

/// Most bytes that [`http_get`] reads: a status line is shorter.
pub const MAX_STATUS_LINE_BYTES: usize = 256;

/// Most addresses of one name that are tried.
const MAX_ADDRESSES: usize = 8;

/// Whether something accepts connections at `address`, which is `HOST:PORT`.
pub fn tcp(address: impl Into<String>, timeout: Duration) -> impl FnMut() -> CheckOutcome + Send + 'static {
    let address = address.into();
    move || outcome(connect(&address, Instant::now() + timeout).map(|_| CheckOutcome::healthy()))
}

/// Whether `url` answers a GET with a status from 200 to 399, as the kubelet judges it. Plain HTTP/1.1 alone; reads
/// the status line and nothing after it, at most [`MAX_STATUS_LINE_BYTES`], and follows no redirection.
///
/// # Errors
/// When `url` does not begin with `http://`, names no host, or holds spaces, control characters or anything that
/// is not ASCII.
pub fn http_get(
    url: &str,
    timeout: Duration,
) -> Result<impl FnMut() -> CheckOutcome + Send + 'static, SettingsError> {
    let refused = || SettingsError::new("url", url, "http://HOST[:PORT][/PATH], in printable ASCII");
    let rest = url.strip_prefix("http://").filter(|rest| rest.bytes().all(|byte| byte.is_ascii_graphic()));
    let rest = rest.and_then(|rest| rest.split('#').next()).ok_or_else(refused)?;
    let (host, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if host.is_empty() || host.starts_with(':') || host.contains('@') {
        return Err(refused());
    }
    let slash = if target.starts_with('/') { "" } else { "/" };
    let request = format!(
        "GET {slash}{target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: sidecar-health\r\nAccept: */*\r\n\
         Connection: close\r\n\r\n"
    );
    // An address of IPv6 holds colons itself, in brackets.
    let has_port = host.rsplit(']').next().is_some_and(|end| end.contains(':'));
    let address = if has_port { host.to_owned() } else { format!("{host}:80") };
    Ok(move || {
        outcome(status(&address, &request, Instant::now() + timeout).map(|status| {
            let outcome = match status {
                200..=399 => CheckOutcome::healthy(),
                _ => CheckOutcome::unhealthy(format!("answered with status {status}")),
            };
            outcome.with_number("status", f64::from(status))
        }))
    })
}

/// Whether the file system that holds `path` has at least `minimum` bytes left for ordinary users; degraded below
/// twice that. The numbers `free_bytes` and `total_bytes` are reported. Unix alone.
#[cfg(all(unix, feature = "disk"))]
pub fn disk_space(
    path: impl Into<std::path::PathBuf>,
    minimum: u64,
) -> impl FnMut() -> CheckOutcome + Send + 'static {
    let path = path.into();
    move || {
        let found = match rustix::fs::statvfs(&path) {
            Ok(found) => found,
            Err(error) => return CheckOutcome::unhealthy(io::Error::from(error).to_string()),
        };
        let free = found.f_bavail.saturating_mul(found.f_frsize);
        let total = found.f_blocks.saturating_mul(found.f_frsize);
        let outcome = if free < minimum {
            CheckOutcome::unhealthy("less space is left than is needed")
        } else if free < minimum.saturating_mul(2) {
            CheckOutcome::degraded("little space is left")
        } else {
            CheckOutcome::healthy()
        };
        outcome.with_number("free_bytes", free as f64).with_number("total_bytes", total as f64)
    }
}

/// Judges the latest value of a channel by `judge`; unhealthy once nobody can send any more. The value is cloned
/// first, so that no lock is held while it is judged.
#[cfg(feature = "tokio")]
pub fn watch<T, R>(
    receiver: tokio::sync::watch::Receiver<T>,
    mut judge: impl FnMut(T) -> R + Send + 'static,
) -> impl FnMut() -> CheckOutcome + Send + 'static
where
    T: Clone + Send + Sync + 'static,
    R: crate::IntoOutcome,
{
    move || {
        if receiver.has_changed().is_err() {
            return CheckOutcome::unhealthy("the sender is gone");
        }
        let value = receiver.borrow().clone();
        judge(value).into_outcome()
    }
}

fn outcome(result: io::Result<CheckOutcome>) -> CheckOutcome {
    result.unwrap_or_else(|error| CheckOutcome::unhealthy(error.to_string()))
}

/// What is left until `end`; an error if that is nothing, which a socket would take for no limit.
fn left(end: Instant, waiting_for: &str) -> io::Result<Duration> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(late(waiting_for)) } else { Ok(left) }
}

fn late(waiting_for: &str) -> io::Error {
    io::Error::new(ErrorKind::TimedOut, format!("timed out while waiting for {waiting_for}"))
}

fn connect(address: &str, end: Instant) -> io::Result<TcpStream> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
    for address in address.to_socket_addrs()?.take(MAX_ADDRESSES) {
        match TcpStream::connect_timeout(&address, left(end, "a connection")?) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn status(address: &str, request: &str, end: Instant) -> io::Result<u16> {
    const WAITING: &str = "the status line";
    let mut stream = connect(address, end)?;
    stream.set_write_timeout(Some(left(end, WAITING)?))?;
    stream.write_all(request.as_bytes())?;
    let (mut line, mut filled) = ([0; MAX_STATUS_LINE_BYTES], 0);
    loop {
        // Anew each time, so that one byte a second does not take for ever.
        stream.set_read_timeout(Some(left(end, WAITING)?))?;
        match stream.read(&mut line[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Err(late(WAITING));
            }
            Err(error) => return Err(error),
        }
        if filled == line.len() || line[..filled].contains(&b'\n') {
            break;
        }
    }
    parse_status(&line[..filled])
        .ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "the answer is not one of HTTP/1"))
}

/// The status of `HTTP/1.x NNN ...`, a whole line.
fn parse_status(line: &[u8]) -> Option<u16> {
    let line = line.split(|&byte| byte == b'\n').next().filter(|first| first.len() < line.len())?;
    let rest = line.strip_prefix(b"HTTP/1.0 ").or_else(|| line.strip_prefix(b"HTTP/1.1 "))?;
    let (digits, after) = rest.split_at_checked(3)?;
    let ended = matches!(after.first(), None | Some(b' ' | b'\r'));
    let digits =
        std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|digit| digit.is_ascii_digit()));
    digits.filter(|_| ended)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_status_line_is_taken_whole_or_not_at_all() {
        assert_eq!(parse_status(b"HTTP/1.1 200 OK\r\n"), Some(200));
        assert_eq!(parse_status(b"HTTP/1.0 503\r\nserver: x"), Some(503));
        assert_eq!(parse_status(b"HTTP/1.1 204\n"), Some(204));
        for line in [
            "",
            "\n",
            "HTTP/1.1 200 OK",
            "HTTP/2 200 OK\r\n",
            "HTTP/1.1 2000\r\n",
            "HTTP/1.1 +20\r\n",
            "HTTP/1.1 20\n",
        ] {
            assert_eq!(parse_status(line.as_bytes()), None, "{line:?}");
        }
    }

    #[test]
    fn addresses_that_cannot_be_asked_are_refused() {
        for url in [
            "https://host/",
            "host:80",
            "http://",
            "http://:80/",
            "http:///path",
            "http://user@host/",
            "http://h/a b",
            "http://h/\r\nX: y",
            "http://h\u{f6}st/",
        ] {
            assert!(http_get(url, Duration::from_secs(1)).is_err(), "{url:?}");
        }
        for url in ["http://host", "http://host:1?query", "http://[::1]/", "http://[::1]:8080/path#fragment"]
        {
            assert!(http_get(url, Duration::from_secs(1)).is_ok(), "{url:?}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(line in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse_status(&line);
            let _ = parse_status(&[b"HTTP/1.1 ", &line[..]].concat());
        }
    }
}
