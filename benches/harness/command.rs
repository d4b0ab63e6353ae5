//! The command line of a suite's program.

use crate::report::Report;
use crate::suite::{Case, Suite};
use crate::{closely, rounds};
use std::process::ExitCode;
use std::{env, fs, io};

/// Operations of each case where all that is asked is whether it works.
const ONCE: u64 = 64;

/// Operations of a case whose instructions are counted.
const COUNTED: u64 = 50_000;

/// The same two numbers where one operation is [long](Case::long).
const ONCE_LONG: u64 = 1;
const COUNTED_LONG: u64 = 10;

fn once(case: &Case) -> u64 {
    if case.is_long { ONCE_LONG } else { ONCE }
}

fn counted(case: &Case) -> u64 {
    if case.is_long { COUNTED_LONG } else { COUNTED }
}

/// Runs `suite` as the command line says: as criterion does, unless it begins with one of
///
/// - `--interleaved FILE`: rounds over all cases; prints the table and writes the results to FILE;
/// - `--smoke`: every case once, but for those that a smaller one stands for; also without any argument;
/// - `--cases`: lists the cases whose instructions can be counted, and how many operations `--count` runs;
/// - `--count ID SUBJECT`: runs one case that often, and nothing else.
#[must_use]
pub fn main(suite: &Suite) -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--interleaved", file, ..] => return exit(interleaved(suite, file)),
        ["--cases", ..] => list(suite),
        ["--count", id, subject, ..] => return exit(count(suite, id, subject)),
        // Cargo says `--bench` to what it runs as a benchmark, and nothing to what it runs as a test.
        [] | ["--smoke", ..] => smoke(suite),
        _ => closely::run(suite),
    }
    ExitCode::SUCCESS
}

fn interleaved(suite: &Suite, file: &str) -> io::Result<()> {
    let report = Report::new(suite, &rounds::measure(suite));
    println!("{}", report.table());
    println!("What one operation executes:");
    for case in &suite.cases {
        println!("- {} of {}: {}", case.id, case.subject, case.executes);
    }
    fs::write(file, serde_json::to_string_pretty(&report)? + "\n")
}

fn smoke(suite: &Suite) {
    for case in suite.cases.iter().filter(|case| !case.is_measured_only) {
        let tally = case.start().run(once(case)).tally;
        println!("{} of {}: {} operations", case.id, case.subject, tally.total());
    }
}

fn list(suite: &Suite) {
    for case in suite.cases.iter().filter(|case| case.is_counted) {
        println!("{}\t{}\t{}", case.id, case.subject, counted(case));
    }
}

fn count(suite: &Suite, id: &str, subject: &str) -> io::Result<()> {
    let case = suite.cases.iter().find(|case| case.id == id && case.subject == subject);
    let case = case.ok_or_else(|| io::Error::other(format!("there is no {id} of {subject}")))?;
    case.start().run(counted(case));
    Ok(())
}

fn exit(result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
