//! The environment as a layer: which variable sets which key.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;

use crate::error::ConfigError;
use crate::layer::Layer;
use crate::origin::Origin;
use crate::sections::Findings;
use crate::validate::Settings;

type Reader = Box<dyn Fn(&str) -> Option<OsString> + Send + Sync>;

/// Which environment variable sets which key. Variables that are not named here are ignored.
///
/// The text of a variable becomes what its key needs: a flag may be `true`, `yes`, `on`, `1` or their
/// opposites, in any case. A variable that is empty or blank counts as not set, since orchestrators pass
/// unset ones on that way.
pub struct EnvMap {
    variables: Vec<(String, String)>,
    read: Reader,
}

impl EnvMap {
    /// No variables yet; values are read from the process's environment at each load.
    #[must_use]
    pub fn new() -> Self {
        Self { variables: Vec::new(), read: Box::new(|name| std::env::var_os(name)) }
    }

    /// `variable` sets `key` (dotted).
    #[must_use]
    pub fn var(mut self, variable: impl Into<String>, key: impl Into<String>) -> Self {
        self.variables.push((variable.into(), key.into()));
        self
    }

    /// Reads these values instead of the process's environment. Defaults to the process's environment.
    #[must_use]
    pub fn values<N, V>(mut self, values: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<OsString>,
    {
        let values: HashMap<String, OsString> =
            values.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        self.read = Box::new(move |name| values.get(name).cloned());
        self
    }

    /// One layer per variable that is set, so that an error knows its variable.
    pub(crate) fn layers<T: Settings>(&self, findings: &mut Findings) -> Vec<Layer> {
        let mut layers = Vec::new();
        for (variable, key) in &self.variables {
            let Some(value) = (self.read)(variable) else { continue };
            let origin = Origin::Variable(variable.clone());
            match value.into_string() {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => {
                    let path: Vec<&str> = key.split('.').collect();
                    layers.push(Layer::variable::<T>(origin, &path, text.trim()));
                }
                Err(value) => findings.errors.push(ConfigError::value(
                    origin,
                    key.clone(),
                    format!("{value:?}"),
                    "UTF-8".to_owned(),
                )),
            }
        }
        layers
    }
}

impl Default for EnvMap {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for EnvMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvMap").field("variables", &self.variables).finish_non_exhaustive()
    }
}
