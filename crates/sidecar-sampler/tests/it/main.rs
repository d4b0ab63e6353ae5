//! What a sampler promises.

mod allocations;
mod anomalies;
mod boosts;
mod bounds;
mod concurrency;
mod keyed;
mod rates;
mod settings;
mod statistics;
mod stats;
mod support;
mod throttle;
mod updating;
mod weights;
