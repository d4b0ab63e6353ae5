//! An event: its type, its envelope and its data.

use crate::value::{ALLOCATION_BYTES, Value, entry_heap_bytes, text_heap_bytes};
use sidecar_core::Probability;
use sidecar_core::event_type::{MAX_NAME_BYTES, cut_name};
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::time::{Duration, SystemTime};

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
    happened: Happened,
    probability: Probability,
    /// None until a setter has given one. Apart, for few events have them, and every event is moved to the worker.
    ids: Option<Box<Ids>>,
    data: SmallVec<[(SmolStr, Value); INLINE_FIELDS]>,
}

/// What an event belongs to, where setters have said so.
#[derive(Clone, Debug, Default)]
struct Ids {
    execution_id: Option<SmolStr>,
    test_id: Option<SmolStr>,
    run_id: Option<SmolStr>,
}

impl Ids {
    fn by_name_mut(&mut self) -> [(&'static str, &mut Option<SmolStr>); 3] {
        [
            ("execution_id", &mut self.execution_id),
            ("test_id", &mut self.test_id),
            ("run_id", &mut self.run_id),
        ]
    }
}

/// When an event happened. Reading the wall clock costs more than all else that an event costs; so the thread that
/// observes reads the clock that it needs anyway, and the worker dates the event before anyone sees it.
#[derive(Clone, Copy, Debug)]
enum Happened {
    At(SystemTime),
    /// In nanoseconds of the observer's clock.
    When(u64),
}

/// One moment by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calendar {
    pub(crate) nanos: u64,
    pub(crate) wall: SystemTime,
}

impl Event {
    /// Most fields; of an event that is observed with more, the first ones are kept.
    pub const MAX_FIELDS: usize = 64;
    /// Longest name of a field; a longer one is cut at a character when the event is observed.
    pub const MAX_FIELD_NAME_BYTES: usize = MAX_NAME_BYTES;

    /// An event that happens now. Any text is a type; one over 128 bytes is cut at a character and
    /// [flagged](Event::is_truncated).
    pub fn new(event_type: impl AsRef<str>) -> Self {
        let event_type = event_type.as_ref();
        let truncated = event_type.len() > MAX_NAME_BYTES;
        Self::of(SmolStr::new(cut_name(event_type)), truncated, Happened::At(SystemTime::now()))
    }

    /// An event that happens now.
    pub(crate) fn now(event_type: SmolStr, truncated: bool) -> Self {
        Self::of(event_type, truncated, Happened::At(SystemTime::now()))
    }

    /// An event that happens at `nanos` of the observer's clock, to be dated before anyone sees it.
    #[inline]
    pub(crate) fn undated(
        event_type: SmolStr,
        truncated: bool,
        nanos: u64,
        probability: Probability,
    ) -> Self {
        Self { probability, ..Self::of(event_type, truncated, Happened::When(nanos)) }
    }

    /// Says by the wall clock when an undated event happened.
    pub(crate) fn date(&mut self, calendar: Calendar) {
        if let Happened::When(nanos) = self.happened {
            let ago = Duration::from_nanos(calendar.nanos.saturating_sub(nanos));
            self.happened = Happened::At(calendar.wall.checked_sub(ago).unwrap_or(calendar.wall));
        }
    }

    #[inline]
    fn of(event_type: SmolStr, truncated: bool, happened: Happened) -> Self {
        Self {
            event_type,
            truncated,
            happened,
            probability: Probability::CERTAIN,
            ids: None,
            data: SmallVec::new(),
        }
    }

    /// Adds a field, or replaces the one of that name.
    pub fn with(mut self, key: impl Into<SmolStr>, value: impl Into<Value>) -> Self {
        let (key, value) = (key.into(), value.into());
        self.give_way(&key, &value);
        match self.data.iter_mut().find(|(name, _)| *name == key) {
            Some((_, slot)) => *slot = value,
            None => self.data.push((key, value)),
        }
        self
    }

    /// Replaces the whole data, for example with a parsed object. The envelope is filled from it as by
    /// [`with`](Event::with); of two fields of one name the caller keeps only one.
    pub fn with_data(mut self, data: Vec<(SmolStr, Value)>) -> Self {
        data.iter().for_each(|(key, value)| self.give_way(key, value));
        self.data = SmallVec::from_vec(data);
        self
    }

    /// Sets the execution that the event belongs to, in the envelope only.
    pub fn execution_id(mut self, id: impl Into<SmolStr>) -> Self {
        self.ids.get_or_insert_default().execution_id = Some(id.into());
        self
    }

    /// Sets the test that the event belongs to, in the envelope only.
    pub fn test_id(mut self, id: impl Into<SmolStr>) -> Self {
        self.ids.get_or_insert_default().test_id = Some(id.into());
        self
    }

    /// Sets the run that the event belongs to, in the envelope only.
    pub fn run_id(mut self, id: impl Into<SmolStr>) -> Self {
        self.ids.get_or_insert_default().run_id = Some(id.into());
        self
    }

