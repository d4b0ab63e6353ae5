//! The profiler from outside: scripted figures in virtual time, and this very process on Linux.

mod budget;
#[cfg(all(feature = "pprof", target_os = "linux"))]
mod cpu_profile;
mod governor;
#[cfg(feature = "serde")]
mod json;
#[cfg(target_os = "linux")]
mod linux;
mod own_share;
mod readings;
mod refresh;
mod script;
mod settings;
mod subscriber;
mod summary;
