//! Where the pieces meet: each file joins two of them, and holds no algorithm of its own.

pub(crate) mod alerts;
pub(crate) mod anomalies;
pub(crate) mod attributes;
pub(crate) mod breakers;
#[cfg(feature = "http")]
pub(crate) mod endpoints;
pub(crate) mod gate;
pub(crate) mod governor;
pub(crate) mod live;
pub(crate) mod memory;
pub(crate) mod operations;
#[cfg(feature = "http")]
pub(crate) mod overview;
#[cfg(feature = "pprof")]
pub(crate) mod profiles;
pub(crate) mod sources;
pub(crate) mod ticker;
pub(crate) mod vitals;
