//! One metric as the history follows it.

use super::frame::{FrameWriter, Section, Span};
use super::track::Track;
use crate::families::Value;
use crate::gather::{Item, Joined};
use crate::kind::Kind;
use crate::labels::Labels;
use std::cmp::Ordering;
use std::sync::Arc;

/// The series of one metric. Each has a number that frames know it by; it is used again only when no frame
/// with it is left.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) id: u64,
    pub(super) kind: Kind,
    pub(super) tracks: Vec<Option<Track>>,
    /// The numbers in the order of the tags.
    order: Vec<u32>,
    free: Vec<u32>,
    /// What the tracks take beside their own size.
    heap: usize,
    /// How many of them were there at the last reading.
    pub(super) present: u32,
}

impl Followed {
    pub(super) fn new(id: u64, kind: Kind) -> Self {
        Self { id, kind, tracks: Vec::new(), order: Vec::new(), free: Vec::new(), heap: 0, present: 0 }
    }

    /// What it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        // Beside itself: its name, and its place in the map of names.
        128 + size_of::<Self>()
            + self.heap
            + self.tracks.capacity() * size_of::<Option<Track>>()
            + (self.order.capacity() + self.free.capacity()) * size_of::<u32>()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub(super) fn series(&self) -> usize {
        self.order.len()
    }

    /// Reads all series. `admit` says whether there is room for one more, given what it takes; `began_before`
    /// whether a new one may have been counting already.
    pub(super) fn observe(
        &mut self,
        metric: &Joined,
        span: Span,
        section: &mut Section,
        began_before: bool,
        mut admit: impl FnMut(usize) -> bool,
    ) {
        let (mut at, known) = (0, self.order.len());
        self.present = 0;
        metric.each(|item| {
            let (labels, value) = match item {
                Item::Registered(series, value) => (&series.labels, value),
                Item::Pulled(sample) => (&sample.labels, &sample.value),
            };
            let (found, replaces) = self.find((&mut at, known), labels, value, span, section);
            let series = found.or_else(|| self.add(labels, value, began_before || replaces, &mut admit));
            if let Some(series) = series
                && let Some(track) = &mut self.tracks[series as usize]
            {
                track.observe(value, series, span, section);
                self.present += 1;
            }
        });
        for at in at..known {
            self.miss(at, span, section);
        }
        if self.order.len() > known {
            let Self { order, tracks, .. } = self;
            let labels = |series: &u32| tracks[*series as usize].as_ref().map(|track| &track.labels);
            order.sort_by(|a, b| labels(a).cmp(&labels(b)));
        }
    }

    /// The series with these tags, from the one at `at` on, and whether there is one that cannot go on. Those before
    /// it were not read.
    fn find(
        &mut self,
        (at, known): (&mut usize, usize),
        labels: &Arc<Labels>,
        value: &Value,
        span: Span,
        section: &mut Section,
    ) -> (Option<u32>, bool) {
        let mut replaces = false;
        while *at < known {
            let series = self.order[*at];
            let Some(track) = &mut self.tracks[series as usize] else { break };
            // The registry's series keep their tags, so most of the time comparing addresses is enough.
            let same = Arc::ptr_eq(&track.labels, labels);
            match if same { Ordering::Equal } else { track.labels.cmp(labels) } {
                Ordering::Greater => break,
                Ordering::Equal if track.takes(value) => {
                    *at += 1;
                    return (Some(series), false);
                }
                // Other buckets, or another kind of number: it ends here, and another begins.
                Ordering::Equal => replaces = true,
                Ordering::Less => {}
            }
            track.miss(series, span, section);
            *at += 1;
        }
        (None, replaces)
    }

    /// Notes that no series was read.
    pub(super) fn miss_all(&mut self, span: Span, section: &mut Section) {
        self.present = 0;
        for at in 0..self.order.len() {
            self.miss(at, span, section);
        }
    }

    fn miss(&mut self, at: usize, span: Span, section: &mut Section) {
        let series = self.order[at];
        if let Some(track) = &mut self.tracks[series as usize] {
            track.miss(series, span, section);
        }
    }

    fn add(
        &mut self,
        labels: &Arc<Labels>,
        value: &Value,
        began_before: bool,
        admit: &mut impl FnMut(usize) -> bool,
    ) -> Option<u32> {
        let heap = Track::heap_bytes(labels, value);
        let full = self.free.is_empty() && self.tracks.len() == self.tracks.capacity();
        let growth = (self.tracks.capacity() / 8).max(4);
        // A number takes room in both lists as soon as it is used once.
        let place = size_of::<Option<Track>>() + 2 * size_of::<u32>();
        if !admit(heap + if full { growth * place } else { 0 }) {
            return None;
        }
        let track = Some(Track::new(Arc::clone(labels), self.kind, value, began_before));
        self.heap += heap;
        let series = match self.free.pop() {
            Some(series) => {
                self.tracks[series as usize] = track;
                series
            }
            None => {
                if full {
                    self.tracks.reserve_exact(growth);
                    let capacity = self.tracks.capacity();
                    self.order.reserve_exact(capacity - self.order.len());
                    self.free.reserve_exact(capacity);
                }
                self.tracks.push(track);
                u32::try_from(self.tracks.len() - 1).expect("series are bounded by bytes, far below 2^32")
            }
        };
        self.order.push(series);
        Some(series)
    }

    /// Writes what happened since the last frame of ten seconds.
    pub(super) fn write_rolled(&self, span: Span, writer: &mut FrameWriter) {
        let section = writer.section();
        for (series, track) in (0..).zip(&self.tracks) {
            if let Some(track) = track {
                track.write_rolled(series, span, section);
            }
        }
        writer.end_section(self.id);
    }

    /// Begins the next ten seconds.
    pub(super) fn begin_roll(&mut self) {
        self.tracks.iter_mut().flatten().for_each(Track::begin_roll);
    }

    /// Forgets series of which nothing is written from `oldest` on, the first second that a frame is kept of. Call it
    /// when ten seconds begin.
    pub(super) fn forget(&mut self, oldest: u64) {
        let Self { tracks, order, free, heap, .. } = self;
        order.retain(|series| {
            let slot = &mut tracks[*series as usize];
            let gone = slot.take_if(|track| !track.present && track.noted < oldest);
            if let Some(track) = &gone {
                *heap -= track.heap;
                free.push(*series);
            }
            gone.is_none()
        });
    }
}
