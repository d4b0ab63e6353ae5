//! Servers asked at a steady pace: how long a client waits where requests come when they come, not as soon as the last
//! one was answered.

use crate::tally::{Outcome, Tally};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Requests in a second, over one connection.
pub(crate) const RATE: u32 = 1_000;

/// How long a server may leave one request unanswered: far longer than it ever does.
const PATIENCE: Duration = Duration::from_secs(10);

/// One path of one server, asked at a steady pace, under an id that ends in `/p99`: what is told is how long a client
/// waits, which one of 100 exceeds.
#[derive(Debug)]
pub struct Paced {
    pub(crate) id: &'static str,
    pub(crate) subject: &'static str,
    pub(crate) executes: String,
    server: SocketAddr,
    path: &'static str,
    status: u16,
}

/// What a load came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Waited {
    /// Nanoseconds within which 99 of 100 requests were answered.
    pub(crate) p99: f64,
    /// Passed: answered with the status that is right. Failed: answered with another.
    pub(crate) tally: Tally,
}

impl Paced {
    /// `path` of `server`, which is of `subject`: `ours` or a peer's name. `executes` says what a request has done;
    /// every answer has to have this status.
    pub fn new(
        id: &'static str,
        subject: &'static str,
        executes: impl Into<String>,
        (server, path): (SocketAddr, &'static str),
        status: u16,
    ) -> Self {
        Self { id, subject, executes: executes.into(), server, path, status }
    }

    /// Asks so many times.
    ///
    /// # Errors
    /// When nobody answers in HTTP/1.1, or an answer has another status.
    pub(crate) fn ask(&self, requests: u32) -> io::Result<Waited> {
        let stream = TcpStream::connect(self.server)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let request = format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", self.path, self.server);
        let mut tally = Tally::default();
        let begun = Instant::now();
        let mut times = Vec::new();
        for number in 0..requests {
            let due = begun + Duration::from_secs(1) / RATE * number;
            // A request that has to wait for the answer before it waits from when it was due; what this thread sleeps
            // too long is not the server's.
            let from = match due.checked_duration_since(Instant::now()) {
                Some(early) => {
                    thread::sleep(early);
                    Instant::now()
                }
                None => due,
            };
            (&stream).write_all(request.as_bytes())?;
            let right = answer(&mut reader)? == self.status;
            times.push(from.elapsed().as_nanos() as f64);
            tally.add(if right { Outcome::Passed } else { Outcome::Failed });
        }
        if !tally.is(Outcome::Passed) {
            return Err(io::Error::other(format!(
                "{} of {} measures others: {tally:?}",
                self.id, self.subject
            )));
        }
        Ok(Waited { p99: p99(times), tally })
    }
}

/// Reads one answer; its status.
fn answer(reader: &mut impl BufRead) -> io::Result<u16> {
    let bad = || io::Error::other("no answer in HTTP/1.1");
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status =
        line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()).ok_or_else(bad)?;
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().map_err(|_| bad())?;
            }
            Some(_) => {}
            None => break,
        }
    }
    io::copy(&mut reader.take(length), &mut io::sink())?;
    Ok(status)
}

fn p99(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    let rank = (times.len() as f64 * 0.99).ceil() as usize;
    times.get(rank.max(1) - 1).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn the_figure_is_the_time_that_one_of_a_hundred_exceeds() {
        assert_eq!(p99((1..=1_000).map(f64::from).collect()), 990.0);
        assert_eq!(p99(vec![7.0]), 7.0);
        assert!(p99(Vec::new()).is_nan());
    }

    /// A server that answers each of so many requests like that.
    fn serve(answer: &'static str, requests: u32) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        thread::spawn(move || {
            let (stream, _) = listener.accept().expect("somebody connects");
            let mut lines = BufReader::new(&stream).lines();
            for _ in 0..requests {
                while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
                (&stream).write_all(answer.as_bytes()).expect("somebody reads");
            }
        });
        address
    }

    #[test]
    fn answers_of_the_right_status_are_counted_and_others_are_an_error() {
        let unready = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno";
        let paced = |status| Paced::new("ready/p99", "ours", "", (serve(unready, 3), "/ready"), status);
        let waited = paced(503).ask(3).expect("it answers");
        assert_eq!(waited.tally, Tally { passed: 3, ..Tally::default() });
        assert!(waited.p99 > 0.0);
        assert!(paced(200).ask(3).is_err());
    }
}
