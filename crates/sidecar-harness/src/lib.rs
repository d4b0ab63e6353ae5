//! What the tests of all crates share. It is not published, and only `[dev-dependencies]` name it; what users
//! need to test their own programs does not belong here.
//!
//! | module | holds |
//! | --- | --- |
//! | [`alloc`] | an allocator that counts, thread by thread |
//! | [`draws`] | a random walk that a seed repeats |
//! | [`gate`] | a fault that hangs until it is told to go on |
//! | [`http`] | a client over a raw socket, polite or not |
//! | [`mod@named_tests`] | whether the tests exist that a document names |
//! | [`patience`] | waiting for what another thread or process does |
//! | [`process`] | child processes: a program, one test alone, or a fork |
//!
//! Virtual time is `sidecar_core::Clock::mock`: every builder takes it as it is.
//!
//! # Limits
//! A helper comes here once the tests of two crates need it, or when it needs `unsafe`, which stands nowhere
//! but in [`alloc`] and for the fork in [`process`]. Whatever goes wrong in a helper panics in the test that called it.

#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod alloc;
pub mod draws;
pub mod gate;
pub mod http;
pub mod named_tests;
pub mod patience;
pub mod process;

pub use draws::Draws;
pub use gate::Gate;
pub use named_tests::named_tests;
pub use patience::{PATIENCE, eventually, eventually_some};
