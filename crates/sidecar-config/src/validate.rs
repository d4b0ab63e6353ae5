//! What a settings type tells about itself, and the judgement of its values.

use std::fmt;

use figment::value::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{ConfigError, ConfigErrors, MAX_ERRORS, tidy};
use crate::flat::{Flat, show};
use crate::origin::Origin;
use crate::rule::Rule;

/// What a settings type says about its keys.
///
/// Each value is judged on its own, layer by layer, so that a wrong value is reported even where a stronger
/// layer hides it. Relations between two keys therefore do not belong here: the layer that gives one of them
/// would be judged beside the other's default.
pub trait Validate {
    /// The parts of a file that hold these settings, dotted, for example `runtime.sidecar`. Their siblings are
    /// left alone. None: the whole file.
    const SECTIONS: &'static [&'static str] = &[];

    /// What each key may be. Keys without a rule may be whatever their type accepts.
    const RULES: &'static [Rule] = &[];

    /// Maps that may be written in short: the key of the map (dotted), and the key inside it of the flag that
    /// its short form gives.
    ///
    /// Where a layer has `enabled` or `true`, `disabled` or `false` in place of such a map, it says what the
    /// flag is and nothing else: the other keys keep what weaker layers say, and a stronger layer that gives
    /// only other keys leaves the flag as it is. The type must accept the short form by itself.
    const SHORTHANDS: &'static [(&'static str, &'static str)] = &[];

    /// Keys that may not change while the program runs, dotted, with everything below them. A reload that would
    /// change one is refused by that key's name.
    const FIXED: &'static [&'static str] = &[];

    /// Reports values that no rule can express, such as the length of a list.
    fn validate(&self, report: &mut Report) {
        let _ = report;
    }
}

/// A type that [`Live`](crate::Live) can hold. Implemented for every type that meets the bounds.
pub trait Settings: DeserializeOwned + Serialize + Default + Validate {}

impl<T: DeserializeOwned + Serialize + Default + Validate> Settings for T {}

/// The values that [`Validate::validate`] refuses.
#[derive(Debug, Default)]
pub struct Report(Vec<Refused>);

#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) path: Vec<String>,
    pub(crate) value: String,
    pub(crate) allowed: String,
    /// A rule refuses the value, and not [`Validate::validate`] something about it.
    pub(crate) by_rule: bool,
}

impl Report {
    /// The value of `key` (dotted) is refused; `allowed` says what it must be.
    pub fn refuse(&mut self, key: &str, value: impl fmt::Display, allowed: impl Into<String>) {
        let path = key.split('.').map(str::to_owned).collect();
        self.0.push(Refused { path, value: value.to_string(), allowed: allowed.into(), by_rule: false });
    }
}

/// Everything that `settings` refuses about itself.
pub(crate) fn judge<T: Serialize + Validate>(settings: &T, flat: &Flat) -> Vec<Refused> {
    let mut report = Report::default();
    flat.each(|path, value: &Value| {
        let broken = T::RULES.iter().find(|rule| rule.is_for(path) && !rule.admits(value));
        if let Some(rule) = broken {
            let (path, value, allowed) = (path.to_vec(), show(value), rule.allowed());
            report.0.push(Refused { path, value, allowed, by_rule: true });
        }
    });
    settings.validate(&mut report);
    report.0
}

/// Judges settings that a program made itself.
///
/// # Errors
/// Every value that breaks a rule of the type or that its [`Validate::validate`] refuses, each with the origin
/// [`Origin::Code`]; at most 100.
pub fn validate<T: Serialize + Validate>(settings: &T) -> Result<(), ConfigErrors> {
    let flat = Flat::of(settings).map_err(|text| ConfigError::source(Origin::Code, text))?;
    let refused = judge(settings, &flat).into_iter().take(MAX_ERRORS + 1);
    let error = |refused: Refused| {
        ConfigError::value(Origin::Code, refused.path.join("."), refused.value, refused.allowed)
    };
    let mut errors = refused.map(error).collect();
    tidy(&mut errors);
    ConfigErrors::of(errors)
}
