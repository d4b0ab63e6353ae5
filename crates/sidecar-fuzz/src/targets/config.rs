//! Configuration files: the bytes as a file of each format.

use sidecar_runtime::SidecarConfig;
use sidecar_runtime::config::Loaded;
use std::io::Write as _;
use tempfile::NamedTempFile;

pub(super) fn run(bytes: &[u8]) {
    for extension in [".yml", ".toml", ".json"] {
        let Some(Loaded { config, warnings, provenance, .. }) = load(bytes, extension) else { continue };
        config.validate().expect("what was loaded is valid");
        for warning in warnings {
            assert!(!warning.to_string().is_empty());
        }
        assert!(!provenance.to_string().is_empty());
        let written = serde_json::to_vec(&config).expect("settings can be written");
        load(&written, ".json").expect("what was loaded can be written and loaded again");
    }
}

fn load(bytes: &[u8], extension: &str) -> Option<Loaded> {
    let mut file = file(extension);
    file.write_all(bytes).expect("the file is ours");
    match SidecarConfig::load_with(&[file.path().to_owned()], [("", ""); 0]) {
        Ok(loaded) => Some(loaded),
        Err(errors) => {
            assert!(!errors.to_string().is_empty());
            None
        }
    }
}

fn file(extension: &str) -> NamedTempFile {
    tempfile::Builder::new().suffix(extension).tempfile().expect("a file in the folder for such files")
}
