//! Requests to a running sidecar.

use sidecar_harness::http::{self, Reply};
use sidecar_runtime::Sidecar;

#[track_caller]
pub(crate) fn get(sidecar: &Sidecar, path: &str) -> Reply {
    http::get(sidecar.local_addr().expect("it serves"), path)
}
