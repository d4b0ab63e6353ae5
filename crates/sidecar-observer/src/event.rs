//! An event: its type, its envelope and its data.

use crate::value::{ALLOCATION_BYTES, Value, entry_heap_bytes, text_heap_bytes};
use sidecar_core::Probability;
use sidecar_core::event_type::{MAX_NAME_BYTES, cut_name};
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::time::SystemTime;

/// Fields held inside the event itself; more go to the heap.
const INLINE_FIELDS: usize = 4;

/// Something that happened: a type, a time, and data by name.
///
/// Fields named `execution_id`, `test_id` and `run_id` also fill the envelope, if they hold text.
#[derive(Clone, Debug)]
#[must_use = "an event does nothing until it is observed"]
pub struct Event {
    event_type: SmolStr,
    truncated: bool,
    timestamp: SystemTime,
    probability: Probability,
    execution_id: Option<SmolStr>,
    test_id: Option<SmolStr>,
    run_id: Option<SmolStr>,
    data: SmallVec<[(SmolStr, Value); INLINE_FIELDS]>,
}

impl Event {
    /// An event that happens now. Any text is a type; one over 128 bytes is cut at a character and
    /// [flagged](Event::is_truncated).
    pub fn new(event_type: impl AsRef<str>) -> Self {
        let event_type = event_type.as_ref();
        Self::of(SmolStr::new(cut_name(event_type)), event_type.len() > MAX_NAME_BYTES)
    }

    pub(crate) fn of(event_type: SmolStr, truncated: bool) -> Self {
        Self {
            event_type,
            truncated,
            timestamp: SystemTime::now(),
            probability: Probability::CERTAIN,
            execution_id: None,
            test_id: None,
            run_id: None,
            data: SmallVec::new(),
        }
    }

    /// Adds a field, or replaces the one of that name.
    pub fn with(mut self, key: impl Into<SmolStr>, value: impl Into<Value>) -> Self {
        let (key, value) = (key.into(), value.into());
        if let (Some(slot), Value::Str(text)) = (self.envelope(&key), &value) {
            *slot = Some(text.clone());
        }
        match self.data.iter_mut().find(|(name, _)| *name == key) {
            Some((_, slot)) => *slot = value,
            None => self.data.push((key, value)),
        }
        self
    }

    /// Replaces the whole data, for example with a parsed object. The envelope is filled from it as by
    /// [`with`](Event::with); of two fields of one name the caller keeps only one.
    pub fn with_data(mut self, data: Vec<(SmolStr, Value)>) -> Self {
        for (key, value) in &data {
            if let (Some(slot), Value::Str(text)) = (self.envelope(key), value) {
                *slot = Some(text.clone());
            }
        }
        self.data = SmallVec::from_vec(data);
        self
    }

    /// Sets the execution that the event belongs to, in the envelope only.
    pub fn execution_id(mut self, id: impl Into<SmolStr>) -> Self {
        self.execution_id = Some(id.into());
        self
    }

    /// Sets the test that the event belongs to, in the envelope only.
    pub fn test_id(mut self, id: impl Into<SmolStr>) -> Self {
        self.test_id = Some(id.into());
        self
    }

    /// Sets the run that the event belongs to, in the envelope only.
    pub fn run_id(mut self, id: impl Into<SmolStr>) -> Self {
        self.run_id = Some(id.into());
        self
    }

    /// Sets when it happened, for events that are reported after the fact.
    pub fn at(mut self, timestamp: SystemTime) -> Self {
        self.timestamp = timestamp;
        self
    }

    fn envelope(&mut self, key: &str) -> Option<&mut Option<SmolStr>> {
        match key {
            "execution_id" => Some(&mut self.execution_id),
            "test_id" => Some(&mut self.test_id),
            "run_id" => Some(&mut self.run_id),
            _ => None,
        }
    }

    pub(crate) fn set_type(&mut self, event_type: SmolStr, truncated: bool) {
        (self.event_type, self.truncated) = (event_type, truncated);
    }

    pub(crate) fn set_probability(&mut self, probability: Probability) {
        self.probability = probability;
    }

    pub(crate) fn type_name(&self) -> &SmolStr {
        &self.event_type
    }

    /// Memory that the event occupies, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let ids = [&self.execution_id, &self.test_id, &self.run_id];
        let texts = ids.into_iter().flatten().map(text_heap_bytes).sum::<usize>();
        let slots = if self.data.spilled() {
            ALLOCATION_BYTES + self.data.capacity() * size_of::<(SmolStr, Value)>()
        } else {
            0
        };
        let fields = self.data.iter().map(entry_heap_bytes).sum::<usize>();
        size_of::<Self>() + text_heap_bytes(&self.event_type) + texts + slots + fields
    }
}

/// Reading, as handlers do.
impl Event {
    /// The event's type, at most 128 bytes.
    #[must_use]
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// Whether the type was longer than 128 bytes and has been cut.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// When it happened.
    #[must_use]
    pub fn timestamp(&self) -> SystemTime {
        self.timestamp
    }

    /// The probability it was kept with: it stands for `probability().weight()` events that were offered.
    #[must_use]
    pub fn probability(&self) -> Probability {
        self.probability
    }

    /// Its fields, in order.
    #[must_use]
    pub fn data(&self) -> &[(SmolStr, Value)] {
        &self.data
    }

    /// The field called `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.data.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

/// The three ids share their names with the setters above, so they read through these.
impl Event {
    /// The execution that the event belongs to.
    #[must_use]
    pub fn execution(&self) -> Option<&str> {
        self.execution_id.as_deref()
    }

    /// The test that the event belongs to.
    #[must_use]
    pub fn test(&self) -> Option<&str> {
        self.test_id.as_deref()
    }

    /// The run that the event belongs to.
    #[must_use]
    pub fn run(&self) -> Option<&str> {
        self.run_id.as_deref()
    }
}
