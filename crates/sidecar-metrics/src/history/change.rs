//! The payloads of entries: what happened to one series in one frame.
//!
//! One form serves both resolutions: a frame of one second is a frame with one reading.

use super::bytes::{Reader, put_bits, put_varint};
use super::frame::{BARE, RESTARTED, Section, Span, TOGGLED, VARIED};
use super::roll::Roll;

/// Whether the series is there at the end of the frame, and whether that is other than before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Presence {
    pub(super) before: bool,
    pub(super) after: bool,
}

impl Presence {
    fn flag(self) -> u8 {
        if self.before == self.after { 0 } else { TOGGLED }
    }
}

/// A counter of whole numbers, from `before` to `after`. `roll` has its increases.
#[derive(Clone, Copy, Debug)]
pub(super) struct IntegerChange {
    pub(super) before: u64,
    pub(super) after: u64,
    pub(super) roll: Roll<u64>,
}

impl IntegerChange {
    pub(super) fn write(&self, section: &mut Section, series: u32, presence: Presence, span: Span) {
        let Self { before, after, roll } = *self;
        let restarted = before.wrapping_add(roll.sum) != after;
        let even = presence.after && roll.count == span.counted && roll.min == roll.max;
        let mut flags = presence.flag();
        if even && roll.max == 0 && !restarted && flags == 0 {
            return;
        }
        if !presence.after && roll.count == 0 && !restarted {
            if flags != 0 {
                section.head(series, flags | BARE);
            }
            return;
        }
        flags |= if even { 0 } else { VARIED } | if restarted { RESTARTED } else { 0 };
        section.head(series, flags);
        let out = &mut section.bytes;
        if even {
            put_varint(out, roll.min);
        } else {
            put_varint(out, roll.count.into());
            put_varint(out, roll.sum);
            put_varint(out, roll.min);
            put_varint(out, roll.max - roll.min);
        }
        if restarted {
            put_varint(out, before);
        }
    }

    /// Reads the change that ended with `after`.
    pub(super) fn read(reader: &mut Reader<'_>, flags: u8, span: Span, after: u64) -> Self {
        let roll = if flags & BARE != 0 {
            Roll::default()
        } else if flags & VARIED != 0 {
            let count = u32::try_from(reader.varint()).unwrap_or(u32::MAX);
            let (sum, min) = (reader.varint(), reader.varint());
            Roll { count, sum, min, max: min.wrapping_add(reader.varint()) }
        } else {
            let each = reader.varint();
            repeated_integer(each, span.counted)
        };
        let before = if flags & RESTARTED != 0 { reader.varint() } else { after.wrapping_sub(roll.sum) };
        Self { before, after, roll }
    }
}

/// Points that are all alike.
pub(super) fn repeated_integer(each: u64, count: u32) -> Roll<u64> {
    if count == 0 {
        return Roll::default();
    }
    Roll { count, sum: each.wrapping_mul(count.into()), min: each, max: each }
}

/// Points that are all alike; NaN is none.
pub(super) fn repeated_float(each: f64, count: u32) -> Roll<f64> {
    if count == 0 || each.is_nan() {
        return Roll::default();
    }
    Roll { count, sum: each * f64::from(count), min: each, max: each }
}

/// A gauge, from the bits `before` to those `after`. `roll` has its values.
#[derive(Clone, Copy, Debug)]
pub(super) struct GaugeChange {
    pub(super) before: u64,
    pub(super) after: u64,
    pub(super) roll: Roll<f64>,
    /// Whether it was `after` at every reading.
    pub(super) even: bool,
    /// Whether it was read at all; values that are NaN are not in `roll`.
    pub(super) read: bool,
}

impl GaugeChange {
    pub(super) fn write(&self, section: &mut Section, series: u32, presence: Presence) {
        let Self { before, after, roll, even, read } = *self;
        let flags = presence.flag();
        if flags == 0 && (!read || even && before == after) {
            return;
        }
        if !read {
            return section.head(series, flags | BARE);
        }
        section.head(series, flags | if even { 0 } else { VARIED });
        put_bits(&mut section.bytes, before ^ after);
        if !even {
            put_roll(&mut section.bytes, &roll, after);
        }
    }

    /// Reads the change that ended with `after`.
    pub(super) fn read(reader: &mut Reader<'_>, flags: u8, span: Span, after: u64) -> Self {
        let read = flags & BARE == 0;
        let even = read && flags & VARIED == 0;
        let before = if read { after ^ reader.bits() } else { after };
        let roll = match (read, even) {
            (false, _) => Roll::default(),
            (true, true) => repeated_float(f64::from_bits(after), span.readings),
            (true, false) => read_roll(reader, after),
        };
        Self { before, after, roll, even, read }
    }
}

