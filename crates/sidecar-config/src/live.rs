//! The loaded settings and the builder that loads them.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::Arc;

use crate::env::EnvMap;
use crate::error::{ConfigError, ConfigErrors, MAX_ERRORS, Warning, tidy};
use crate::flat::Flat;
use crate::layer::{Layer, merge};
use crate::origin::Origin;
use crate::provenance::{Provenance, origin_of};
use crate::sections::Findings;
use crate::source;
use crate::validate::{Settings, judge};

/// Loaded settings: complete, validated, cheap to clone.
///
/// A reader that calls [`Live::get`] holds one whole generation for as long as it likes.
pub struct Live<T> {
    current: Arc<Generation<T>>,
}

struct Generation<T> {
    number: u64,
    settings: Arc<T>,
    provenance: Provenance,
    warnings: Vec<Warning>,
}

impl<T: Settings> Live<T> {
    /// Says where the settings come from.
    pub fn builder() -> LiveBuilder<T> {
        LiveBuilder { files: Vec::new(), environment: None, code: Vec::new(), settings: PhantomData }
    }
}

impl<T> Live<T> {
    /// The settings.
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.current.settings)
    }

    /// The number of this generation of the settings, counted from 1.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.current.number
    }

    /// Every effective key with its value and where it came from.
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.current.provenance
    }

    /// What looked like a slip but is no error.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.current.warnings
    }
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self { current: Arc::clone(&self.current) }
    }
}

impl<T: fmt::Debug> fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("generation", &self.current.number)
            .field("settings", &self.current.settings)
            .finish_non_exhaustive()
    }
}

type Change<T> = Box<dyn Fn(&mut T) + Send + Sync>;

/// Where settings come from: the type's defaults, then files, then the environment, then code, each stronger
/// than the one before.
#[must_use = "nothing is read before load()"]
pub struct LiveBuilder<T> {
    files: Vec<PathBuf>,
    environment: Option<EnvMap>,
    code: Vec<Change<T>>,
    settings: PhantomData<fn() -> T>,
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

    /// Adds a change made by the program, above every other layer. A panic in it reaches the caller of
    /// [`load`](Self::load). Defaults to none.
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
        let mut findings = Findings::default();
        let mut layers: Vec<Layer> = Vec::new();
        for path in &self.files {
            let mut found = Findings::default();
            if let Some(mut layer) = source::read(path, T::SECTIONS, &mut found) {
                layer.check::<T>(&mut found);
                layers.push(layer);
            }
            tidy(&mut found.errors);
            findings.errors.append(&mut found.errors);
            findings.warnings.append(&mut found.warnings);
        }
        if let Some(environment) = &self.environment {
            for mut layer in environment.layers::<T>(&mut findings) {
                layer.check::<T>(&mut findings);
                layers.push(layer);
            }
        }

        let mut settings = merge::<T>(&layers).unwrap_or_else(|error| {
            // After an error the layers lack what was wrong, which the type may miss.
            if findings.errors.is_empty() {
                let (origin, key) = (origin_of(&layers, &error.path), error.path.join("."));
                findings.errors.push(ConfigError::source(origin, format!("{key}: {}", error.kind)));
            }
            T::default()
        });
        let flat = |settings: &T| {
            Flat::of(settings).map_err(|text| ConfigErrors::from(ConfigError::source(Origin::Code, text)))
        };
        let before = flat(&settings)?.settings();
        self.code.iter().for_each(|change| change(&mut settings));
        let after = flat(&settings)?;
        let effective = after.settings();

        let origin = |path: &[String]| {
            // An item of a list belongs to the list's setting.
            let mut prefixes = (1..=path.len()).rev().map(|length| &path[..length]);
            let setting = prefixes.find(|&prefix| effective.contains_key(prefix)).unwrap_or(path);
            if before.get(setting) == effective.get(setting) {
                origin_of(&layers, path)
            } else {
                Origin::Code
            }
        };
        // What the layers give is judged already, unless only their sum is wrong.
        let sound = findings.errors.is_empty();
        let refused = judge(&settings, &after).into_iter().map(|refused| (origin(&refused.path), refused));
        let refused = refused.filter(|(origin, _)| sound || *origin == Origin::Code);
        let mut errors: Vec<_> = refused
            .take(MAX_ERRORS + 1)
            .map(|(origin, refused)| {
                ConfigError::value(origin, refused.path.join("."), refused.value, refused.allowed)
            })
            .collect();
        tidy(&mut errors);
        findings.errors.append(&mut errors);
        ConfigErrors::of(findings.errors)?;
        let provenance = Provenance::of(&effective, origin);
        let generation =
            Generation { number: 1, settings: Arc::new(settings), provenance, warnings: findings.warnings };
        Ok(Live { current: Arc::new(generation) })
    }
}
