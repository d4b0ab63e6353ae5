//! Values that are no times of operations: what a process costs, in the unit that an id names.

use crate::report::{Line, Report};
use crate::rounds::{measure, median};
use crate::suite::Suite;
use crate::tally::{Outcome, Tally};
use std::process::ExitCode;
use std::{env, fs, io};

/// Rounds over all figures.
const ROUNDS: usize = 3;

/// A value under an id that names its unit.
#[derive(Debug)]
pub struct Figure {
    id: &'static str,
    executes: String,
}

impl Figure {
    /// `executes` says what runs while it is measured.
    pub fn new(id: &'static str, executes: impl Into<String>) -> Self {
        Self { id, executes: executes.into() }
    }
}

/// What a round says of one figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// In the unit that the id names.
    pub value: f64,
    /// Passed: what went as it was meant to.
    pub tally: Tally,
}

/// Measures `figures`, all of ours, as the command line says: one short round, unless it begins with one of
///
/// - `--interleaved FILE`: some rounds; prints the table and writes the medians to FILE, beside the floor of all suites;
/// - `--bench`: the same without a file;
/// - `--cases`: lists nothing, for here are no operations whose instructions could be counted.
///
/// A `round` is told whether it is to be short, and says something of each figure, in their order.
#[must_use]
pub fn figures(figures: &[Figure], mut round: impl FnMut(bool) -> io::Result<Vec<Reading>>) -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let ended = match arguments[..] {
        ["--cases", ..] => Ok(()),
        ["--interleaved", file, ..] => measured(figures, round).and_then(|json| fs::write(file, json + "\n")),
        ["--bench", ..] => measured(figures, round).map(drop),
        _ => round(true).map(|readings| {
            for (figure, reading) in figures.iter().zip(readings) {
                println!("{}: {:.2}, {}", figure.id, reading.value, reading.tally.mix(Outcome::Passed));
            }
        }),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the table; the results as JSON.
fn measured(
    figures: &[Figure],
    mut round: impl FnMut(bool) -> io::Result<Vec<Reading>>,
) -> io::Result<String> {
    let mut suite = Suite::new("floor");
    suite.cases.truncate(1);
    let floor = measure(&suite);
    let rounds = (0..ROUNDS).map(|_| round(false)).collect::<io::Result<Vec<_>>>()?;
    let report = report(figures, &Report::new(&suite, &floor), &rounds)?;
    println!("{}", report.table());
    println!(
        "What runs meanwhile; the values are in the unit that the id names, and their ratio says nothing:"
    );
    for Figure { id, executes } in figures {
        println!("- {id}: {executes}");
    }
    Ok(serde_json::to_string_pretty(&report)?)
}

/// The floor's line, and the median of each figure over the rounds.
fn report<'a>(figures: &'a [Figure], floor: &Report<'a>, rounds: &[Vec<Reading>]) -> io::Result<Report<'a>> {
    let lines = figures.iter().enumerate().map(|(place, figure)| {
        let of = |round: &Vec<Reading>| round.get(place).copied();
        let readings: Option<Vec<_>> = rounds.iter().map(of).collect();
        let readings = readings.ok_or_else(|| io::Error::other(format!("{}: not measured", figure.id)))?;
        let mut tally = Tally::default();
        readings.iter().for_each(|reading| tally += reading.tally);
        if !tally.is(Outcome::Passed) {
            return Err(io::Error::other(format!("{} measures something else: {tally:?}", figure.id)));
        }
        let mut values: Vec<_> = readings.iter().map(|reading| reading.value).collect();
        let middle = median(&mut values);
        let spread = (values[0], values[values.len() - 1]);
        let mix = tally.mix(Outcome::Passed);
        Ok(Line::new(figure.id, "ours", middle, floor.floor(), spread, mix))
    });
    let lines = lines.collect::<io::Result<Vec<_>>>()?;
    Ok(floor.with(lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(value: f64, refused: u64) -> Reading {
        Reading { value, tally: Tally { passed: 5_000, refused, failed: 0 } }
    }

    #[test]
    fn the_middle_of_the_rounds_stands_beside_the_floor() {
        let figures = [Figure::new("percent", ""), Figure::new("mb", "")];
        let rounds = [1.0, 4.0, 2.0].map(|value| vec![reading(value, 0), reading(value * 10.0, 1)]);
        let report = report(&figures, &Report::of(2.0, Vec::new()), &rounds).expect("all are there");
        let json = serde_json::to_value(&report).expect("numbers and texts");
        let line = |id: &str, ns: f64| serde_json::json!({"id": id, "subject": "ours", "ns": ns, "floor_ratio": ns / 2.0});
        let lines = [line("percent", 2.0), line("mb", 20.0)];
        assert_eq!(json, serde_json::json!({"floor_ns": 2.0, "results": lines}));
        let table = report.table();
        assert!(
            table.contains("| mb | ours | 20.00 | 10.00 | 10.00 to 40.00 | 15000 of 15003 passed |"),
            "{table}"
        );
    }

    #[test]
    fn what_went_otherwise_is_no_figure() {
        let figures = [Figure::new("percent", "")];
        let floor = Report::of(2.0, Vec::new());
        assert!(report(&figures, &floor, &[vec![reading(1.0, 100)]]).is_err());
        assert!(report(&figures, &floor, &[Vec::new()]).is_err());
    }
}
