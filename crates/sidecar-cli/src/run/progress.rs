//! Progress on a terminal; nothing anywhere else.

use crate::input::Tally;
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A line on standard error that follows the counts.
pub(crate) struct Progress {
    bar: ProgressBar,
    tally: Arc<Mutex<Tally>>,
}

impl Progress {
    /// Starts showing; indicatif draws nothing when standard error is no terminal.
    pub(crate) fn start(tally: &Arc<Mutex<Tally>>) -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} lines, {per_sec}  {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, tally: Arc::clone(tally) }
    }

    pub(crate) fn show(&self) {
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let verdicts = tally.verdicts;
        self.bar.set_position(tally.lines);
        let malformed = match tally.malformed_total() {
            0 => String::new(),
            count => format!(", {count} malformed"),
        };
        self.bar.set_message(format!("{} passed, {} failed{malformed}", verdicts.passed, verdicts.failed));
    }

    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}
