//! The breaker's contract, in virtual time.

mod allocations;
#[cfg(feature = "macros")]
mod attribute;
mod await_points;
mod by_hand;
mod calls;
mod clock_steps;
mod concurrency;
mod following;
mod futures;
mod half_open;
mod lifecycle;
mod listeners;
mod model;
mod open_time;
mod peers;
mod permits;
mod policies;
mod properties;
mod registry;
mod registry_races;
mod script;
mod settings;
mod slow_calls;
mod snapshot;
mod support;
mod switch;
mod table;
#[cfg(feature = "tower")]
mod tower;
mod update;
