//! What the history's lock guards.

use super::family::Followed;
use super::figures::HistoryStats;
use super::frame::{FrameWriter, Span};
use super::pace::Due;
use super::settings::HistorySettings;
use super::store::{Resolution, Store};
use super::{ROLLED_SECONDS, answer};
use crate::gather::Joined;
use crate::query::{Query, QueryError, QueryResult, whole_seconds};
use std::sync::Arc;
use std::time::Duration;

/// Series, frames, and the ten seconds that are being summed up.
#[derive(Debug)]
pub(super) struct Books {
    /// Sorted by name.
    pub(super) families: Vec<(Arc<str>, Followed)>,
    pub(super) store: Store,
    writer: FrameWriter,
    /// The ten seconds that are not complete yet.
    pub(super) open: Option<Span>,
    next_id: u64,
    /// The first second and the last one that were read.
    pub(super) first: Option<u64>,
    pub(super) last: u64,
    /// When the last reading was made, in Unix seconds.
    pub(super) wall: u64,
}

impl Books {
    pub(super) fn new(settings: &HistorySettings) -> Self {
        Self {
            families: Vec::new(),
            store: Store::new(settings.bytes, whole_seconds(settings.retention)),
            writer: FrameWriter::default(),
            open: None,
            next_id: 0,
            first: None,
            last: 0,
            wall: 0,
        }
    }

    /// Takes new bounds. Series that no longer fit are forgotten with their past, all of them, and are new to the next
    /// reading: frames know them by number, so none can be taken out of those that stay.
    pub(super) fn set(&mut self, settings: &HistorySettings) {
        self.writer = FrameWriter::default();
        self.store.scratch = 0;
        self.store.set(settings.bytes, whole_seconds(settings.retention), self.last);
        if !self.store.holds_table() {
            // Noted, so that what those series have counted so far is no increase when they come back.
            self.store.left_out += self.stats().series;
            (self.families, self.open, self.store.table) = (Vec::new(), None, 0);
            self.store.clear();
        }
    }

    pub(super) fn stats(&self) -> HistoryStats {
        HistoryStats {
            bytes: self.store.bytes() as u64,
            series: self.families.iter().map(|(_, family)| family.series() as u64).sum(),
            evicted_points: self.store.evicted,
            series_left_out: self.store.left_out,
            max_bytes: self.store.bound() as u64,
            retention: Duration::from_secs(self.store.retention()),
        }
    }

    /// Keeps a reading, made at `wall` Unix seconds.
    pub(super) fn keep(&mut self, metrics: &[Joined], due: Due, wall: u64) {
        let ends = due.slot - due.slot % ROLLED_SECONDS + (ROLLED_SECONDS - 1);
        if self.open.is_some_and(|open| open.slot != ends) {
            self.close_roll(due.slot);
        }
        let (seconds, counted) = (due.seconds.unwrap_or(0), u32::from(due.seconds.is_some()));
        let mut span = Span { slot: due.slot, seconds, readings: 1, counted, points: 0 };
        self.first.get_or_insert(due.slot);
        (self.last, self.wall) = (due.slot, wall);

        self.writer.begin();
        let left_out = std::mem::take(&mut self.store.left_out);
        self.read(metrics, span, left_out > 0);
        span.points = self.families.iter().map(|(_, family)| family.present).sum();
        self.count_table();
        self.store.push(Resolution::Fine, span, self.writer.bytes());

        let open = self.open.get_or_insert(Span { slot: ends, ..Span::default() });
        open.seconds += seconds;
        open.readings += 1;
        open.counted += counted;
        open.points = span.points;
    }

    fn read(&mut self, metrics: &[Joined], span: Span, some_were_left_out: bool) {
        let (mut at, known) = (0, self.families.len());
        for metric in metrics {
            while at < known && *self.families[at].0 < *metric.name {
                self.miss(at, span);
                at += 1;
            }
            let found = at < known && *self.families[at].0 == *metric.name;
            let place = if found { at } else { self.families.len() };
            at += usize::from(found);
            let other_kind = found && self.families[place].1.kind != metric.kind;
            if other_kind {
                // What a source called something else before is another metric, and the old one's past is over.
                self.families[place].1 = Followed::new(self.next_id, metric.kind);
                self.next_id += 1;
            }
            if !found && !self.follow(metric) {
                // The one that asked for room is counted already.
                self.store.left_out += (metric.len() as u64).saturating_sub(1);
                continue;
            }
            let followed = &mut self.families[place].1;
            let store = &mut self.store;
            let section = self.writer.section();
            let began_before = some_were_left_out || other_kind;
            followed.observe(metric, span, section, began_before, |bytes| store.admit(bytes));
            self.writer.end_section(followed.id);
        }
        for at in at..known {
            self.miss(at, span);
        }
        if self.families.len() > known {
            self.families.sort_by(|a, b| a.0.cmp(&b.0));
        }
    }

    /// Follows a metric from now on; its place is the last one. One without series has no history.
    fn follow(&mut self, metric: &Joined) -> bool {
        let followed = Followed::new(self.next_id, metric.kind);
        let growth = if self.families.len() == self.families.capacity() { self.growth() } else { 0 };
        let bytes = followed.bytes() + growth * size_of::<(Arc<str>, Followed)>();
        if metric.len() == 0 || !self.store.admit(bytes) {
            return false;
        }
        self.families.reserve_exact(growth);
        self.families.push((Arc::clone(&metric.name), followed));
        self.next_id += 1;
        true
    }

    fn growth(&self) -> usize {
        (self.families.capacity() / 8).max(8)
    }

    fn miss(&mut self, at: usize, span: Span) {
        let followed = &mut self.families[at].1;
        followed.miss_all(span, self.writer.section());
        self.writer.end_section(followed.id);
    }

    /// Ends the ten seconds that are open, and forgets series of which nothing is left.
    fn close_roll(&mut self, now: u64) {
        let Some(span) = self.open.take() else { return };
        self.writer.begin();
        for (_, family) in &mut self.families {
            family.write_rolled(span, &mut self.writer);
            family.begin_roll();
        }
        self.count_table();
        self.store.push(Resolution::Rolled, span, self.writer.bytes());
        let oldest = self.store.oldest().unwrap_or(now);
        self.families.iter_mut().for_each(|(_, family)| family.forget(oldest));
        self.families.retain(|(_, family)| !family.is_empty());
        self.count_table();
    }

    fn count_table(&mut self) {
        let unused = self.families.capacity() - self.families.len();
        let spare = unused * size_of::<(Arc<str>, Followed)>();
        self.store.table = spare + self.families.iter().map(|(_, family)| family.bytes()).sum::<usize>();
        self.store.scratch = self.writer.capacity();
        self.store.trim(|_| 0);
    }

    pub(super) fn answer(&self, query: &Query) -> Result<QueryResult, QueryError> {
        answer::answer(self, query)
    }
}
