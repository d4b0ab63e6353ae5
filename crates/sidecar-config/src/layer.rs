//! One layer: where it came from, what it says, and what is wrong with it.

use figment::error::Kind;
use figment::providers::Serialized;
use figment::value::{Dict, Map};
use figment::{Figment, Metadata, Profile, Provider};

use crate::error::{ConfigError, MAX_ERRORS, tidy};
use crate::flat::Flat;
use crate::node::{Found, Node};
use crate::origin::Origin;
use crate::sections::Findings;
use crate::suggest::nearest;
use crate::validate::{Refused, Settings, judge};

/// Most keys without a value that are looked at one by one. Each takes a round without being an error, unless
/// no setting has that key; beyond this many, all that are left count as not given, unknown ones too.
const MAX_VALUELESS: usize = 50;

/// Most times that a layer is read again after a value was set aside: a required key that was wrong takes a
/// second round, when it is missing.
const MAX_ROUNDS: usize = 2 * MAX_ERRORS + MAX_VALUELESS + 1;

/// What one file or variable says.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) origin: Origin,
    pub(crate) root: Node,
    /// The text ends in the middle of a line, so that more of it may be to come.
    pub(crate) cut_off: bool,
}

impl Provider for &Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.to_string())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.root.to_dict()))
    }
}

impl Layer {
    /// The layer of a variable, its text read as whatever the key at `path` takes: as text, as a number or as
    /// a flag.
    ///
    /// `figment` has a conversion of its own, but it reads decimals at single precision.
    pub(crate) fn variable<T: Settings>(origin: Origin, path: &[&str], text: &str) -> Self {
        let layer = |leaf| Self { origin: origin.clone(), root: Node::nested(path, leaf), cut_off: false };
        let number = Node::number(text);
        let spellings = [Some(Node::Text(text.to_owned())), number.clone(), Node::flag(text)];
        let accepted = spellings
            .into_iter()
            .flatten()
            .map(layer)
            .find(|layer| merge::<T>(std::slice::from_ref(layer)).is_ok());
        accepted.unwrap_or_else(|| layer(number.unwrap_or_else(|| Node::Text(text.to_owned()))))
    }

    /// Reports everything wrong with this layer and takes it out of the layer.
    ///
    /// Deserialisation stops at its first error, so that value is set aside, its default takes its place, and
    /// the rest is read again, until nothing is wrong.
    pub(crate) fn check<T: Settings>(&mut self, findings: &mut Findings) {
        let mut errors = Vec::new();
        let settings = self.settle::<T>(&mut errors);
        if let Some(Ok(flat)) = settings.as_ref().map(Flat::of) {
            let refused = settings.iter().flat_map(|settings| judge(settings, &flat));
            let given = refused.filter(|refused| self.gives(&refused.path));
            let refused: Vec<_> = given.take(MAX_ERRORS + 1).collect();
            // Every place is told before anything is taken out: a list may be refused beside its items.
            errors.extend(refused.iter().filter_map(|refused| {
                let found = self.root.find(&refused.path)?;
                let (origin, key) = (self.origin.at(found.entry.line), found.keys.join("."));
                let value = if refused.by_rule && found.is_scalar() {
                    // As it is written: a whole number may stand for a decimal.
                    found.entry.node.describe()
                } else {
                    refused.value.clone()
                };
                Some(ConfigError::value(origin, key, value, refused.allowed.clone()))
            }));
            // From the last one, so that taking out an item of a list leaves the others' paths as they are.
            for Refused { path, .. } in refused.iter().rev() {
                if self.root.find(path).is_some_and(|found| !found.partial) {
                    self.root.remove(path);
                }
            }
        }
        self.root.prune_nulls();
        for (key, flag) in T::SHORTHANDS {
            self.root.spell_out(&key.split('.').collect::<Vec<_>>(), flag);
        }
        tidy(&mut errors);
        findings.errors.append(&mut errors);
    }

    /// Whether this layer says what `path` is, if only by a plain value in place of a map around it.
    pub(crate) fn gives(&self, path: &[String]) -> bool {
        self.root.find(path).is_some_and(|found| !(found.partial && matches!(found.entry.node, Node::Map(_))))
    }

    fn settle<T: Settings>(&mut self, errors: &mut Vec<ConfigError>) -> Option<T> {
        let mut valueless = 0;
        for _ in 0..MAX_ROUNDS {
            let error = match merge::<T>(std::slice::from_ref(self)) {
                Ok(settings) => return Some(settings),
                Err(error) => *error,
            };
            let Some(found) = self.root.find(&error.path) else {
                errors.push(ConfigError::source(self.origin.clone(), error.kind.to_string()));
                return None;
            };
            let unknown = matches!(error.kind, Kind::UnknownField(..));
            if !unknown && !found.in_list && matches!(found.entry.node, Node::Null) {
                valueless += 1;
                if valueless > MAX_VALUELESS {
                    self.root.prune_nulls();
                    continue;
                }
            } else {
                let told = describe::<T>(&self.origin, &found, &error.kind);
                // A required key that was itself wrong, and set aside, is not missing as well.
                let again = errors.iter().any(|earlier| told.key().is_some() && earlier.key() == told.key());
                if !again {
                    errors.push(told);
                }
                if errors.len() > MAX_ERRORS {
                    return None;
                }
            }
            self.root.remove(&error.path);
        }
        errors.push(ConfigError::too_many(self.origin.clone()));
        None
    }
}

/// The defaults with `layers` above them, the last one strongest.
pub(crate) fn merge<T: Settings>(layers: &[Layer]) -> Result<T, Box<figment::Error>> {
    let defaults = Figment::from(Serialized::defaults(T::default()));
    layers.iter().fold(defaults, |figment, layer| figment.merge(layer)).extract().map_err(Box::new)
}

fn describe<T: Settings>(origin: &Origin, found: &Found<'_>, kind: &Kind) -> ConfigError {
    let origin = origin.at(found.entry.line);
    let key = found.keys.join(".");
    let allowed = match kind {
        Kind::UnknownField(name, known) => {
            let suggestion = nearest(name, known).map(str::to_owned);
            return ConfigError::unknown(origin, key, suggestion, known);
        }
        Kind::MissingField(name) => return ConfigError::missing(origin, format!("{key}.{name}")),
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => plain(expected),
        Kind::InvalidLength(_, expected) => expected.clone(),
        Kind::UnknownVariant(_, known) => format!("one of {}", known.join(", ")),
        other => format!("valid: {other}"),
    };
    let rule = T::RULES.iter().find(|rule| rule.is_for(&found.keys));
    let value = found.entry.node.describe();
    ConfigError::value(origin, key, value, rule.map_or(allowed, |rule| rule.allowed()))
}

/// What serde expected, in the words of a settings file.
fn plain(expected: &str) -> String {
    match expected {
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a string" => "a text".to_owned(),
        text if text.starts_with("struct ") => "a map".to_owned(),
        text => text.to_owned(),
    }
}
