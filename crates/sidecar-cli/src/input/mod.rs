//! From bytes to events: lines, what each of them says, and a count of those that say nothing.

mod event_line;
mod feed;
mod format;
mod libtest;
mod lines;
mod malformed;
mod object;
mod tally;
mod verdict;

pub(crate) use event_line::parse_batch;
pub(crate) use feed::Feed;
pub(crate) use format::Format;
pub(crate) use lines::Lines;
pub(crate) use malformed::Malformed;
pub(crate) use tally::{SharedTally, Tally};
pub(crate) use verdict::{Verdict, Verdicts};
