//! The program with all targets, built so that libFuzzer sees where each input goes.

use std::env;
use std::path::PathBuf;

use anyhow::Context as _;
use xshell::cmd;

use crate::tools::is_installed;
use crate::workspace::Workspace;

/// What `cargo fuzz --sanitizer none` asks the compiler for, and the `cfg` that brings libFuzzer in.
const FLAGS: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
];

/// Checks of overflow and `debug_assert!` stay, and there is enough speed to get somewhere.
const PROFILE: &[&str] = &[
    "profile.dev.debug=\"line-tables-only\"",
    "profile.dev.opt-level=1",
    // It is called at every comparison.
    "profile.dev.package.libfuzzer-sys.opt-level=3",
];

/// Whether libFuzzer can be built here; if not, why.
pub(super) fn possible() -> Result<(), &'static str> {
    if !cfg!(any(target_os = "linux", target_os = "macos")) {
        return Err("libFuzzer does not run on this system");
    }
    let compiler = env::var_os("CXX").unwrap_or_else(|| "c++".into());
    if is_installed(compiler) {
        Ok(())
    } else {
        Err("a C++ compiler, which libFuzzer is built with, is not installed")
    }
}

/// Builds it in a folder of its own: everything in it is built with other flags. Where it is then.
pub(super) fn run(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let host = host(workspace)?;
    let folder = workspace.metadata.target_directory.join("fuzz").join("build");
    let folder_text = folder.to_str().with_context(|| format!("{} is not UTF-8", folder.display()))?;
    // Naming the target keeps the flags from build scripts and macros, which are not fuzzed.
    let mut arguments =
        vec!["build", "--package", "sidecar-fuzz", "--target", &host, "--target-dir", folder_text];
    println!("$ cargo {}", arguments.join(" "));
    arguments.extend(PROFILE.iter().flat_map(|setting| ["--config", setting]));
    workspace.cargo(&arguments).env("RUSTFLAGS", flags(env::var("RUSTFLAGS").ok())).run()?;
    Ok(folder.join(&host).join("debug").join("sidecar-fuzz"))
}

/// Adds to the caller's flags instead of replacing them.
fn flags(callers: Option<String>) -> String {
    callers.as_deref().into_iter().chain(FLAGS.iter().copied()).collect::<Vec<_>>().join(" ")
}

/// The system that the compiler builds for when it is not told.
fn host(workspace: &Workspace) -> anyhow::Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = cmd!(workspace.shell, "{rustc} -vV").quiet().read()?;
    host_of(&version).map(str::to_owned).context("rustc does not name its host")
}

fn host_of(version: &str) -> Option<&str> {
    version.lines().find_map(|line| line.strip_prefix("host: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_flags_are_kept() {
        assert!(flags(None).starts_with("--cfg=fuzzing -Cpasses="));
        assert!(flags(Some("-Ctarget-cpu=native".into())).starts_with("-Ctarget-cpu=native --cfg=fuzzing "));
    }

    #[test]
    fn the_host_stands_in_the_long_version() {
        let version = "rustc 1.95.0\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\n";
        assert_eq!(host_of(version), Some("x86_64-unknown-linux-gnu"));
        assert_eq!(host_of("rustc 1.95.0\n"), None);
    }
}
