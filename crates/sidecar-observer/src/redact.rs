//! Fields whose values nobody may see.

use crate::event::Event;
use crate::value::Value;
use sidecar_core::SettingsError;
use sidecar_core::event_type::MAX_NAME_BYTES;
use smol_str::SmolStr;

/// Most names.
pub(crate) const MAX_NAMES: usize = 64;
/// What stands in place of a hidden value. Short enough to be held without allocating.
const HIDDEN: SmolStr = SmolStr::new_static("[redacted]");

/// Names of fields to hide, shortest first.
#[derive(Debug, Default)]
pub(crate) struct Redacted {
    names: Box<[String]>,
}

impl Redacted {
    /// Fails if there are too many names, or one is empty or too long.
    pub(crate) fn new(mut names: Vec<String>) -> Result<Self, SettingsError> {
        let allowed = "at most 64 names of 1 to 128 bytes each";
        if names.len() > MAX_NAMES {
            return Err(SettingsError::new("redact", format!("{} names", names.len()), allowed));
        }
        if let Some(wrong) = names.iter().find(|name| !(1..=MAX_NAME_BYTES).contains(&name.len())) {
            return Err(SettingsError::new("redact", format!("a name of {} bytes", wrong.len()), allowed));
        }
        names.sort_unstable_by_key(String::len);
        Ok(Self { names: names.into() })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Hides what is to be hidden, in the envelope, the fields and whatever is nested in them.
    #[inline(never)]
    pub(crate) fn apply(&self, event: &mut Event) {
        for (name, id) in event.ids_mut() {
            if self.has(name) {
                *id = HIDDEN;
            }
        }
        self.hide_among(event.data_mut());
    }

    fn hide_among(&self, entries: &mut [(SmolStr, Value)]) {
        for (name, value) in entries {
            if self.has(name) {
                *value = Value::Str(HIDDEN);
            } else {
                self.hide_within(value);
            }
        }
    }

    fn hide_within(&self, value: &mut Value) {
        match value {
            Value::List(values) => values.iter_mut().for_each(|value| self.hide_within(value)),
            Value::Map(entries) => self.hide_among(entries),
            _ => {}
        }
    }

    /// Only names of the same length are compared.
    fn has(&self, name: &str) -> bool {
        let first = self.names.partition_point(|other| other.len() < name.len());
        let same_length = self.names[first..].iter().take_while(|other| other.len() == name.len());
        same_length.into_iter().any(|other| other.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_whole_and_without_regard_to_case() {
        let names = ["token", "Api-Key", "pin", "TAN", "größe"].map(str::to_owned);
        let redacted = Redacted::new(names.to_vec()).expect("valid names");
        for name in ["token", "TOKEN", "api-key", "pin", "tan", "größe", "GRößE"] {
            assert!(redacted.has(name), "{name}");
        }
        for name in ["", "tokens", "toke", "api_key", "nip", "pi", "GRÖSSE", "GRÖßE"] {
            assert!(!redacted.has(name), "{name}");
        }
    }
}
