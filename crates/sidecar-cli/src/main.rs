//! The `sidecar` program: observes a test run, or any program that prints events.
//!
//! It is the whole sidecar around one input: every line goes through admission, a lane, the worker, handlers
//! and metrics, while the endpoints already answer. See `sidecar --help`.

#![forbid(unsafe_code)]

mod args;
mod check_config;
mod failure;
mod input;
mod print;
mod run;
mod summary;

use args::{Cli, Command};
use clap::Parser;
use clap::error::ErrorKind;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            let _ = error.print();
            return ExitCode::from(if asked { 0 } else { failure::USAGE });
        }
    };
    let ended = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::CheckConfig { files } => check_config::check(&files),
    };
    ended.unwrap_or_else(|failure| {
        print::err(failure);
        ExitCode::from(failure::USAGE)
    })
}
