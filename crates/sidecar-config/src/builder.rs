//! The builder that says where settings come from.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::env::EnvMap;
use crate::error::ConfigErrors;
use crate::generation::{Change, Layers, Recipe};
use crate::live::Live;
use crate::validate::Settings;

/// Where settings come from: the type's defaults, then files, then the environment, then code, each stronger
/// than the one before.
#[must_use = "nothing is read before load()"]
pub struct LiveBuilder<T> {
    files: Vec<PathBuf>,
    environment: Option<EnvMap>,
    code: Vec<Change<T>>,
}

impl<T> fmt::Debug for LiveBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveBuilder")
            .field("files", &self.files)
            .field("environment", &self.environment)
            .field("code", &self.code.len())
            .finish()
    }
}

impl<T: Settings> LiveBuilder<T> {
    pub(crate) fn new() -> Self {
        Self { files: Vec::new(), environment: None, code: Vec::new() }
    }

    /// Adds a file; a later one is stronger. The ending names the format: `.yml`, `.yaml`, `.toml`, `.json`.
    /// Defaults to no file.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push(path.into());
        self
    }

    /// Which variables to read. Defaults to none.
    pub fn env(mut self, environment: EnvMap) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Adds a change made by the program, above every other layer, at each load. A panic in it reaches the caller of
    /// [`load`](Self::load) or [`reload`](Live::reload). Defaults to none.
    pub fn code(mut self, change: impl Fn(&mut T) + Send + Sync + 'static) -> Self {
        self.code.push(Box::new(change));
        self
    }

    /// Reads, merges and validates every layer.
    ///
    /// # Errors
    /// Everything that is wrong in any layer, at once. A wrong value is reported also where a stronger layer
    /// hides it.
    pub fn load(self) -> Result<Live<T>, ConfigErrors> {
        let Self { files, environment, code } = self;
        let recipe = Recipe { layers: Arc::new(Layers { files, environment, code }), pins: Vec::new() };
        let first = recipe.read(1)?;
        Ok(Live::new(recipe, first))
    }
}
