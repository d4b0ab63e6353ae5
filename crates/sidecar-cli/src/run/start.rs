//! From the command line to a running sidecar.

use super::ingest;
use crate::args::RunArgs;
use crate::failure::Failure;
use crate::input::SharedTally;
use crate::print;
use sidecar_runtime::{Sidecar, SidecarConfig, StartError, config};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Longest token file, in bytes.
const MAX_TOKEN_BYTES: u64 = 4 << 10;

/// Starts the sidecar that the arguments describe. The program keeps every event whose rate is not configured.
pub(crate) fn start(args: &RunArgs, tally: &SharedTally) -> Result<Sidecar, Failure> {
    let loaded = SidecarConfig::load(&files(args)?).map_err(Failure::new)?;
    for warning in &loaded.warnings {
        print::err(format_args!("warning: {warning}"));
    }
    let token = args.token_file.as_deref().map(token).transpose()?;
    let mut builder = Sidecar::builder().config(loaded.config).keep_all();
    if let Some(address) = args.address() {
        let tally = tally.clone();
        builder = builder.http(address).http_settings(|http| {
            let http = http.allow_unauthenticated(args.allow_unauthenticated);
            let http = http.ingest(move |sidecar, batch| ingest::take(sidecar, &tally, &batch));
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

/// The file may be a pipe, so its length is known only once it is read.
fn token(path: &Path) -> Result<String, Failure> {
    let mut token = String::new();
    let file = File::open(path).map(|file| file.take(MAX_TOKEN_BYTES + 1));
    let length = file
        .and_then(|mut file| file.read_to_string(&mut token))
        .map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))?;
    if length as u64 > MAX_TOKEN_BYTES {
        return Err(Failure::new(format_args!("{}: a token is at most 4096 bytes", path.display())));
    }
    match token.trim() {
        "" => Err(Failure::new(format_args!("{}: holds no token", path.display()))),
        token => Ok(token.to_owned()),
    }
}

fn explain(error: StartError) -> Failure {
    match std::error::Error::source(&error) {
        Some(cause) => Failure::new(format_args!("{error}: {cause}")),
        None => Failure::new(error),
    }
}
