//! How the runtime behaves, from outside.

mod config;
