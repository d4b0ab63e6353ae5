//! What is done to an event on its way into the queue: what is too long is cut, what is secret is hidden.

use crate::event::Event;
use crate::redact::Redacted;
use crate::value::Value;
use sidecar_core::SettingsError;
use sidecar_core::event_type::cut_name;
use smol_str::SmolStr;
use std::collections::HashSet;

/// Bytes of a text, unless set.
pub(crate) const DEFAULT_MAX_TEXT_BYTES: usize = 4_096;
const TEXT_BYTES: std::ops::RangeInclusive<usize> = 64..=1 << 20;

#[derive(Debug)]
pub(crate) struct Intake {
    max_text_bytes: usize,
    redacted: Redacted,
}

impl Default for Intake {
    fn default() -> Self {
        Self { max_text_bytes: DEFAULT_MAX_TEXT_BYTES, redacted: Redacted::default() }
    }
}

impl Intake {
    /// Fails if a setting is out of range.
    pub(crate) fn new(max_text_bytes: usize, redacted: Vec<String>) -> Result<Self, SettingsError> {
        if !TEXT_BYTES.contains(&max_text_bytes) {
            let allowed = "from 64 to 1048576 bytes";
            return Err(SettingsError::new("max_text_bytes", max_text_bytes, allowed));
        }
        Ok(Self { max_text_bytes, redacted: Redacted::new(redacted)? })
    }

    /// Names are cut before they are looked up: one that is hidden is hidden under the name that handlers see.
    #[inline]
    pub(crate) fn apply(&self, event: &mut Event) {
        if !self.fits(event) {
            self.cut(event);
        }
        self.redacted.apply(event);
    }

    #[inline]
    fn fits(&self, event: &Event) -> bool {
        let data = event.data();
        let ids = event.ids().into_iter().flatten();
        data.len() <= Event::MAX_FIELDS
            && data.iter().all(|entry| self.entry_fits(entry))
            && ids.into_iter().all(|id| id.len() <= self.max_text_bytes)
    }

    #[inline]
    fn entry_fits(&self, (name, value): &(SmolStr, Value)) -> bool {
        name.len() <= Event::MAX_FIELD_NAME_BYTES
            && match value {
                Value::Str(text) => text.len() <= self.max_text_bytes,
                Value::List(_) | Value::Map(_) => self.nested_fits(value),
                _ => true,
            }
    }

    fn nested_fits(&self, value: &Value) -> bool {
        match value {
            Value::Str(text) => text.len() <= self.max_text_bytes,
            Value::List(values) => values.iter().all(|value| self.nested_fits(value)),
            Value::Map(entries) => entries.iter().all(|entry| self.entry_fits(entry)),
            _ => true,
        }
    }

    #[cold]
    fn cut(&self, event: &mut Event) {
        event.mark_truncated();
        event.ids_mut().into_iter().filter_map(|(_, id)| id.as_mut()).for_each(|id| self.cut_text(id));
        event.change_data(|data| {
            data.truncate(Event::MAX_FIELDS);
            self.cut_entries(data);
        });
    }

    fn cut_entries(&self, entries: &mut Vec<(SmolStr, Value)>) {
        let mut has_long_name = false;
        for (name, value) in entries.iter_mut() {
            if name.len() > Event::MAX_FIELD_NAME_BYTES {
                *name = SmolStr::new(cut_name(name));
                has_long_name = true;
            }
            self.cut_value(value);
        }
        if has_long_name {
            // Names that differed only in what has been cut off: each name stays there once.
            let mut names = HashSet::with_capacity(entries.len());
            entries.retain(|(name, _)| names.insert(name.clone()));
        }
    }

    fn cut_value(&self, value: &mut Value) {
        match value {
            Value::Str(text) => self.cut_text(text),
            Value::List(values) => values.iter_mut().for_each(|value| self.cut_value(value)),
            Value::Map(entries) => self.cut_entries(entries),
            _ => {}
        }
    }

    fn cut_text(&self, text: &mut SmolStr) {
        if text.len() > self.max_text_bytes {
            *text = SmolStr::new(&text[..text.floor_char_boundary(self.max_text_bytes)]);
        }
    }
}
