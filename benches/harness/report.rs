//! Results as a table to read and as JSON to compare.

use crate::floors::FLOOR;
use crate::rounds::{BATCHES, Measured, ROUNDS};
use crate::suite::{Case, Suite};
use serde::Serialize;
use std::borrow::Cow;

/// The results of a suite.
#[derive(Debug, Serialize)]
pub(crate) struct Report<'a> {
    floor_ns: f64,
    results: Vec<Line<'a>>,
}

/// One result.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line<'a> {
    id: Cow<'a, str>,
    subject: &'a str,
    ns: f64,
    floor_ratio: f64,
    #[serde(skip)]
    spread: (f64, f64),
    #[serde(skip)]
    mix: String,
}

impl<'a> Report<'a> {
    /// The results of `suite`, in its order.
    pub(crate) fn new(suite: &'a Suite, measured: &[Measured]) -> Self {
        let cases = || suite.cases.iter().zip(measured);
        let floor = cases().find(|(case, _)| case.id == FLOOR).map_or(f64::NAN, |(_, floor)| floor.ns);
        let line = |(case, measured): (&'a Case, &Measured)| {
            let spread = (measured.lowest, measured.highest);
            Line::new(case.id, case.subject, measured.ns, floor, spread, mix(measured, case))
        };
        Self::of(floor, cases().map(line).collect())
    }

    /// These results, in this order.
    pub(crate) fn of(floor: f64, results: Vec<Line<'a>>) -> Self {
        Self { floor_ns: rounded(floor), results }
    }

    /// The floor's nanoseconds.
    pub(crate) fn floor(&self) -> f64 {
        self.floor_ns
    }

    /// These results, and more after them.
    pub(crate) fn with(&self, results: Vec<Line<'a>>) -> Self {
        let results = self.results.iter().cloned().chain(results).collect();
        Self { floor_ns: self.floor_ns, results }
    }

    /// A table in Markdown.
    pub(crate) fn table(&self) -> String {
        let mut table = "| id | subject | ns | ratio | lowest to highest | operations |\n".to_owned();
        table += "| --- | --- | ---: | ---: | ---: | --- |\n";
        for Line { id, subject, ns, floor_ratio, spread: (lowest, highest), mix } in &self.results {
            table += &format!(
                "| {id} | {subject} | {ns:.2} | {floor_ratio:.2} | {lowest:.2} to {highest:.2} | {mix} |\n"
            );
        }
        table
    }
}

impl<'a> Line<'a> {
    /// `ns` beside its floor, from the lowest to the highest of its rounds.
    pub(crate) fn new(
        id: impl Into<Cow<'a, str>>,
        subject: &'a str,
        ns: f64,
        floor: f64,
        spread: (f64, f64),
        mix: String,
    ) -> Self {
        Self { id: id.into(), subject, ns: rounded(ns), floor_ratio: rounded(ns / floor), spread, mix }
    }
}

/// To hundredths: nobody can measure more.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// What the operations came to, and what was not as it should be.
fn mix(measured: &Measured, case: &Case) -> String {
    let mix = measured.tally.mix(case.expected);
    match measured.in_turns {
        0 => mix,
        in_turns => format!("{mix}; threads took turns in {in_turns} of {} batches", ROUNDS * BATCHES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::{Outcome, Tally, repeat};

    fn suite() -> (Suite, Vec<Measured>) {
        let mut suite = Suite::new("some");
        suite.cases.truncate(1);
        suite.add(Case::new("call", "ours", "a call", || |n| repeat(n, |_| Outcome::Passed)));
        let measured = |ns, passed| Measured {
            ns,
            lowest: ns - 1.0,
            highest: ns + 1.0,
            tally: Tally { passed, failed: 0, refused: 1_000 - passed },
            in_turns: u64::from(passed < 1_000),
        };
        (suite, vec![measured(5.0, 1_000), measured(12.5, 999)])
    }

    #[test]
    fn the_json_holds_times_and_their_ratios_to_the_floor() {
        let (suite, measured) = suite();
        let json = serde_json::to_value(Report::new(&suite, &measured)).expect("numbers and texts");
        let line = |id: &str, subject: &str, ns: f64, floor_ratio: f64| serde_json::json!({"id": id, "subject": subject, "ns": ns, "floor_ratio": floor_ratio});
        let lines = [line("floor/fetch-add", "std", 5.0, 1.0), line("call", "ours", 12.5, 2.5)];
        assert_eq!(json, serde_json::json!({"floor_ns": 5.0, "results": lines}));
    }

    #[test]
    fn the_table_says_what_the_operations_came_to() {
        let (suite, measured) = suite();
        let table = Report::new(&suite, &measured).table();
        assert!(
            table.contains("| floor/fetch-add | std | 5.00 | 1.00 | 4.00 to 6.00 | all 1000 passed |"),
            "{table}"
        );
        assert!(
            table.contains("| call | ours | 12.50 | 2.50 | 11.50 to 13.50 | 999 of 1000 passed; threads took turns in 1 of 63 batches |"),
            "{table}"
        );
    }
}
