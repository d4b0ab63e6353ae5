//! Python's `prometheus_client` reads the exposition back.
//!
//! It is installed into an environment of its own under `target/tools`, from the package index and in one version,
//! whose file is known by its hash.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use super::AGAIN;
use crate::section::{Flow, Sections};
use crate::tools::is_installed;
use crate::workspace::Workspace;

const NAME: &str = "interop python";

const VERSION: &str = "0.26.0";
const HASH: &str = "sha256:fa93d06737aa02bacd05794768508bb97d2fbee28cb3bca04eaae92f0ca953d6";

/// Says the version that is installed, or fails.
const ASK: &str = "import importlib.metadata as m; print(m.version('prometheus_client'))";

/// The tests that need it, by a part of their names; they read which interpreter has it from this variable.
const TESTS: &str = "python::";
const VARIABLE: &str = "SIDECAR_PYTHON";

pub(super) fn run(workspace: &Workspace, sections: &mut Sections) -> Flow {
    if !is_installed("python3") {
        return sections.skip(NAME, "python3 is not installed");
    }
    let python = match interpreter(workspace) {
        Ok(python) => python,
        Err(why) => return sections.skip(NAME, &format!("{why:#}")),
    };
    sections.run(NAME, AGAIN, || {
        // The same selection as the tests had, so that nothing is built twice.
        let arguments = ["test", "--workspace", "--all-features", "--test", "it", "--", TESTS];
        println!("$ {VARIABLE}={} cargo {}", python.display(), arguments.join(" "));
        Ok(workspace.cargo(&arguments).env(VARIABLE, &python).run()?)
    })
}

/// The interpreter that has the library, which is installed first if it is not there.
fn interpreter(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.metadata.target_directory.join("tools").join("python");
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if is_there(&python) {
        return Ok(python);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    said("python3", ["-m".as_ref(), "venv".as_ref(), folder.as_os_str()])?;
    let wanted = folder.join("requirements.txt");
    fs::write(&wanted, format!("prometheus_client=={VERSION} --hash={HASH}\n"))?;
    let pip = "-m pip --disable-pip-version-check --quiet --retries 1 --timeout 15 install";
    let exactly = "--require-hashes --only-binary :all: --no-deps --requirement";
    let words = pip.split(' ').chain(exactly.split(' ')).map(OsStr::new);
    said(&python, words.chain([wanted.as_os_str()]))?;
    ensure!(is_there(&python), "prometheus_client {VERSION} is installed and cannot be imported");
    Ok(python)
}

fn is_there(python: &Path) -> bool {
    said(python, ["-c", ASK]).is_ok_and(|version| version.trim() == VERSION)
}

/// What a program prints; where it fails, its last line of complaint is the error.
fn said(
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> anyhow::Result<String> {
    let output = Command::new(&program).args(arguments).stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("cannot start {}", program.as_ref().display()))?;
    let [printed, complained] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let last = complained.lines().rev().find(|line| !line.trim().is_empty());
    ensure!(output.status.success(), "{}: {}", program.as_ref().display(), last.unwrap_or(&printed));
    Ok(printed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_told_by_its_last_words() {
        let error =
            said("sh", ["-c", "echo first >&2; echo second >&2; echo >&2; exit 3"]).expect_err("it fails");
        assert_eq!(error.to_string(), "sh: second");
        assert_eq!(said("sh", ["-c", "echo printed"]).expect("it succeeds"), "printed\n");
        assert!(!is_there(Path::new("xtask-no-such-program")));
    }
}
