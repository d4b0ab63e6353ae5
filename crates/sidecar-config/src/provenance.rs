//! Every effective key with its value and where it came from.

use std::collections::BTreeMap;
use std::fmt;

use crate::layer::Layer;
use crate::origin::Origin;

/// One effective setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    key: String,
    value: String,
    origin: Origin,
}

impl Setting {
    /// The key, dotted.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value, as text: `0.1`, `"text"`, `[0.5, 0.99]`, `not set`.
    #[must_use]
    pub fn value_text(&self) -> &str {
        &self.value
    }

    /// Which layer gave it.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.key, self.value, self.origin)
    }
}

/// Every effective setting, sorted by key. Displayed as one line per key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance(Vec<Setting>);

impl Provenance {
    pub(crate) fn of(settings: &BTreeMap<Vec<String>, String>, origin: impl Fn(&[String]) -> Origin) -> Self {
        let setting = |(path, value): (&Vec<String>, &String)| Setting {
            key: path.join("."),
            value: value.clone(),
            origin: origin(path),
        };
        Self(settings.iter().map(setting).collect())
    }

    /// The settings in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Setting> {
        self.0.iter()
    }

    /// The setting with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.0.iter().find(|setting| setting.key == key)
    }
}

impl<'a> IntoIterator for &'a Provenance {
    type Item = &'a Setting;
    type IntoIter = std::slice::Iter<'a, Setting>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|setting| writeln!(f, "{setting}"))
    }
}

/// The strongest of `layers` that gives `path`, or a value in place of a map around it.
pub(crate) fn origin_of(layers: &[Layer], path: &[String]) -> Origin {
    let given = layers.iter().rev().find(|layer| layer.gives(path));
    given.map_or(Origin::Default, |layer| {
        layer.origin.at(layer.root.find(path).and_then(|found| found.entry.line))
    })
}

/// Where `key` (dotted) comes from now.
pub(crate) fn origin_of_key(provenance: &Provenance, key: &str) -> Origin {
    provenance.get(key).map_or(Origin::Default, |setting| setting.origin.clone())
}
