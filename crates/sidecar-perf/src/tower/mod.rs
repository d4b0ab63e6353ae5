//! Operations that are calls of tower's services (feature `tower`).

mod future;
mod layer;
mod service;

pub use future::PerfFuture;
pub use layer::{ByResult, Classify, PerfLayer};
pub use service::PerfService;
