//! Where the settings come from: files, the environment, the working directory.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use sidecar_config::{ConfigError, ConfigErrors, EnvMap, Live, Provenance, Warning};

use super::SidecarConfig;

/// The environment variables that are read, and the keys that they set. Others that begin with `SIDECAR_` are
/// ignored.
pub const VARIABLES: &[(&str, &str)] = &[
    ("SIDECAR_ENABLED", "runtime.sidecar.enabled"),
    ("SIDECAR_SAMPLE_EVENTS", "runtime.sidecar.sampling.events"),
    ("SIDECAR_SAMPLE_TRACES", "runtime.sidecar.sampling.traces"),
    ("SIDECAR_SAMPLE_PROFILING", "runtime.sidecar.sampling.profiling"),
    ("SIDECAR_CPU_BUDGET", "runtime.sidecar.resources.max_cpu_percent"),
    ("SIDECAR_MEMORY_BUDGET_MB", "runtime.sidecar.resources.max_memory_mb"),
    ("SIDECAR_MAX_QUEUE_SIZE", "runtime.sidecar.resources.max_queue_size"),
];

/// The names that [`discover`] looks for.
pub const FILE_NAMES: [&str; 2] = ["crossbridge.yml", "crossbridge.yaml"];

/// Where a configuration came from and what the program has set since: what a reload needs. It is no part of what the
/// configuration says, so configurations that differ in it alone are equal.
#[derive(Clone, Debug, Default)]
pub(crate) struct MadeOf {
    /// `None` if it was not loaded.
    live: Option<Live<SidecarConfig>>,
    /// Keys that setters have set, dotted.
    set: Vec<String>,
}

impl MadeOf {
    pub(super) fn note(&mut self, key: impl Into<String>) {
        self.set.push(key.into());
    }
}

impl PartialEq for MadeOf {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Loaded settings, and what there is to tell about them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The settings.
    pub config: SidecarConfig,
    /// Sections that resemble ours but are left alone.
    pub warnings: Vec<Warning>,
    /// Every effective key, its value and where it came from.
    pub provenance: Provenance,
}

impl SidecarConfig {
    /// The settings as a running sidecar has them: read again from the same places, with what the program has set above
    /// all of them.
    pub(crate) fn into_live(self) -> Result<Live<Self>, ConfigErrors> {
        let MadeOf { live, set } = self.made_of.clone();
        let live = live.map_or_else(|| Live::builder().load(), Ok)?;
        live.edited(self, &set)
    }

    /// Defaults, then this file, then the process's environment.
    ///
    /// Warnings are not returned: see [`load`](Self::load).
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn from_file(path: impl Into<PathBuf>) -> Result<Self, ConfigErrors> {
        Ok(Self::load(&[path.into()])?.config)
    }

    /// Defaults, then `files` (a later one is stronger), then the process's environment. Without files, the
    /// environment alone.
    ///
    /// # Errors
    /// Everything that is wrong in any file or variable, at once.
    pub fn load(files: &[PathBuf]) -> Result<Loaded, ConfigErrors> {
        load(files, EnvMap::new())
    }

    /// Like [`load`](Self::load), but reads `environment` instead of the process's.
    ///
    /// # Errors
    /// Everything that is wrong in any file or variable, at once.
    pub fn load_with<N, V>(
        files: &[PathBuf],
        environment: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Loaded, ConfigErrors>
    where
        N: Into<String>,
        V: Into<OsString>,
    {
        load(files, EnvMap::new().values(environment))
    }
}

fn load(files: &[PathBuf], environment: EnvMap) -> Result<Loaded, ConfigErrors> {
    let environment = VARIABLES.iter().fold(environment, |map, (variable, key)| map.var(*variable, *key));
    let builder = Live::<SidecarConfig>::builder().env(environment);
    let live = files.iter().fold(builder, |builder, file| builder.file(file)).load()?;
    let (warnings, provenance) = (live.warnings(), live.provenance());
    let mut config = SidecarConfig::clone(&live.get());
    config.made_of = MadeOf { live: Some(live), set: Vec::new() };
    Ok(Loaded { config, warnings, provenance })
}

/// The configuration file in `directory`: `crossbridge.yml` or `crossbridge.yaml`, if one is there.
///
/// # Errors
/// Both are there, or the directory cannot be looked into.
pub fn discover(directory: impl AsRef<Path>) -> Result<Option<PathBuf>, ConfigErrors> {
    let mut found = None;
    for path in FILE_NAMES.map(|name| directory.as_ref().join(name)) {
        match (fs::exists(&path), &found) {
            (Ok(false), _) => {}
            (Ok(true), None) => found = Some(path),
            (Ok(true), Some(first)) => {
                let message = format!("stands beside {}: only one may be there", first.display());
                return Err(ConfigError::file(path, message).into());
            }
            (Err(error), _) => return Err(ConfigError::file(path, format!("cannot be read: {error}")).into()),
        }
    }
    Ok(found)
}
