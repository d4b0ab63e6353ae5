//! What is done to an event on its way into the queue: what is too long is cut, what is secret is hidden.

use crate::event::Event;
use crate::redact::Redacted;
use crate::value::{PLAIN_TEXT_BYTES, Value};
use arc_swap::ArcSwap;
use sidecar_core::SettingsError;
use sidecar_core::event_type::cut_name;
use smol_str::SmolStr;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

/// Bytes of a text, unless set.
pub(crate) const DEFAULT_MAX_TEXT_BYTES: usize = 4_096;
const TEXT_BYTES: std::ops::RangeInclusive<usize> = 64..=1 << 20;
const _: () = assert!(PLAIN_TEXT_BYTES <= *TEXT_BYTES.start(), "plain texts are cut under no setting");

/// Fails if the setting is out of range.
pub(crate) fn check_text_bytes(bytes: usize) -> Result<(), SettingsError> {
    if TEXT_BYTES.contains(&bytes) {
        Ok(())
    } else {
        Err(SettingsError::new("max_text_bytes", bytes, "from 64 to 1048576 bytes"))
    }
}

#[derive(Debug)]
pub(crate) struct Intake {
    /// Relaxed: it stands for itself, and an event that is on its way goes by the old setting or the new one.
    max_text_bytes: AtomicUsize,
    hides: AtomicBool,
    redacted: ArcSwap<Redacted>,
}

impl Intake {
    pub(crate) fn new(max_text_bytes: usize, redacted: Redacted) -> Self {
        Self {
            max_text_bytes: AtomicUsize::new(max_text_bytes),
            hides: AtomicBool::new(!redacted.is_empty()),
            redacted: ArcSwap::from_pointee(redacted),
        }
    }

    pub(crate) fn set(&self, max_text_bytes: usize, redacted: Redacted) {
        self.max_text_bytes.store(max_text_bytes, Relaxed);
        let hides = !redacted.is_empty();
        self.redacted.store(Arc::new(redacted));
        // Release pairs with the Acquire in `hide`: whoever sees that names are hidden finds them.
        self.hides.store(hides, Release);
    }

    /// Names are cut before they are looked up: one that is hidden is hidden under the name that handlers see.
    #[inline]
    pub(crate) fn apply(&self, event: &mut Event) {
        let limit = Limit(self.max_text_bytes.load(Relaxed));
        if !limit.fits(event) {
            limit.cut(event);
        }
        self.hide(event);
    }

    /// All that is done to an event that has nothing to cut.
    #[inline]
    pub(crate) fn hide(&self, event: &mut Event) {
        if self.hides.load(Acquire) {
            self.redacted.load().apply(event);
        }
    }
}

/// Most bytes of a text.
struct Limit(usize);

impl Limit {
    #[inline]
    fn fits(&self, event: &Event) -> bool {
        let data = event.data();
        data.len() <= Event::MAX_FIELDS
            && data.iter().all(|entry| self.entry_fits(entry))
            && event.ids().all(|id| id.len() <= self.0)
    }

    #[inline]
    fn entry_fits(&self, (name, value): &(SmolStr, Value)) -> bool {
        name.len() <= Event::MAX_FIELD_NAME_BYTES
            && match value {
                Value::Str(text) => text.len() <= self.0,
                Value::List(_) | Value::Map(_) => self.nested_fits(value),
                _ => true,
            }
    }

    fn nested_fits(&self, value: &Value) -> bool {
        match value {
            Value::Str(text) => text.len() <= self.0,
            Value::List(values) => values.iter().all(|value| self.nested_fits(value)),
            Value::Map(entries) => entries.iter().all(|entry| self.entry_fits(entry)),
            _ => true,
        }
    }

    #[cold]
    fn cut(&self, event: &mut Event) {
        event.mark_truncated();
        event.ids_mut().for_each(|(_, id)| self.cut_text(id));
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
            Value::Map(entries) => {
                let mut cut = std::mem::take(entries).into_vec();
                self.cut_entries(&mut cut);
                *entries = cut.into();
            }
            _ => {}
        }
    }

    fn cut_text(&self, text: &mut SmolStr) {
        if text.len() > self.0 {
            *text = SmolStr::new(&text[..text.floor_char_boundary(self.0)]);
        }
    }
}
