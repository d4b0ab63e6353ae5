//! What a sampler promises.

mod rates;
mod statistics;
