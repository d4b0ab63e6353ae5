//! Child processes: a program with its streams, one test alone, or a fork. None but the fork inherits a `SIDECAR_*`
//! variable, so a test's own surroundings do not matter.

mod alone;
mod collected;
#[cfg(unix)]
mod files;
#[cfg(unix)]
mod forked;
mod launch;
mod program;

pub use alone::{alone, alone_for};
#[cfg(unix)]
pub use files::allow_open_files;
#[cfg(unix)]
pub use forked::{Fork, fork, forked};
pub use launch::Launch;
pub use program::{Ended, Program};

use std::process::Command;

fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SIDECAR_") {
            command.env_remove(name);
        }
    }
}
