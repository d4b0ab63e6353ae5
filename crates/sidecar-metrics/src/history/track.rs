//! One series as the history follows it.

use super::change::{FloatCounterChange, GaugeChange, IntegerChange, Presence, write_buckets};
use super::frame::{BARE, Section, Span, TOGGLED};
use super::roll::Roll;
use crate::families::{Number, Value};
use crate::kind::Kind;
use crate::labels::Labels;
use std::sync::Arc;

/// One series: its value now, and what it did since the last frame of ten seconds.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) labels: Arc<Labels>,
    pub(super) present: bool,
    /// Whether it was there at the end of the last frame of ten seconds.
    was_present: bool,
    /// The second of the last frame that may have an entry of it: it was read then, or found to be gone.
    pub(super) noted: u64,
    /// What it takes beside its own size.
    pub(super) heap: usize,
    /// Whether its next value is no increase, because it was counted from before the history knew of it.
    began_before: bool,
    pub(super) state: State,
}

#[derive(Debug)]
pub(super) enum State {
    /// A counter of whole numbers.
    Integer(Follow<u64>),
    /// Any other counter: the bits of its value.
    FloatCounter(Follow<f64>),
    /// A gauge: the bits of its value.
    Gauge(Follow<f64>),
    Buckets(Box<Buckets>),
}

#[derive(Debug, Default)]
pub(super) struct Follow<T> {
    pub(super) now: u64,
    /// At the end of the last frame of ten seconds.
    then: u64,
    readings: u32,
    uneven: bool,
    roll: Roll<T>,
}

#[derive(Debug)]
pub(super) struct Buckets {
    pub(super) bounds: Arc<[f64]>,
    now: Box<[u64]>,
    sum: f64,
    grown: Box<[u64]>,
    sum_grown: f64,
}

impl Track {
    /// Of a series that was never read.
    pub(super) fn new(labels: Arc<Labels>, kind: Kind, value: &Value, began_before: bool) -> Self {
        let state = match value {
            Value::Histogram(snapshot) => State::Buckets(Box::new(Buckets {
                bounds: Arc::clone(&snapshot.bounds),
                now: vec![0; snapshot.counts.len()].into(),
                sum: 0.0,
                grown: vec![0; snapshot.counts.len()].into(),
                sum_grown: 0.0,
            })),
            Value::Number(_) if kind == Kind::Gauge => State::Gauge(Follow::default()),
            Value::Number(Number::Integer(_)) => State::Integer(Follow::default()),
            Value::Number(Number::Float(_)) => State::FloatCounter(Follow::default()),
        };
        let heap = Self::heap_bytes(&labels, value);
        Self { labels, present: false, was_present: false, noted: 0, heap, began_before, state }
    }

    /// What a track of this series takes beside its own size. Tags are counted though the registry has them too.
    pub(super) fn heap_bytes(labels: &Labels, value: &Value) -> usize {
        let tags = |(key, value): (&str, &str)| key.len() + value.len() + 2 * size_of::<Box<str>>();
        let labels = size_of::<Labels>() + labels.text().len() + labels.iter().map(tags).sum::<usize>();
        labels
            + match value {
                Value::Number(_) => 0,
                Value::Histogram(snapshot) => size_of::<Buckets>() + 24 * snapshot.counts.len(),
            }
    }

    /// Whether a value can go on from those before.
    pub(super) fn takes(&self, value: &Value) -> bool {
        match (&self.state, value) {
            (State::Integer(_), Value::Number(Number::Integer(_)))
            | (State::FloatCounter(_) | State::Gauge(_), Value::Number(_)) => true,
            (State::Buckets(buckets), Value::Histogram(snapshot)) => buckets.bounds == snapshot.bounds,
            _ => false,
        }
    }

    /// Reads a value that the track [takes](Self::takes), and writes what changed.
    pub(super) fn observe(&mut self, value: &Value, series: u32, span: Span, section: &mut Section) {
        let presence = Presence { before: self.present, after: true };
        (self.present, self.noted) = (true, span.slot);
        let counted = span.counted > 0 && !std::mem::take(&mut self.began_before);
        match (&mut self.state, value) {
            (State::Integer(follow), Value::Number(Number::Integer(now))) => {
                follow.count(*now, counted).write(section, series, presence, span);
            }
            (State::Gauge(follow), Value::Number(number)) => {
                follow.measure(number.as_f64()).write(section, series, presence);
            }
            (State::FloatCounter(follow), Value::Number(number)) => {
                follow.count(number.as_f64(), counted).write(section, series, presence, span);
            }
            (State::Buckets(buckets), Value::Histogram(snapshot)) => {
                buckets.observe(&snapshot.counts, snapshot.sum, counted, |grown, sum| {
                    write_buckets(section, series, presence, grown, sum);
                });
            }
            _ => {}
        }
    }

