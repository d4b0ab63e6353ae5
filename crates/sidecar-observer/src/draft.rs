//! An event that `observe!` is building.

use crate::event::Event;
use crate::lane::Waiting;
use crate::observed::Observed;
use crate::observer::Observer;
use crate::value::Value;

/// An event that is kept and is being built where it will be queued from. Made by
/// [`Admitted::draft`](crate::Admitted::draft) for [`observe!`](crate::observe); dropping it leaves no trace.
#[must_use = "a draft is taken by `accept`"]
#[derive(Debug)]
pub struct Draft<'a> {
    observer: &'a Observer,
    /// Until it is taken. Moved once, into its lane: it is larger than all else that an event costs.
    waiting: Option<Waiting>,
    /// Whether all fields are [plain](Value::is_plain), and their names short enough.
    is_plain: bool,
}

impl<'a> Draft<'a> {
    #[inline]
    pub(crate) fn new(observer: &'a Observer, waiting: Waiting) -> Self {
        Self { observer, waiting: Some(waiting), is_plain: true }
    }

    /// Adds a field. No two may have the same name; `observe!` sees to that when it is compiled.
    #[inline]
    pub fn add(&mut self, key: &'static str, value: impl Into<Value>) {
        let value = value.into();
        self.is_plain &= key.len() <= Event::MAX_FIELD_NAME_BYTES && value.is_plain();
        if let Some(waiting) = &mut self.waiting {
            waiting.event.add(key, value);
        }
    }

    /// Takes the event.
    #[inline]
    pub fn accept(mut self) -> Observed {
        self.accept_once()
    }

    /// As [`accept`](Self::accept), from where the draft is: to hand it over would move it once more. For
    /// [`observe!`](crate::observe), which calls it once; a second call offers nothing.
    #[doc(hidden)]
    #[inline]
    pub fn accept_once(&mut self) -> Observed {
        let observed = self.observer.take(&mut self.waiting, self.is_plain);
        self.waiting = None;
        observed
    }
}

/// Whether no two of the names are the same.
#[must_use]
pub const fn are_distinct(names: &[&str]) -> bool {
    let mut one = 0;
    while one < names.len() {
        let mut other = one + 1;
        while other < names.len() {
            if is_same(names[one].as_bytes(), names[other].as_bytes()) {
                return false;
            }
            other += 1;
        }
        one += 1;
    }
    true
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        assert!(are_distinct(&[]));
        assert!(are_distinct(&["a", "ab", "b", ""]));
        assert!(!are_distinct(&["a", "b", "a"]));
        assert!(!are_distinct(&["", ""]));
    }
}
