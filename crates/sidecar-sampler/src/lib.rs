//! Sampling decisions for events: exact rates per signal and per event type, changeable while running.
//!
//! The crate decides and nothing else: it counts no events and holds none. Every decision to keep an event
//! comes with the [`Probability`] it was made with, so that weighted counts stay unbiased.
//!
//! # Example
//! ```
//! use sidecar_sampler::Sampler;
//!
//! let sampler = Sampler::builder().rate("events", 0.0).event_type_rate("login", 1.0).build()?;
//! let login = sampler.intern("login");
//! assert_eq!(sampler.sample(login).map(|probability| probability.as_f64()), Some(1.0));
//! assert!(!sampler.should_sample("page_view"));
//! # Ok::<(), sidecar_sampler::SettingsError>(())
//! ```
//!
//! # How it works
//! A rate becomes a threshold in `0..=2^63`; an event is kept if a 63-bit draw lies below it, so that 0.0 and
//! 1.0 are exact. Thresholds stand in an array indexed by interned type. A type without a rate of its own
//! follows its [`Signal`], found from the beginning of its name.
//!
//! # Choosing settings
//! | signal | types | default rate |
//! | --- | --- | --- |
//! | `events` | every other | 0.1 |
//! | `traces` | `trace*`, `span*` | 0.05 |
//! | `profiling` | `profil*` | 0.01 |
//! | `test_events` | `test*` | 0.2 |
//! | `perf_metrics` | `perf*` | 0.05 |
//! | `debug_logs` | `debug*`, `log*` | 0.01 |
//!
//! When `events` is given and a type's signal is not, that type follows `events`; the defaults hold only
//! where neither is given.
//!
//! # Cost
//! A decision for an interned type is one atomic load and one draw from a generator of the calling thread: no
//! lock, no allocation, no system call. The first decision for a type, and the first after a change of rates,
//! works its threshold out anew.
//!
//! # Limits
//! Types beyond the bound of [`EventTypes`] share one entry, which follows the signal `events`. The generator
//! is SplitMix64: statistically sound, and no secret.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod builder;
mod draw;
mod rates;
mod sampler;
mod signal;

pub use builder::SamplerBuilder;
pub use sampler::Sampler;
pub use sidecar_core::{EventTypes, Probability, SettingsError, TypeId};
pub use signal::Signal;
