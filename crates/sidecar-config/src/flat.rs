//! Settings as a flat list of paths and values.

use std::collections::BTreeMap;

use figment::error::Actual;
use figment::value::{Dict, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::node::{decimal, quote};

/// A settings value, serialised, so that its keys can be walked.
#[derive(Debug)]
pub(crate) struct Flat(Value);

impl Flat {
    /// # Errors
    /// The type's `Serialize` fails, or makes something other than a map.
    pub(crate) fn of<T: Serialize>(settings: &T) -> Result<Self, String> {
        match Value::serialize(settings) {
            Ok(value @ Value::Dict(..)) => Ok(Self(value)),
            Ok(_) => Err("the settings type is not a map".to_owned()),
            Err(error) => Err(format!("the settings type cannot be serialised: {error}")),
        }
    }

    /// The value at `path`.
    pub(crate) fn get(&self, path: &[String]) -> Option<&Value> {
        path.iter().try_fold(&self.0, |value, key| match value {
            Value::Dict(_, dict) => dict.get(key),
            _ => None,
        })
    }

    /// Puts `value` at `path`, or takes away what is there.
    pub(crate) fn put(&mut self, path: &[String], value: Option<Value>) {
        let Some((last, above)) = path.split_last() else { return };
        let mut place = &mut self.0;
        for key in above {
            let Value::Dict(_, dict) = place else { return };
            place = dict.entry(key.clone()).or_insert_with(|| Value::from(Dict::new()));
        }
        if let Value::Dict(_, dict) = place {
            match value {
                Some(value) => drop(dict.insert(last.clone(), value)),
                None => drop(dict.remove(last)),
            }
        }
    }

    /// The settings of this type again.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        self.0.deserialize().map_err(|error: figment::Error| error.to_string())
    }

    /// Every value, the containers before their contents.
    pub(crate) fn each(&self, mut visit: impl FnMut(&[String], &Value)) {
        walk(&self.0, &mut Vec::new(), &mut visit);
    }

    /// The effective keys: lists and empty maps count as one value.
    pub(crate) fn settings(&self) -> BTreeMap<Vec<String>, String> {
        let mut settings = BTreeMap::new();
        let mut list: Option<Vec<String>> = None;
        self.each(|path, value| {
            if list.as_ref().is_some_and(|list| path.starts_with(list)) {
                return;
            }
            match value {
                Value::Dict(_, dict) if !dict.is_empty() => return,
                Value::Array(..) => list = Some(path.to_vec()),
                _ => {}
            }
            settings.insert(path.to_vec(), show(value));
        });
        settings
    }
}

fn walk(value: &Value, path: &mut Vec<String>, visit: &mut impl FnMut(&[String], &Value)) {
    let mut below = |key: String, value: &Value| {
        path.push(key);
        visit(path, value);
        walk(value, path, visit);
        path.pop();
    };
    match value {
        Value::Dict(_, dict) => dict.iter().for_each(|(key, value)| below(key.clone(), value)),
        Value::Array(_, items) => {
            items.iter().enumerate().for_each(|(index, value)| below(index.to_string(), value));
        }
        _ => {}
    }
}

/// The value as the messages and listings show it.
pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::Array(_, items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
        Value::Dict(_, dict) => {
            let entries: Vec<_> = dict.iter().map(|(key, value)| format!("{key}: {}", show(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        scalar => match scalar.to_actual() {
            Actual::Bool(value) => value.to_string(),
            Actual::Unsigned(value) => value.to_string(),
            Actual::Signed(value) => value.to_string(),
            Actual::Float(value) => decimal(value),
            Actual::Str(text) => quote(&text),
            Actual::Char(value) => quote(&value.to_string()),
            _ => "not set".to_owned(),
        },
    }
}