    /// Sets when it happened, for events that are reported after the fact.
    pub fn at(mut self, timestamp: SystemTime) -> Self {
        self.happened = Happened::At(timestamp);
        self
    }

    /// Adds a field whose name no other has.
    #[inline]
    pub(crate) fn add(&mut self, key: &'static str, value: Value) {
        // Asked first: where there is room for certain, the field is made in its place and not moved there.
        if !self.data.spilled() && self.data.len() < INLINE_FIELDS {
            self.data.push((SmolStr::new_static(key), value));
        } else {
            self.add_beyond(key, value);
        }
    }

    #[cold]
    fn add_beyond(&mut self, key: &'static str, value: Value) {
        self.data.push((SmolStr::new_static(key), value));
    }

    /// Of a setter and a text field of the same name, the one given last holds. Without a setter the field is
    /// looked up when the envelope is read.
    fn give_way(&mut self, key: &str, value: &Value) {
        let Some(ids) = &mut self.ids else { return };
        if value.as_str().is_some()
            && let Some((_, id)) = ids.by_name_mut().into_iter().find(|(name, _)| *name == key)
        {
            *id = None;
        }
    }

    fn id(&self, set: impl FnOnce(&Ids) -> &Option<SmolStr>, key: &str) -> Option<&str> {
        let set = self.ids.as_deref().and_then(|ids| set(ids).as_deref());
        set.or_else(|| self.get(key)?.as_str())
    }

    pub(crate) fn set_type(&mut self, event_type: SmolStr, truncated: bool) {
        self.event_type = event_type;
        self.truncated |= truncated;
    }

    pub(crate) fn mark_truncated(&mut self) {
        self.truncated = true;
    }

    pub(crate) fn set_probability(&mut self, probability: Probability) {
        self.probability = probability;
    }

    /// The envelope's ids that setters gave, with their names.
    pub(crate) fn ids_mut(&mut self) -> impl Iterator<Item = (&'static str, &mut SmolStr)> {
        let all = self.ids.iter_mut().flat_map(|ids| ids.by_name_mut());
        all.filter_map(|(name, id)| Some((name, id.as_mut()?)))
    }

    /// The values of [`ids_mut`](Self::ids_mut).
    pub(crate) fn ids(&self) -> impl Iterator<Item = &SmolStr> {
        self.ids.iter().flat_map(|ids| [&ids.execution_id, &ids.test_id, &ids.run_id]).flatten()
    }

    /// Changes the fields, and gives back the room that they need no longer.
    pub(crate) fn change_data(&mut self, change: impl FnOnce(&mut Vec<(SmolStr, Value)>)) {
        let mut data = std::mem::take(&mut self.data).into_vec();
        change(&mut data);
        data.shrink_to_fit();
        self.data = SmallVec::from_vec(data);
    }

    pub(crate) fn data_mut(&mut self) -> &mut [(SmolStr, Value)] {
        &mut self.data
    }

    pub(crate) fn type_name(&self) -> &SmolStr {
        &self.event_type
    }

    /// Whether its fields are few enough to be held in the event itself.
    #[inline]
    pub(crate) fn is_inline(&self) -> bool {
        !self.data.spilled()
    }

    /// What [`bytes`](Self::bytes) says of an event that has only plain fields, all in itself, and no ids.
    #[inline]
    pub(crate) fn plain_bytes(&self) -> usize {
        size_of::<Self>() + text_heap_bytes(&self.event_type)
    }

    /// Memory that the event occupies, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let ids = if self.ids.is_some() { ALLOCATION_BYTES + size_of::<Ids>() } else { 0 };
        let texts = self.ids().map(text_heap_bytes).sum::<usize>();
        let slots = if self.data.spilled() {
            ALLOCATION_BYTES + self.data.capacity() * size_of::<(SmolStr, Value)>()
        } else {
            0
        };
        let fields = self.data.iter().map(entry_heap_bytes).sum::<usize>();
        self.plain_bytes() + ids + texts + slots + fields
    }
}

/// Reading, as handlers do.
impl Event {
    /// The event's type, at most 128 bytes.
    #[must_use]
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// Whether something is missing: the type, the name of a field, a text or the number of fields was over its
    /// bound and has been cut.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// When it happened.
    #[must_use]
    pub fn timestamp(&self) -> SystemTime {
        match self.happened {
            Happened::At(time) => time,
            // Nobody outside sees an undated event.
            Happened::When(_) => SystemTime::now(),
        }
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
        self.id(|ids| &ids.execution_id, "execution_id")
    }

    /// The test that the event belongs to.
    #[must_use]
    pub fn test(&self) -> Option<&str> {
        self.id(|ids| &ids.test_id, "test_id")
    }

    /// The run that the event belongs to.
    #[must_use]
    pub fn run(&self) -> Option<&str> {
        self.id(|ids| &ids.run_id, "run_id")
    }
}
