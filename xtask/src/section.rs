//! Timed sections: a heading, the work, the time it took, and one line of totals for all of them.

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
    failed: Option<String>,
}

impl Sections {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), passed: Vec::new(), failed: None }
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

    /// The closing lines: one of totals, one that counts the sections.
    pub(crate) fn totals(&self) -> [String; 2] {
        [totals(&self.passed, self.started.elapsed()), count(self.passed.len(), self.failed.as_deref())]
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

fn count(passed: usize, failed: Option<&str>) -> String {
    match failed {
        None => format!("{passed} passed, 0 failed"),
        Some(name) => format!("{passed} passed, 1 failed: {name}"),
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
