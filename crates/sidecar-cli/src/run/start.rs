//! From the command line to a running sidecar.

use super::ingest;
use crate::args::RunArgs;
use crate::failure::Failure;
use crate::print;
use sidecar_runtime::{Sidecar, SidecarConfig, StartError, config};
use std::fs;
use std::path::{Path, PathBuf};

/// Longest token file, in bytes.
const MAX_TOKEN_BYTES: u64 = 4 << 10;

/// Starts the sidecar that the arguments describe. The program keeps every event whose rate is not configured.
pub(crate) fn start(args: &RunArgs) -> Result<Sidecar, Failure> {
    let loaded = SidecarConfig::load(&files(args)?).map_err(Failure::new)?;
    for warning in &loaded.warnings {
        print::err(format_args!("warning: {warning}"));
    }
    let token = args.token_file.as_deref().map(token).transpose()?;
    let mut builder = Sidecar::builder().config(loaded.config).keep_all();
    if let Some(address) = args.address() {
        builder = builder.http(address).http_settings(|http| {
            let http = http.allow_unauthenticated(args.allow_unauthenticated).ingest(ingest::take);
            let http = args.allowed_hosts.iter().fold(http, |http, host| http.allow_host(host));
            token.into_iter().fold(http, |http, token| http.token(token))
        });
    }
    builder.start().map_err(explain)
}

fn files(args: &RunArgs) -> Result<Vec<PathBuf>, Failure> {
    if !args.configs.is_empty() {
        return Ok(args.configs.clone());
    }
    let found = config::discover(".").map_err(Failure::new)?;
    if let Some(path) = &found {
        print::err(format_args!("configuration read from {}", path.display()));
    }
    Ok(found.into_iter().collect())
}

fn token(path: &Path) -> Result<String, Failure> {
    let unreadable = |error| Failure::new(format_args!("{}: {error}", path.display()));
    if fs::metadata(path).map_err(unreadable)?.len() > MAX_TOKEN_BYTES {
        return Err(Failure::new(format_args!("{}: a token is at most 4096 bytes", path.display())));
    }
    let token = fs::read_to_string(path).map_err(unreadable)?.trim().to_owned();
    if token.is_empty() {
        return Err(Failure::new(format_args!("{}: holds no token", path.display())));
    }
    Ok(token)
}

fn explain(error: StartError) -> Failure {
    match std::error::Error::source(&error) {
        Some(cause) => Failure::new(format_args!("{error}: {cause}")),
        None => Failure::new(error),
    }
}
