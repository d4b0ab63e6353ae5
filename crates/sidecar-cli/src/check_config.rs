//! `sidecar check-config`: what a configuration comes to.

use crate::failure::Failure;
use crate::print;
use sidecar_runtime::SidecarConfig;
use std::path::PathBuf;
use std::process::ExitCode;

/// Prints every effective key with its value and origin. A section that only resembles one of ours is an error
/// here: whoever checks a file wants to know.
pub(crate) fn check(files: &[PathBuf]) -> Result<ExitCode, Failure> {
    let loaded = SidecarConfig::load(files).map_err(Failure::new)?;
    if !loaded.warnings.is_empty() {
        let lines: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
        return Err(Failure::new(lines.join("\n")));
    }
    print::out(loaded.provenance.to_string().trim_end())?;
    Ok(ExitCode::SUCCESS)
}
