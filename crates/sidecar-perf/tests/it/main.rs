//! The monitor from outside, in virtual time.

mod brackets;
mod exits;
#[cfg(feature = "serde")]
mod json;
mod memory;
mod objectives;
mod operations;
mod regressions;
mod series;
mod settings;
mod slow;
#[cfg(feature = "tracing-layer")]
mod spans;
mod steps;
mod support;
mod threads;
#[cfg(feature = "tower")]
mod tower;
mod windows;

#[cfg(feature = "macros")]
mod attribute;
