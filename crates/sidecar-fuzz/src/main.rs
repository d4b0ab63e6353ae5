//! Feeds bytes to the parsers: `cargo xtask fuzz` does it with libFuzzer, and without libFuzzer this program
//! takes the bytes from files, so that a crash can be followed with an ordinary build.
//!
//! ```text
//! cargo run --package sidecar-fuzz -- event_line target/fuzz/crashes/event_line-crash-1234
//! ```
//!
//! One program holds every target, because linking one is quicker than linking each. Under libFuzzer,
//! whose command line is its own, the variable `SIDECAR_FUZZ_TARGET` names the target.
//! `seeds` has a folder of inputs for each; the tests run all of them.

#![cfg_attr(fuzzing, no_main)]

mod program;
mod targets;

#[cfg(fuzzing)]
mod fuzzer {
    use crate::targets::{self, Target};
    use std::sync::LazyLock;

    static CHOSEN: LazyLock<&Target> = LazyLock::new(|| {
        let name = std::env::var("SIDECAR_FUZZ_TARGET").unwrap_or_default();
        targets::find(&name).unwrap_or_else(|| panic!("SIDECAR_FUZZ_TARGET={name:?} is no target"))
    });

    libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (CHOSEN.run)(bytes));
}

#[cfg(not(fuzzing))]
#[expect(clippy::print_stderr, reason = "a command line tool talks to its terminal")]
fn main() -> std::process::ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let target = arguments.next().and_then(|name| targets::find(name.to_str()?));
    let (Some(target), true) = (target, arguments.len() > 0) else {
        let names: Vec<_> = targets::ALL.iter().map(|target| target.name).collect();
        eprintln!("usage: sidecar-fuzz TARGET FILE...\ntargets: {}", names.join(", "));
        return std::process::ExitCode::from(2);
    };
    for file in arguments {
        let file = std::path::PathBuf::from(file);
        match std::fs::read(&file) {
            Ok(bytes) => (target.run)(&bytes),
            Err(error) => {
                eprintln!("{}: {error}", file.display());
                return std::process::ExitCode::from(2);
            }
        }
        eprintln!("{}: passed", file.display());
    }
    std::process::ExitCode::SUCCESS
}