/// A counter that is not whole numbers, from the bits `before` to those `after`. `roll` has its increases.
#[derive(Clone, Copy, Debug)]
pub(super) struct FloatCounterChange {
    pub(super) before: u64,
    pub(super) after: u64,
    pub(super) roll: Roll<f64>,
    pub(super) read: bool,
}

impl FloatCounterChange {
    pub(super) fn write(&self, section: &mut Section, series: u32, presence: Presence, span: Span) {
        let Self { before, after, roll, read } = *self;
        let flags = presence.flag();
        // Left out is only what reading would find again to the last bit.
        let derived = |flags| derived_increase(flags, before, after, span) == roll;
        let form = [0, RESTARTED].into_iter().find(|form| presence.after && derived(*form)).unwrap_or(VARIED);
        if flags == 0 && (!read || form == 0 && before == after) {
            return;
        }
        if !read {
            return section.head(series, flags | BARE);
        }
        section.head(series, flags | form);
        put_bits(&mut section.bytes, before ^ after);
        if form == VARIED {
            put_roll(&mut section.bytes, &roll, after);
        }
    }

    /// Reads the change that ended with `after`.
    pub(super) fn read(reader: &mut Reader<'_>, flags: u8, span: Span, after: u64) -> Self {
        let read = flags & BARE == 0;
        let before = if read { after ^ reader.bits() } else { after };
        let roll = match (read, flags & VARIED != 0) {
            (false, _) => Roll::default(),
            (true, true) => read_roll(reader, after),
            (true, false) => derived_increase(flags, before, after, span),
        };
        Self { before, after, roll, read }
    }
}

/// The increases of a counter that need not be written: none at all, or one.
fn derived_increase(flags: u8, before: u64, after: u64, span: Span) -> Roll<f64> {
    if before == after && flags & RESTARTED == 0 {
        return repeated_float(0.0, span.counted);
    }
    let start = if flags & RESTARTED != 0 { 0.0 } else { f64::from_bits(before) };
    repeated_float(f64::from_bits(after) - start, span.counted.min(1))
}

fn put_roll(out: &mut Vec<u8>, roll: &Roll<f64>, near: u64) {
    put_varint(out, roll.count.into());
    if roll.count > 0 {
        put_bits(out, roll.sum.to_bits());
        put_bits(out, roll.min.to_bits() ^ near);
        put_bits(out, roll.max.to_bits() ^ near);
    }
}

fn read_roll(reader: &mut Reader<'_>, near: u64) -> Roll<f64> {
    match u32::try_from(reader.varint()).unwrap_or(u32::MAX) {
        0 => Roll::default(),
        count => Roll {
            count,
            sum: f64::from_bits(reader.bits()),
            min: f64::from_bits(reader.bits() ^ near),
            max: f64::from_bits(reader.bits() ^ near),
        },
    }
}

/// Writes what a histogram's buckets grew by, only those that did, and its sum.
pub(super) fn write_buckets(section: &mut Section, series: u32, presence: Presence, grown: &[u64], sum: f64) {
    let used = grown.iter().filter(|count| **count > 0).count();
    let flags = presence.flag();
    if used == 0 && sum.to_bits() == 0 {
        if flags != 0 {
            section.head(series, flags | BARE);
        }
        return;
    }
    section.head(series, flags);
    let out = &mut section.bytes;
    put_varint(out, used as u64);
    let mut next = 0;
    for (at, count) in grown.iter().enumerate().filter(|(_, count)| **count > 0) {
        put_varint(out, (at - next) as u64);
        put_varint(out, *count);
        next = at + 1;
    }
    put_bits(out, sum.to_bits());
}

/// Reads what [`write_buckets`] wrote: calls `grown` with each bucket and its growth, and answers with the sum's.
pub(super) fn read_buckets(reader: &mut Reader<'_>, flags: u8, mut grown: impl FnMut(usize, u64)) -> f64 {
    if flags & BARE != 0 {
        return 0.0;
    }
    let mut next = 0usize;
    for _ in 0..reader.varint() {
        let at = next.saturating_add(reader.varint() as usize);
        grown(at, reader.varint());
        next = at.saturating_add(1);
        if reader.is_empty() {
            break;
        }
    }
    f64::from_bits(reader.bits())
}

#[cfg(test)]
mod tests;
