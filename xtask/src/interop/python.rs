//! Python's `prometheus_client` reads the exposition back.
//!
//! It is installed into an environment of its own under `target/tools`, with what other parts need of Python: from the
//! package index and each in one version, whose file is known by its hash.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use super::AGAIN;
use crate::section::{Flow, Sections};
use crate::tools::is_installed;
use crate::workspace::Workspace;

/// What is installed: name, version and hash.
const PACKAGES: &[[&str; 3]] = &[
    ["prometheus_client", "0.26.0", "fa93d06737aa02bacd05794768508bb97d2fbee28cb3bca04eaae92f0ca953d6"],
    ["pytest", "8.3.5", "c69214aa47deac29fad6c2a4f590b9c4a9fdb16a403176fe154b79c0b4d4d820"],
    // What pytest needs itself, from Python 3.11.
    ["iniconfig", "2.3.1", "9121e2c1fdb355232495be3194c8dfe87ccc2d5dee45947b78e68f499790d7a7"],
    ["packaging", "26.4", "81383611a09c1bc0b08b76e0fd5829d7c6824c65b27a6aee339da133f4233ea2"],
    ["pluggy", "1.7.0", "7dd7b0d8832ba3cb632c306926ded123429211b83641b35dc5c41ad2d34f9bec"],
];

/// Says which versions of these are installed, or fails.
const ASK: &str = "import importlib.metadata as m, sys; print(*map(m.version, sys.argv[1:]))";

/// The tests that need it, by a part of their names; they read which interpreter has it from this variable.
const TESTS: &str = "python::";
const VARIABLE: &str = "SIDECAR_PYTHON";

pub(super) fn run(workspace: &Workspace, sections: &mut Sections, python: &Path) -> Flow {
    sections.run("interop python", AGAIN, || {
        // The same selection as the tests had, so that nothing is built twice.
        let arguments = ["test", "--workspace", "--all-features", "--test", "it", "--", TESTS];
        println!("$ {VARIABLE}={} cargo {}", python.display(), arguments.join(" "));
        Ok(workspace.cargo(&arguments).env(VARIABLE, python).run()?)
    })
}

/// The interpreter that has the packages, which are installed first if one is not there.
pub(super) fn interpreter(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    ensure!(is_installed("python3"), "python3 is not installed");
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
    let lines =
        PACKAGES.iter().map(|[name, version, hash]| format!("{name}=={version} --hash=sha256:{hash}\n"));
    fs::write(&wanted, lines.collect::<String>())?;
    let pip = "-m pip --disable-pip-version-check --quiet --retries 1 --timeout 15 install";
    let exactly = "--require-hashes --only-binary :all: --no-deps --requirement";
    let words = pip.split(' ').chain(exactly.split(' ')).map(OsStr::new);
    said(&python, words.chain([wanted.as_os_str()]))?;
    ensure!(is_there(&python), "what {} names is installed and not there", wanted.display());
    Ok(python)
}

fn is_there(python: &Path) -> bool {
    let names = PACKAGES.iter().map(|[name, ..]| *name);
    let versions: Vec<_> = PACKAGES.iter().map(|[_, version, _]| *version).collect();
    said(python, ["-c", ASK].into_iter().chain(names)).is_ok_and(|said| said.trim() == versions.join(" "))
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
