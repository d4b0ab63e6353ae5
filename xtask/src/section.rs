//! Timed sections: a heading, the work, the time it took, and one line of totals for all of them.

use std::env;
use std::time::{Duration, Instant};

/// A section failed and has said so: nothing after it runs.
#[derive(Debug)]
pub(crate) struct Stop;

/// What a flow comes to.
pub(crate) type Flow = Result<(), Stop>;

/// The sections run so far.
#[derive(Debug)]
pub(crate) struct Sections {
    started: Instant,
    passed: Vec<(String, Duration)>,
    skipped: Vec<String>,
    failed: Option<String>,
    /// Whether a check that could be skipped has to run: where `CI` is `true`, its program is installed first.
    is_complete: bool,
}

impl Sections {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            passed: Vec::new(),
            skipped: Vec::new(),
            failed: None,
            is_complete: env::var_os("CI").is_some_and(|ci| ci == "true"),
        }
    }

    /// Runs one section. `again` is the command that runs it alone; a failure names it.
    pub(crate) fn run<T>(
        &mut self,
        name: impl Into<String>,
        again: &str,
        work: impl FnOnce() -> anyhow::Result<T>,
    ) -> Result<T, Stop> {
        let name = name.into();
        println!("\n=== {name} ===");
        let started = Instant::now();
        let outcome = work();
        let took = started.elapsed();
        match outcome {
            Ok(value) => {
                println!("    {name}: passed in {}", seconds(took));
                self.passed.push((name, took));
                Ok(value)
            }
            Err(error) => {
                println!("    {name}: FAILED after {}: {error:#}", seconds(took));
                println!("    run it again: {again}");
                self.failed = Some(name);
                Err(Stop)
            }
        }
    }

    /// Leaves a check out that this machine lacks the means for, and says so: a failure where `CI` is `true`.
    pub(crate) fn skip(&mut self, name: &str, why: &str) -> Flow {
        if self.is_complete {
            println!("\n{name}: FAILED: {why}, and where CI is true nothing is skipped");
            self.failed = Some(name.to_owned());
            return Err(Stop);
        }
        self.out_of_reach(name, why);
        Ok(())
    }

    /// As [`skip`](Self::skip), where what is missing lies outside any machine: nowhere a failure.
    pub(crate) fn out_of_reach(&mut self, name: &str, why: &str) {
        println!("\n{name}: skipped: {why}");
        self.skipped.push(name.to_owned());
    }

    /// The closing lines: one of totals, one that counts the sections.
    pub(crate) fn totals(&self) -> [String; 2] {
        let count = count(self.passed.len(), self.failed.as_deref(), &self.skipped);
        [totals(&self.passed, self.started.elapsed()), count]
    }
}

/// The whole time, and where the most of it went.
fn totals(passed: &[(String, Duration)], all: Duration) -> String {
    const NAMED: usize = 3;
    let mut slowest: Vec<_> = passed.iter().collect();
    slowest.sort_by_key(|(_, took)| std::cmp::Reverse(*took));
    let named: Vec<_> =
        slowest.iter().take(NAMED).map(|(name, took)| format!("{name} {}", seconds(*took))).collect();
    let slowest = if named.is_empty() { String::new() } else { format!("; longest: {}", named.join(", ")) };
    format!("\ntotal {}{slowest}", seconds(all))
}

fn count(passed: usize, failed: Option<&str>, skipped: &[String]) -> String {
    let count = match failed {
        None => format!("{passed} passed, 0 failed"),
        Some(name) => format!("{passed} passed, 1 failed: {name}"),
    };
    match skipped {
        [] => count,
        names => format!("{count}; {} skipped: {}", names.len(), names.join(", ")),
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_section_stops_the_flow_and_is_counted() {
        let mut sections = Sections::new();
        assert_eq!(sections.run("first", "cargo first", || Ok(7)).expect("it passes"), 7);
        let failed = sections.run("second", "cargo second", || anyhow::bail!("no"));
        assert!(matches!(failed, Err::<(), _>(Stop)));
        assert_eq!(sections.totals()[1], "1 passed, 1 failed: second");
    }

    #[test]
    fn the_closing_line_counts_the_sections() {
        let mut sections = Sections::new();
        for name in ["first", "second"] {
            sections.run(name, "cargo again", || Ok(())).expect("it passes");
        }
        assert_eq!(sections.totals()[1], "2 passed, 0 failed");
    }

    #[test]
    fn what_is_skipped_is_named_at_the_end_and_stops_nothing() {
        let mut sections = Sections { is_complete: false, ..Sections::new() };
        sections.skip("first", "its program is not installed").expect("the rest goes on");
        sections.out_of_reach("second", "nobody answers");
        assert_eq!(sections.totals()[1], "0 passed, 0 failed; 2 skipped: first, second");
    }

    #[test]
    fn where_everything_has_to_run_what_would_be_skipped_fails() {
        let mut sections = Sections { is_complete: true, ..Sections::new() };
        sections.out_of_reach("network", "nobody answers");
        assert!(sections.skip("first", "its program is not installed").is_err());
        assert_eq!(sections.totals()[1], "0 passed, 1 failed: first; 1 skipped: network");
    }

    #[test]
    fn the_line_of_totals_names_the_three_longest_sections() {
        let section = |name: &str, tenths: u64| (name.to_owned(), Duration::from_millis(100 * tenths));
        let passed = [section("a", 5), section("b", 42), section("c", 1), section("d", 7)];
        assert_eq!(
            totals(&passed, Duration::from_millis(5_600)),
            "\ntotal 5.6 s; longest: b 4.2 s, d 0.7 s, a 0.5 s"
        );
        assert_eq!(totals(&[], Duration::from_secs(1)), "\ntotal 1.0 s");
    }
}
