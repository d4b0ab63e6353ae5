//! What the suites share: a table of benchmarks, and the ways to run it.
//!
//! A suite is a file beside this folder: it fills a [`Suite`] with [`Case`]s - ours, and each peer under the
//! ids whose contract it meets - and hands it to [`main`]. Every way of running uses the same closures:
//!
//! - interleaved, for figures to quote: seven rounds over all cases, the median of each, beside the floor of
//!   the same run;
//! - under criterion, to look at one case closely;
//! - once, to see that everything still works;
//! - under callgrind, for the number of instructions.
//!
//! Servers are [`Target`]s instead, which `wrk` puts [under load](under_load), and [`Paced`], which are asked at a
//! steady pace. What a whole process costs is a [`Figure`], read [from outside](cpu).
//!
//! Each operation says what it came to, and each case says what its operations must come to. A breaker that
//! refuses is fast: a figure whose operations were not those that it claims is never printed.

#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![expect(clippy::print_stdout, reason = "a benchmark talks to its terminal")]

mod closely;
mod command;
mod figures;
mod floors;
mod load;
mod outside;
mod paced;
mod pair;
mod report;
mod rounds;
mod suite;
mod tail;
mod tally;
mod wrk;

pub use command::main;
pub use figures::{Figure, Reading, figures};
pub use load::{Target, under_load};
pub use outside::{Used, cpu, peak_resident_bytes};
pub use paced::Paced;
pub use pair::{Padded, pair};
pub use suite::{Case, Suite};
pub use tail::{SAMPLES, at_quantile};
pub use tally::{Batch, Outcome, Tally, repeat, run, timed};
