//! Progress on a terminal; nothing anywhere else.

use crate::input::SharedTally;
use crate::print;
use indicatif::{ProgressBar, ProgressStyle};
use std::fmt::Display;

/// A line on standard error that follows the counts. indicatif draws nothing when that is no terminal.
#[derive(Clone)]
pub(crate) struct Progress {
    bar: ProgressBar,
    tally: SharedTally,
}

impl Progress {
    /// Shows nothing yet.
    pub(crate) fn new(tally: SharedTally) -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} lines, {per_sec}  {msg}") {
            bar.set_style(style);
        }
        Self { bar, tally }
    }

    /// Shows the counts as they are now.
    pub(crate) fn show(&self) {
        let tally = self.tally.lock();
        let (lines, verdicts, malformed) = (tally.lines, tally.verdicts, tally.malformed_total());
        drop(tally);
        let malformed = if malformed == 0 { String::new() } else { format!(", {malformed} malformed") };
        self.bar.set_position(lines);
        self.bar.set_message(format!("{} passed, {} failed{malformed}", verdicts.passed, verdicts.failed));
        self.bar.tick();
    }

    /// Writes a line to standard error, beside the progress.
    pub(crate) fn say(&self, text: impl Display) {
        self.bar.suspend(|| print::err(text));
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
