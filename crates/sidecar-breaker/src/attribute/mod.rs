//! What stands behind `#[protected]`: the places in the code that have it, and their calls.

mod admitted;
mod names;
mod returned;
mod site;

pub use admitted::Admitted;
pub use returned::{Fallback, FallbackValue, Refuse, Refused};
pub use site::Site;
