//! Servers under load: what a request costs where the next one already waits.

use crate::paced::{Paced, RATE, Waited};
use crate::report::{Line, Report};
use crate::rounds::median;
use crate::tally::{Outcome, Tally};
use crate::wrk::{self, CONNECTIONS, Load};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs};

/// Rounds over all targets, and how many seconds each target is under load in one.
const ROUNDS: usize = 3;
const SECONDS: u64 = 4;

/// How long a server may leave one request unanswered: far longer than it ever does.
const PATIENCE: Duration = Duration::from_secs(10);

/// One path of one server, under an id.
#[derive(Debug)]
pub struct Target {
    id: &'static str,
    subject: &'static str,
    executes: String,
    server: SocketAddr,
    path: &'static str,
}

impl Target {
    /// `path` of `server`, which is of `subject`: `ours` or a peer's name. `executes` says what a request has done.
    pub fn new(
        id: &'static str,
        subject: &'static str,
        executes: impl Into<String>,
        (server, path): (SocketAddr, &'static str),
    ) -> Self {
        Self { id, subject, executes: executes.into(), server, path }
    }

    /// The whole answer to one request, which has to be a success.
    ///
    /// # Errors
    /// When nobody answers, or not with 200.
    pub fn ask(&self) -> io::Result<String> {
        let Self { server, path, .. } = self;
        let mut stream = TcpStream::connect(server)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n")?;
        let mut said = String::new();
        stream.read_to_string(&mut said)?;
        if said.starts_with("HTTP/1.1 200 ") {
            return Ok(said);
        }
        Err(io::Error::other(format!("{} of {}: {said}", self.id, self.subject)))
    }

    fn load(&self, seconds: u64) -> io::Result<Load> {
        let Self { id, subject, server, path, .. } = self;
        let load = wrk::load(&format!("http://{server}{path}"), seconds)?;
        if load.tally.is(Outcome::Passed) {
            return Ok(load);
        }
        Err(io::Error::other(format!("{id} of {subject} measures failures: {:?}", load.tally)))
    }
}

/// Runs a suite of targets, the first of which is the floor, as the command line says: each target is asked once, and
/// each of those that are asked at a steady pace for a moment, unless the command line begins with one of
///
/// - `--interleaved FILE`: rounds over all targets under load, and over all at their pace; prints the table and writes the results to FILE;
/// - `--bench`: the same without a file;
/// - `--cases`: lists nothing, for nobody counts the instructions of a server.
#[must_use]
pub fn under_load(targets: &[Target], paced: &[Paced]) -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let ended = match arguments[..] {
        ["--cases", ..] => Ok(()),
        ["--interleaved", file, ..] => measured(targets, paced).and_then(|json| fs::write(file, json + "\n")),
        ["--bench", ..] => measured(targets, paced).map(drop),
        _ => once(targets, paced),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Asks every target once; where `wrk` is there, it asks the floor for a moment, so that what it says is read.
fn once(targets: &[Target], paced: &[Paced]) -> io::Result<()> {
    for target in targets {
        println!("{} of {}: {} bytes", target.id, target.subject, target.ask()?.len());
    }
    for paced in paced {
        println!("{} of {}: {} requests", paced.id, paced.subject, paced.ask(RATE / 20)?.tally.total());
    }
    let Some(floor) = targets.first().filter(|_| wrk::is_installed()) else {
        println!("wrk is not installed: nothing is put under load");
        return Ok(());
    };
    println!("{} of {}: {} requests under load", floor.id, floor.subject, floor.load(1)?.tally.total());
    Ok(())
}

/// Prints the table; the results as JSON.
fn measured(targets: &[Target], paced: &[Paced]) -> io::Result<String> {
    let mut loads = vec![Vec::new(); targets.len()];
    let mut waits = vec![Vec::new(); paced.len()];
    // What is there only after the first requests is there before the first round.
    targets.iter().try_for_each(|target| target.load(1).map(drop))?;
    for _ in 0..ROUNDS {
        for (target, loads) in targets.iter().zip(&mut loads) {
            loads.push(target.load(SECONDS)?);
        }
        for (paced, waits) in paced.iter().zip(&mut waits) {
            waits.push(paced.ask(RATE * SECONDS as u32)?);
        }
    }
    let report = report(targets, &loads, paced, &waits);
    println!("{}", report.table());
    println!("What one request has done, {CONNECTIONS} connections asking at once:");
    for Target { id, subject, executes, .. } in targets {
        println!("- {id} of {subject}: {executes}");
    }
    println!("And one connection at {RATE} requests in a second:");
    for Paced { id, subject, executes, .. } in paced {
        println!("- {id} of {subject}: {executes}");
    }
    Ok(serde_json::to_string_pretty(&report)?)
}

/// The median of the rounds, and the lowest and the highest.
fn middle<T>(rounds: &[T], of: fn(&T) -> f64) -> (f64, (f64, f64)) {
    let mut values: Vec<_> = rounds.iter().map(of).collect();
    (median(&mut values), (values[0], values[values.len() - 1]))
}

/// Two lines for each target: the time of a request, and the time within which 99 of 100 were answered. The latter alone
/// for each that is asked at a steady pace.
fn report<'a>(
    targets: &'a [Target],
    loads: &[Vec<Load>],
    paced: &'a [Paced],
    waits: &[Vec<Waited>],
) -> Report<'a> {
    let floor = loads.first().map_or(f64::NAN, |loads| middle(loads, |load| load.ns).0);
    let lines = targets.iter().zip(loads).flat_map(|(target, loads)| {
        let mut tally = Tally::default();
        loads.iter().for_each(|load| tally += load.tally);
        let line = |id: String, of| {
            let (ns, spread) = middle(loads, of);
            Line::new(id, target.subject, ns, floor, spread, tally.mix(Outcome::Passed))
        };
        let id = target.id;
        [line(id.to_owned(), |load| load.ns), line(format!("{id}/p99"), |load| load.p99)]
    });
    let at_their_pace = paced.iter().zip(waits).map(|(paced, waits)| {
        let mut tally = Tally::default();
        waits.iter().for_each(|waited| tally += waited.tally);
        let (ns, spread) = middle(waits, |waited| waited.p99);
        Line::new(paced.id, paced.subject, ns, floor, spread, tally.mix(Outcome::Passed))
    });
    Report::of(floor, lines.chain(at_their_pace).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_target_is_the_floor_and_each_has_a_line_for_its_slow_requests() {
        let nowhere = (SocketAddr::from(([127, 0, 0, 1], 9)), "/");
        let targets = [("floor/hyper", "hyper"), ("/live", "ours")]
            .map(|(id, subject)| Target::new(id, subject, "", nowhere));
        let load = |ns, p99| Load { ns, p99, tally: Tally { passed: 10, ..Tally::default() } };
        let loads = [
            vec![load(9.0, 80.0), load(10.0, 100.0), load(30.0, 70.0)],
            vec![load(25.0, 200.0), load(20.0, 300.0), load(40.0, 250.0)],
        ];
        let paced = [Paced::new("/ready/p99", "ours", "", nowhere, 503)];
        let waited = |p99| Waited { p99, tally: Tally { passed: 5, ..Tally::default() } };
        let waits = [vec![waited(50.0), waited(70.0), waited(60.0)]];
        let report = report(&targets, &loads, &paced, &waits);
        let json = serde_json::to_value(&report).expect("numbers and texts");
        let line = |id: &str, subject: &str, ns: f64, floor_ratio: f64| serde_json::json!({"id": id, "subject": subject, "ns": ns, "floor_ratio": floor_ratio});
        let lines = [
            line("floor/hyper", "hyper", 10.0, 1.0),
            line("floor/hyper/p99", "hyper", 80.0, 8.0),
            line("/live", "ours", 25.0, 2.5),
            line("/live/p99", "ours", 250.0, 25.0),
            line("/ready/p99", "ours", 60.0, 6.0),
        ];
        assert_eq!(json, serde_json::json!({"floor_ns": 10.0, "results": lines}));
        let table = report.table();
        assert!(
            table.contains("| /live | ours | 25.00 | 2.50 | 20.00 to 40.00 | all 30 passed |"),
            "{table}"
        );
    }
}
