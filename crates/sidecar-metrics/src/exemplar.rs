//! Exemplars: what one recorded value belonged to, shown beside the counter or bucket that it went into.

use crate::exposition::{push_escaped, push_float};
use crate::names::check_tag_key;
use parking_lot::Mutex;
use sidecar_core::histogram::FixedHistogram;
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

/// Most characters of an exemplar's labels, keys and values together: OpenMetrics allows no more.
pub const MAX_EXEMPLAR_CHARS: usize = 128;

/// One exemplar, ready to be written.
#[derive(Debug)]
pub(crate) struct Exemplar {
    /// `key="value",key="value"`, escaped.
    labels: Box<str>,
    value: f64,
    /// Milliseconds since 1970.
    at: u64,
}

impl Exemplar {
    /// `None` if the labels are too long, or a key is not allowed or comes twice.
    pub(crate) fn new(value: f64, labels: &[(&str, &str)]) -> Option<Self> {
        let chars = |(key, value): &(&str, &str)| key.chars().count() + value.chars().count();
        // Keys have at least one character, so there are few labels from here on.
        if labels.iter().map(chars).sum::<usize>() > MAX_EXEMPLAR_CHARS {
            return None;
        }
        let mut text = String::new();
        for (at, (key, value)) in labels.iter().enumerate() {
            let twice = labels[..at].iter().any(|(before, _)| before == key);
            if twice || check_tag_key("", key).is_err() {
                return None;
            }
            text.push_str(if at > 0 { "," } else { "" });
            text.push_str(key);
            text.push_str("=\"");
            push_escaped(&mut text, value, true);
            text.push('"');
        }
        Some(Self { labels: text.into(), value, at: now() })
    }
}

/// Holds the latest exemplar of one counter or bucket.
#[derive(Debug, Default)]
pub(crate) struct ExemplarSlot {
    latest: Mutex<Option<Box<Exemplar>>>,
}

impl ExemplarSlot {
    /// Replaces the exemplar, unless another thread uses the slot at this moment: nobody waits who records.
    pub(crate) fn set(&self, exemplar: Exemplar) -> bool {
        let exemplar = Some(Box::new(exemplar));
        let Some(mut latest) = self.latest.try_lock() else { return false };
        let before = std::mem::replace(&mut *latest, exemplar);
        drop(latest);
        drop(before);
        true
    }

    /// Appends ` # {labels} value time`, if there is an exemplar.
    pub(crate) fn push_to(&self, line: &mut String) {
        if let Some(Exemplar { labels, value, at }) = self.latest.lock().as_deref() {
            line.extend([" # {", labels, "} "]);
            push_float(line, *value);
            line.push(' ');
            push_seconds(line, *at);
        }
    }
}

/// The exemplars of a histogram: made when the first one comes.
#[derive(Debug, Default)]
pub(crate) struct Exemplars {
    made: OnceLock<PerBucket>,
}

#[derive(Debug)]
struct PerBucket {
    bounds: Arc<[f64]>,
    /// One more than bounds.
    slots: Box<[ExemplarSlot]>,
}

impl Exemplars {
    pub(crate) fn set(&self, histogram: &FixedHistogram, exemplar: Exemplar) -> bool {
        let made = self.made.get_or_init(|| {
            let bounds = histogram.snapshot().bounds;
            let slots = (0..=bounds.len()).map(|_| ExemplarSlot::default()).collect();
            PerBucket { bounds, slots }
        });
        made.slots[made.bounds.partition_point(|bound| *bound < exemplar.value)].set(exemplar)
    }

    /// One slot for each bucket, if there has ever been an exemplar.
    pub(crate) fn slots(&self) -> &[ExemplarSlot] {
        self.made.get().map_or(&[], |made| &made.slots)
    }
}

/// Milliseconds since 1970; 0 where the clock stands before that.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// Appends a time, in seconds.
pub(crate) fn push_seconds(line: &mut String, millis: u64) {
    push_float(line, millis as f64 / 1e3);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_in_use_keeps_nobody_waiting() {
        let slot = ExemplarSlot::default();
        let exemplar = |id| Exemplar::new(1.0, &[("id", id)]).expect("short enough");
        assert!(slot.set(exemplar("first")));
        let held = slot.latest.lock();
        assert!(!slot.set(exemplar("second")));
        drop(held);
        let mut line = String::new();
        slot.push_to(&mut line);
        assert!(line.starts_with(" # {id=\"first\"} 1 "), "{line}");
    }

    #[test]
    fn times_are_seconds_to_the_millisecond() {
        let mut line = String::new();
        push_seconds(&mut line, 1_769_688_000_250);
        line.push(' ');
        push_seconds(&mut line, 1_769_688_000_000);
        assert_eq!(line, "1769688000.25 1769688000");
    }
}
