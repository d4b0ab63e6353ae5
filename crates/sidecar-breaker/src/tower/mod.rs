//! Calls through tower's services (feature `tower`).

mod classify;
mod future;
mod layer;
mod service;

pub use classify::{ByResult, Classify};
pub use future::BreakerFuture;
pub use layer::BreakerLayer;
pub use service::BreakerService;