    /// Notes that the series was not read.
    pub(super) fn miss(&mut self, series: u32, span: Span, section: &mut Section) {
        if self.present {
            (self.present, self.noted) = (false, span.slot);
            section.head(series, TOGGLED | BARE);
        }
    }

    /// Writes what happened since the last frame of ten seconds.
    pub(super) fn write_rolled(&self, series: u32, span: Span, section: &mut Section) {
        let presence = Presence { before: self.was_present, after: self.present };
        match &self.state {
            State::Integer(Follow { now, then, roll, .. }) => {
                IntegerChange { before: *then, after: *now, roll: *roll }
                    .write(section, series, presence, span);
            }
            State::Gauge(follow) => {
                let even = self.present && !follow.uneven && follow.readings == span.readings;
                let (before, after, read) = (follow.then, follow.now, follow.readings > 0);
                GaugeChange { before, after, roll: follow.roll, even, read }.write(section, series, presence);
            }
            State::FloatCounter(follow) => {
                let (before, after, read) = (follow.then, follow.now, follow.readings > 0);
                let change = FloatCounterChange { before, after, roll: follow.roll, read };
                change.write(section, series, presence, span);
            }
            State::Buckets(buckets) => {
                write_buckets(section, series, presence, &buckets.grown, buckets.sum_grown);
            }
        }
    }

    /// Begins the next ten seconds.
    pub(super) fn begin_roll(&mut self) {
        self.was_present = self.present;
        match &mut self.state {
            State::Integer(follow) => follow.begin(),
            State::Gauge(follow) | State::FloatCounter(follow) => follow.begin(),
            State::Buckets(buckets) => {
                buckets.grown.fill(0);
                buckets.sum_grown = 0.0;
            }
        }
    }
}

impl<T: Default> Follow<T> {
    fn begin(&mut self) {
        (self.then, self.readings, self.uneven, self.roll) = (self.now, 0, false, Roll::default());
    }
}

impl Follow<u64> {
    fn count(&mut self, now: u64, counted: bool) -> IntegerChange {
        let before = std::mem::replace(&mut self.now, now);
        // A value below the one before is a restart, from zero.
        let increase = now.checked_sub(before).unwrap_or(now);
        let mut roll = Roll::<u64>::default();
        if counted {
            roll.add(increase);
            self.roll.merge(roll);
        }
        self.readings += 1;
        IntegerChange { before, after: now, roll }
    }
}

impl Follow<f64> {
    fn measure(&mut self, value: f64) -> GaugeChange {
        let after = value.to_bits();
        let before = std::mem::replace(&mut self.now, after);
        self.uneven |= self.readings > 0 && before != after;
        self.readings += 1;
        let mut roll = Roll::<f64>::default();
        roll.add(value);
        self.roll.merge(roll);
        GaugeChange { before, after, roll, even: true, read: true }
    }

    fn count(&mut self, value: f64, counted: bool) -> FloatCounterChange {
        let after = value.to_bits();
        let before = std::mem::replace(&mut self.now, after);
        let mut roll = Roll::<f64>::default();
        if counted {
            let last = f64::from_bits(before);
            roll.add(if value < last { value } else { value - last });
            self.roll.merge(roll);
        }
        self.readings += 1;
        FloatCounterChange { before, after, roll, read: true }
    }
}

impl Buckets {
    /// Takes new counts, and hands on what they grew by. One that fell, or a NaN, is a restart from zero.
    fn observe(&mut self, counts: &[u64], sum: f64, counted: bool, then: impl FnOnce(&[u64], f64)) {
        let restarted = counts.iter().zip(&self.now).any(|(now, before)| now < before);
        let sum_before = if restarted { 0.0 } else { self.sum };
        let mut sum_grown = 0.0;
        if counted && sum.to_bits() != sum_before.to_bits() {
            sum_grown = sum - sum_before;
            self.sum_grown += sum_grown;
        }
        for ((now, before), grown) in counts.iter().zip(&mut self.now).zip(&mut self.grown) {
            let increase = if restarted { *now } else { now - *before };
            // For the moment what was there holds the growth; it is the new count again below.
            *before = if counted { increase } else { 0 };
            *grown = grown.wrapping_add(*before);
        }
        then(&self.now, sum_grown);
        self.now.copy_from_slice(counts);
        self.sum = sum;
    }
}
