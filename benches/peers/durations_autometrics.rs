//! autometrics: a function with its attribute, whose histogram is that of the crate `prometheus`.

use autometrics::autometrics;
use std::hint::black_box;

pub(crate) const NAME: &str = "autometrics";
pub(crate) const USE: &str = "a function with #[autometrics], over prometheus";

#[autometrics]
pub(crate) fn nothing() {
    black_box(());
}
