//! Behaviour of the crate, by topic.

mod limits;
mod live;
mod reload;
mod shorthand;
#[cfg(unix)]
mod watching;
