mod documents;
mod errors;
mod fields;
mod layers;
mod mistakes;
mod mutations;
mod plain;
mod properties;
mod reference;

use std::path::{Path, PathBuf};

use sidecar_runtime::config::{Loaded, SidecarConfig};
use tempfile::TempDir;

const NO_VARIABLES: [(&str, &str); 0] = [];

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// A directory with one file in it, and the file's path.
fn file(name: &str, text: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(name);
    std::fs::write(&path, text).expect("a file");
    (directory, path)
}

fn load(name: &str, text: &str) -> Loaded {
    let (_directory, path) = file(name, text);
    SidecarConfig::load_with(&[path], NO_VARIABLES).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The error lines for one file, without its directory.
fn refused(name: &str, text: impl AsRef<[u8]>) -> Vec<String> {
    let (directory, path) = file(name, text);
    let errors = SidecarConfig::load_with(&[path], NO_VARIABLES).expect_err("refused");
    let prefix = format!("{}/", directory.path().display());
    errors.to_string().replace(&prefix, "").lines().map(str::to_owned).collect()
}
