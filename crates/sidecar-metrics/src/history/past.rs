//! A series on the way back in time.

use super::bytes::Reader;
use super::change::{FloatCounterChange, GaugeChange, IntegerChange, read_buckets, repeated_float};
use super::frame::{BARE, Span, TOGGLED};
use super::group::Group;
use super::roll::Roll;
use super::track::{State, Track};
use crate::query::QueryError;
use std::sync::Arc;

/// How many readings, and how many of them with one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weight {
    pub(super) readings: u32,
    pub(super) counted: u32,
}

impl Weight {
    pub(super) fn plus(self, span: Span) -> Self {
        Self { readings: self.readings + span.readings, counted: self.counted + span.counted }
    }
}

/// A series as it was at the frame that was reached.
#[derive(Debug)]
pub(super) struct Past {
    /// Where its points go; `None` if it does not match.
    pub(super) group: Option<usize>,
    present: bool,
    value: Value,
    /// Which readings of this step went to the group already; the others were like the present one.
    flushed: Weight,
    points: Roll<f64>,
    newest: Option<f64>,
}

#[derive(Debug)]
enum Value {
    Integer(u64),
    FloatCounter(u64),
    Gauge(u64),
    Buckets(Arc<[f64]>),
}

impl Past {
    pub(super) fn new(track: &Track, group: Option<usize>) -> Self {
        let value = match &track.state {
            State::Integer(follow) => Value::Integer(follow.now),
            State::FloatCounter(follow) => Value::FloatCounter(follow.now),
            State::Gauge(follow) => Value::Gauge(follow.now),
            State::Buckets(buckets) => Value::Buckets(Arc::clone(&buckets.bounds)),
        };
        let present = track.present;
        Self { group, present, value, flushed: Weight::default(), points: Roll::default(), newest: None }
    }

    /// Goes back over one entry. `before` are the newer readings of the step.
    pub(super) fn step_back(
        &mut self,
        reader: &mut Reader<'_>,
        flags: u8,
        span: Span,
        before: Weight,
        groups: &mut [Group],
    ) -> Result<(), QueryError> {
        let mut group = self.group.and_then(|group| groups.get_mut(group));
        if let Some(group) = group.as_deref_mut() {
            self.flush(before, group)?;
            self.flushed = before.plus(span);
        }
        let read = flags & BARE == 0;
        if read {
            self.note_newest();
        }
        let points = match &mut self.value {
            Value::Integer(now) => {
                let change = IntegerChange::read(reader, flags, span, *now);
                *now = change.before;
                change.roll.into()
            }
            Value::FloatCounter(now) => {
                let change = FloatCounterChange::read(reader, flags, span, *now);
                *now = change.before;
                change.roll
            }
            Value::Gauge(now) => {
                let change = GaugeChange::read(reader, flags, span, *now);
                *now = change.before;
                change.roll
            }
            Value::Buckets(bounds) => match group.as_deref_mut() {
                Some(group) => {
                    let mut fits = true;
                    let sum = read_buckets(reader, flags, |at, grown| fits &= group.grow(bounds, at, grown));
                    if !fits {
                        return Err(group.mixed_buckets());
                    }
                    group.sum_grown += sum;
                    repeated_float(0.0, if read { span.counted } else { 0 })
                }
                None => {
                    read_buckets(reader, flags, |_, _| {});
                    Roll::default()
                }
            },
        };
        self.present ^= flags & TOGGLED != 0;
        match group {
            Some(group) => self.add(points, group),
            None => Ok(()),
        }
    }

    /// Adds the readings of which there is no entry: they were like this one.
    fn flush(&mut self, until: Weight, group: &mut Group) -> Result<(), QueryError> {
        let readings = until.readings - self.flushed.readings;
        let counted = until.counted - self.flushed.counted;
        self.flushed = until;
        if !self.present || readings == 0 {
            return Ok(());
        }
        self.note_newest();
        let points = match self.value {
            Value::Gauge(bits) => repeated_float(f64::from_bits(bits), readings),
            Value::Integer(_) | Value::FloatCounter(_) | Value::Buckets(_) => repeated_float(0.0, counted),
        };
        self.add(points, group)
    }

    fn note_newest(&mut self) {
        let value = match self.value {
            Value::Integer(now) => now as f64,
            Value::FloatCounter(bits) | Value::Gauge(bits) => f64::from_bits(bits),
            Value::Buckets(_) => return,
        };
        if self.newest.is_none() && !value.is_nan() {
            self.newest = Some(value);
        }
    }

    fn add(&mut self, points: Roll<f64>, group: &mut Group) -> Result<(), QueryError> {
        self.points.merge(points);
        group.add(points)
    }

    /// Ends a step that had these readings.
    pub(super) fn end_step(&mut self, all: Weight, groups: &mut [Group]) -> Result<(), QueryError> {
        let Some(group) = self.group.and_then(|group| groups.get_mut(group)) else { return Ok(()) };
        self.flush(all, group)?;
        group.end_series(self.points, self.newest);
        (self.flushed, self.points, self.newest) = (Weight::default(), Roll::default(), None);
        Ok(())
    }
}

impl From<Roll<u64>> for Roll<f64> {
    fn from(roll: Roll<u64>) -> Self {
        let Roll { count, sum, min, max } = roll;
        Self { count, sum: sum as f64, min: min as f64, max: max as f64 }
    }
}
