//! Sampling decisions for events: exact rates per signal and per event type, changeable while running.
//!
//! The crate decides and nothing else: it counts no events and holds none. Every decision to keep an event
//! comes with the [`Probability`] it was made with, so that weighted counts stay unbiased.
//!
//! # Example
//! ```
//! use sidecar_sampler::{Anomaly, Sampler};
//! use std::time::Duration;
//!
//! let sampler = Sampler::builder().rate("events", 0.0).event_type_rate("login", 1.0).build()?;
//! let login = sampler.intern("login");
//! assert_eq!(sampler.sample(login).map(|probability| probability.as_f64()), Some(1.0));
//! assert!(!sampler.should_sample("page_view"));
//!
//! // All events of a run, or none of them, in every process that decides by the run's id.
//! sampler.set_rate("test_events", 0.5)?;
//! let end = sampler.intern("test_end");
//! assert_eq!(sampler.sample_keyed(end, b"run-42"), sampler.sample_keyed(end, b"run-42"));
//!
//! // A closer look, for a minute: asked for, or after the fifth anomaly.
//! sampler.boost("test_events", 2.0, Duration::from_secs(60));
//! assert_eq!(sampler.rate(end), 1.0);
//! sampler.report_anomaly("events", Anomaly::Error);
//! # Ok::<(), sidecar_sampler::SettingsError>(())
//! ```
//!
//! # How it works
//! A rate becomes a threshold in `0..=2^63`; an event is kept if a 63-bit draw lies below it, so that 0.0 and
//! 1.0 are exact. Thresholds stand in an array indexed by interned type. A type without a rate of its own
//! follows its [`Signal`], found from the beginning of its name.
//!
//! **Keys.** With [`sample_keyed`](Sampler::sample_keyed) the draw is a hash of the key: SipHash-2-4, with a salt
//! that is a hash of the type's name. So a decision is the same in every thread, process, release and machine of
//! either byte order; what is kept at one rate is kept at every higher one, also while a boost lasts; and the keys
//! that one type keeps are independent of those that another keeps.
//!
//! **Boosts.** [`boost`](Sampler::boost) multiplies the rates of a signal or of one type for a while, at most to
//! 1.0. Anomalies do it for you: once enough of a signal's are [reported](Sampler::report_anomaly) within a window,
//! its boost begins; after its end a cool-down holds off the next. Boosts end without a thread: a boosted
//! threshold is marked as one, and whoever meets it looks at the clock.
//!
//! **Throttle.** [`set_throttle`](Sampler::set_throttle) multiplies every threshold, for whoever keeps a budget.
//! [`decide`](Sampler::decide) then tells apart, by the same draw, what the rate left out and what the throttle
//! took: [`Decision::SampledOut`] is by design, [`Decision::Throttled`] is a loss to be counted.
//!
//! **Changes.** A decision reads a threshold once and the throttle once, before the draw, and records what follows
//! from the two. So each kept event's weight is right however rates, boosts and throttle change in between, even
//! where a change depends on what was kept before.
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
//! where neither is given. A boost of `events` does not reach such a type: rates are inherited, boosts are not.
//!
//! | setting | range | default | |
//! | --- | --- | --- | --- |
//! | `adaptive` | | `true` | whether anomalies boost |
//! | `anomaly_threshold` | 1 to 1 000 | 5 | how many of a signal boost it |
//! | `anomaly_window` | 1 ms to a day | 60 s | how long each counts |
//! | `boost_factor` | 1.0 to 1 000.0 | 5.0 | what the rate is multiplied by |
//! | `boost_duration` | 1 ms to a day | 60 s | how long that lasts |
//! | `boost_cooldown` | 0 to a day | 60 s | how long after it anomalies begin no other |
//!
//! With these, anomalies without end keep a signal boosted half of the time.
//!
//! # Cost
//! A decision for an interned type is two atomic loads and one draw from a generator of the calling thread: no
//! lock, no allocation, no system call. One by key hashes the key instead: two rounds for each 8 bytes and six
//! more; no name is hashed. While a type is boosted, its decisions read the clock too. The first decision for a
//! type, and the first after a change of rates or boosts, works its threshold out anew; the first after the end of
//! a boost also clears the array of thresholds.
//!
//! Reporting an anomaly takes a lock of its signal for a few instructions, and that of changes where it begins a
//! boost. Changing rates or boosts copies what is configured and takes that lock.
//!
//! # Limits
//! - Types beyond the bound of [`EventTypes`] share one entry, which follows the signal `events` and has one salt:
//!   by key they decide otherwise than where they have a place.
//! - At most 1 024 types have a rate of their own, and at most 64 a boost of their own at the same time.
//! - The generator is SplitMix64: statistically sound, and no secret. Neither are the salts: who may choose keys can
//!   choose some that are kept.
//! - A change reaches another thread's next decision, not one that it is in the middle of. Two changes are seen
//!   one after the other.
//! - Where the monotonic clock goes back behind the beginning of a boost, the boost ends.
//!
//! # Features
//! `serde` (off): `Serialize` for [`SamplerStats`] and what it holds.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod adaptive;
mod anomalies;
mod boosts;
mod builder;
mod decision;
mod draw;
mod plan;
mod rates;
mod salts;
mod sampler;
mod shared;
mod signal;
mod siphash;
mod slots;
mod stats;

pub use adaptive::{
    AdaptiveSettings, DEFAULT_ANOMALY_THRESHOLD, DEFAULT_ANOMALY_WINDOW, DEFAULT_BOOST_COOLDOWN,
    DEFAULT_BOOST_DURATION, DEFAULT_BOOST_FACTOR,
};
pub use anomalies::{Anomaly, AnomalyCounts};
pub use builder::SamplerBuilder;
pub use decision::Decision;
pub use sampler::Sampler;
pub use sidecar_core::{Clock, EventTypes, Probability, SettingsError, TypeId};
pub use signal::Signal;
pub use stats::{BoostedType, SamplerStats, SignalStats};
