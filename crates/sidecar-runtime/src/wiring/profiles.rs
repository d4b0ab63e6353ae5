//! Profiles on demand: taken by the profiler, asked for through the endpoints.

use crate::sidecar::SidecarHandle;
use sidecar_health::Lifecycle;
use sidecar_http::{ProfileFormat, ProfileRequest};
use sidecar_profiler::{CpuProfile, ProfileError};

/// Takes a profile on the calling thread; the error is for whoever asked.
pub(crate) fn take(sidecar: &SidecarHandle, request: ProfileRequest) -> Result<Vec<u8>, String> {
    // What is asked for on top of everything else is the first to be shed.
    let may_go_on = || why_not(sidecar).is_none();
    if let Some(reason) = why_not(sidecar) {
        return Err(reason.to_owned());
    }
    let profile = CpuProfile::take(request.duration, may_go_on).map_err(|error| match error {
        ProfileError::Stopped => why_not(sidecar).map_or_else(|| error.to_string(), str::to_owned),
        error => error.to_string(),
    })?;
    match request.format {
        ProfileFormat::Svg => profile.to_svg().map_err(|error| error.to_string()),
        _ => Ok(profile.to_pprof()),
    }
}

fn why_not(sidecar: &SidecarHandle) -> Option<&'static str> {
    if sidecar.profiler().is_over_budget().is_over() {
        return Some("the sidecar is over its budget");
    }
    let is_ending = matches!(sidecar.health().lifecycle(), Lifecycle::Draining | Lifecycle::Stopped);
    is_ending.then_some("the sidecar is stopping")
}
