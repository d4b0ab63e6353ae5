//! What changed from one point in time to the next, of all series together.
//!
//! A frame is a row of sections, one for each metric of which something changed: the metric's number, the
//! section's length, entries. An entry is a head, which says the series and some flags, and a payload that depends
//! on the kind. Values are written as their difference to the value before, which is read from both sides: an
//! answer begins with the values of this moment and goes back in time, so no frame needs those before it, and
//! the oldest can be dropped without being read.

use super::bytes::{Reader, put_varint};

/// The series came or went with this frame.
pub(super) const TOGGLED: u8 = 1;
/// A counter started again; its count before is written out.
pub(super) const RESTARTED: u8 = 2;
/// The readings in a frame were not all alike; what they were is written out.
pub(super) const VARIED: u8 = 4;
/// There is no payload: the series was not read in this frame.
pub(super) const BARE: u8 = 8;

const FLAG_BITS: u32 = 4;
const FLAGS: u8 = (1 << FLAG_BITS) - 1;
/// Larger distances from one series to the next do not fit the head.
const MAX_GAP: u32 = 15;

/// All changes of one second, or of ten.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) bytes: Box<[u8]>,
    pub(super) span: Span,
}

/// The time that a frame covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    /// The second of its last reading; of a rolled frame the last one that could be in it.
    pub(super) slot: u64,
    /// Seconds from the reading before its first to its last one.
    pub(super) seconds: u64,
    /// How many readings it has.
    pub(super) readings: u32,
    /// How many of them had one before them, so that counters have an increase.
    pub(super) counted: u32,
    /// How many points it holds, those that changed nothing included.
    pub(super) points: u32,
}

/// Writes one frame.
#[derive(Debug, Default)]
pub(super) struct FrameWriter {
    frame: Vec<u8>,
    section: Section,
}

/// Writes the entries of one metric.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub(super) bytes: Vec<u8>,
    /// The series of the last entry, plus one.
    next: u32,
}

impl Section {
    /// Begins the entry of a series.
    pub(super) fn head(&mut self, series: u32, flags: u8) {
        let gap = series.wrapping_sub(self.next).wrapping_add(1);
        if (1..=MAX_GAP).contains(&gap) {
            self.bytes.push((gap as u8) << FLAG_BITS | flags);
        } else {
            self.bytes.push(flags);
            put_varint(&mut self.bytes, series.into());
        }
        self.next = series + 1;
    }
}

impl FrameWriter {
    /// Begins a frame; what was written before is gone.
    pub(super) fn begin(&mut self) {
        self.frame.clear();
    }

    /// Begins the entries of a metric.
    pub(super) fn section(&mut self) -> &mut Section {
        self.section.bytes.clear();
        self.section.next = 0;
        &mut self.section
    }

    /// Ends the entries of the metric with this number. Without entries nothing is written.
    pub(super) fn end_section(&mut self, family: u64) {
        let entries = &self.section.bytes;
        if !entries.is_empty() {
            put_varint(&mut self.frame, family);
            put_varint(&mut self.frame, entries.len() as u64);
            self.frame.extend_from_slice(entries);
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.frame
    }

    /// Bytes that are kept for the next frame.
    pub(super) fn capacity(&self) -> usize {
        self.frame.capacity() + self.section.bytes.capacity()
    }
}

/// The entries of one metric in a frame; empty if it did not change.
pub(super) fn section(frame: &[u8], family: u64) -> Entries<'_> {
    let mut reader = Reader::new(frame);
    while !reader.is_empty() {
        let (id, length) = (reader.varint(), reader.varint());
        let entries = reader.part(length);
        if id == family {
            return Entries { reader: entries, next: 0 };
        }
    }
    Entries { reader, next: 0 }
}

/// Reads the entries of a section. The payload is read by whoever knows the series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entries<'a> {
    pub(super) reader: Reader<'a>,
    next: u32,
}

impl Entries<'_> {
    /// The series of the next entry, and its flags.
    pub(super) fn head(&mut self) -> Option<(u32, u8)> {
        if self.reader.is_empty() {
            return None;
        }
        let head = self.reader.byte();
        let series = match u32::from(head >> FLAG_BITS) {
            0 => u32::try_from(self.reader.varint()).unwrap_or(u32::MAX),
            gap => self.next.wrapping_add(gap).wrapping_sub(1),
        };
        self.next = series.wrapping_add(1);
        Some((series, head & FLAGS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sections_and_heads_read_back(
            sections in prop::collection::vec(
                (1u64..1_000, prop::collection::vec((0u32..5_000, 0u8..16), 0..20)), 0..6),
        ) {
            let mut writer = FrameWriter::default();
            writer.begin();
            for (at, (id, heads)) in sections.iter().enumerate() {
                let section = writer.section();
                heads.iter().for_each(|(series, flags)| section.head(*series, *flags));
                writer.end_section(id * 10 + at as u64);
            }
            for (at, (id, heads)) in sections.iter().enumerate() {
                let mut entries = section(writer.bytes(), id * 10 + at as u64);
                let read: Vec<_> = std::iter::from_fn(|| entries.head()).collect();
                prop_assert_eq!(&read, heads);
            }
            prop_assert!(section(writer.bytes(), 5).head().is_none());
        }
    }

    #[test]
    fn neighbours_take_one_byte_each() {
        let mut section = Section::default();
        (0..100).for_each(|series| section.head(series, 0));
        assert_eq!(section.bytes.len(), 100);
    }
}
