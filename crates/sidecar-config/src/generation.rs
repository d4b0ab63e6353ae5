//! One whole state of the settings, and the reading that makes it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use figment::value::Value;

use crate::env::EnvMap;
use crate::error::{ConfigError, ConfigErrors, MAX_ERRORS, Warning, tidy};
use crate::flat::Flat;
use crate::layer::{Layer, merge};
use crate::origin::Origin;
use crate::provenance::{Provenance, origin_of, origin_of_key};
use crate::sections::Findings;
use crate::source;
use crate::validate::{Settings, judge, validate};

pub(crate) type Change<T> = Box<dyn Fn(&mut T) + Send + Sync>;

/// Effective keys and their values as text.
pub(crate) type Keys = BTreeMap<Vec<String>, String>;

/// A key and the program's value of it; `None` where the program left it unset.
pub(crate) type Pin = (Vec<String>, Option<Value>);

/// One whole state of the settings, and what there is to tell about it.
#[derive(Debug)]
pub struct Generation<T> {
    pub(crate) number: u64,
    pub(crate) settings: Arc<T>,
    pub(crate) keys: Keys,
    pub(crate) provenance: Provenance,
    pub(crate) warnings: Vec<Warning>,
    /// A file's text ends in the middle of a line.
    pub(crate) cut_off: bool,
}

impl<T> Generation<T> {
    /// Counted from 1; the same as before when a load changed no value.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Arc<T> {
        &self.settings
    }

    /// Every effective key with its value and where it came from.
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// What looked like a slip but is no error.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Whether a file gave a key here which none gives in `later`.
    pub(crate) fn says_more_than(&self, later: &Self) -> bool {
        let from_file = |provenance: &Provenance, key: &str| {
            provenance.get(key).is_some_and(|setting| setting.origin().path().is_some())
        };
        let mut given = self.provenance.iter().filter(|setting| setting.origin().path().is_some());
        given.any(|setting| !from_file(&later.provenance, setting.key()))
    }
}

/// Where the settings come from: read as often as one likes.
pub(crate) struct Recipe<T> {
    pub(crate) layers: Arc<Layers<T>>,
    /// Values that the program made.
    pub(crate) pins: Vec<Pin>,
}

/// What the builder was told.
pub(crate) struct Layers<T> {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) environment: Option<EnvMap>,
    pub(crate) code: Vec<Change<T>>,
}

impl<T: Settings> Layers<T> {
    /// The layers below code.
    fn read(&self) -> (Vec<Layer>, Findings) {
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
        (layers, findings)
    }
}

impl<T: Settings> Recipe<T> {
    /// Reads, merges and validates every layer, as generation `number`.
    pub(crate) fn read(&self, number: u64) -> Result<Generation<T>, ConfigErrors> {
        let (layers, mut findings) = self.layers.read();
        let merged = merge::<T>(&layers).unwrap_or_else(|error| {
            // After an error the layers lack what was wrong, which the type may miss.
            if findings.errors.is_empty() {
                let (origin, key) = (origin_of(&layers, &error.path), error.path.join("."));
                findings.errors.push(ConfigError::source(origin, format!("{key}: {}", error.kind)));
            }
            T::default()
        });
        let before = flat(&merged)?.settings();
        let mut settings = self.pinned(merged)?;
        self.layers.code.iter().for_each(|change| change(&mut settings));
        let after = flat(&settings)?;
        let keys = after.settings();

        let origin = |path: &[String]| {
            // An item of a list belongs to the list's setting.
            let mut prefixes = (1..=path.len()).rev().map(|length| &path[..length]);
            let setting = prefixes.find(|&prefix| keys.contains_key(prefix)).unwrap_or(path);
            let pinned = self.pins.iter().any(|(pin, _)| setting.starts_with(pin));
            if !pinned && before.get(setting) == keys.get(setting) {
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
        let provenance = Provenance::of(&keys, origin);
        let cut_off = layers.iter().any(|layer| layer.cut_off);
        let (settings, warnings) = (Arc::new(settings), findings.warnings);
        Ok(Generation { number, settings, keys, provenance, warnings, cut_off })
    }

    /// `settings` with the program's values in their places.
    fn pinned(&self, settings: T) -> Result<T, ConfigErrors> {
        if self.pins.is_empty() {
            return Ok(settings);
        }
        let mut flat = flat(&settings)?;
        self.pins.iter().for_each(|(path, value)| flat.put(path, value.clone()));
        flat.read().map_err(|error| ConfigError::source(Origin::Code, error).into())
    }
}

impl<T: Settings> Generation<T> {
    /// As generation 1, `given` in place of these settings, and its values that are the program's own: those at `keys`,
    /// and those that differ from these.
    pub(crate) fn edited(&self, given: T, keys: &[String]) -> Result<(Self, Vec<Pin>), ConfigErrors> {
        let flat = flat(&given)?;
        let own = flat.settings();
        // A map that was empty and is not any more is told by its entries.
        let is_map = |path: &[String]| matches!(flat.get(path), Some(Value::Dict(..)));
        let gone = self.keys.keys().filter(|path| !own.contains_key(*path) && !is_map(path));
        let is_own = |path: &&Vec<String>| {
            own.get(*path) != self.keys.get(*path) || keys.iter().any(|key| *key == path.join("."))
        };
        let pins: Vec<Pin> = own
            .keys()
            .chain(gone)
            .filter(is_own)
            .map(|path| (path.clone(), flat.get(path).cloned()))
            .collect();
        validate(&given)?;
        let origin = |path: &[String]| {
            let is_pinned = pins.iter().any(|(pin, _)| path == pin.as_slice());
            if is_pinned { Origin::Code } else { origin_of_key(&self.provenance, &path.join(".")) }
        };
        let provenance = Provenance::of(&own, origin);
        let (settings, warnings) = (Arc::new(given), self.warnings.clone());
        let first = Self { number: 1, settings, keys: own, provenance, warnings, cut_off: self.cut_off };
        Ok((first, pins))
    }
}

pub(crate) fn flat<T: Settings>(settings: &T) -> Result<Flat, ConfigErrors> {
    Flat::of(settings).map_err(|text| ConfigErrors::from(ConfigError::source(Origin::Code, text)))
}
