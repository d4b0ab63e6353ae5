//! The frames of one resolution, oldest first.

use super::frame::{Frame, Span};
use std::collections::VecDeque;

/// Frames one after the other, and how much they take.
#[derive(Debug, Default)]
pub(super) struct Tier {
    frames: VecDeque<Frame>,
    payload: usize,
    /// All that was read from this second on is here.
    since: u64,
}

/// What one more frame takes beside its bytes.
const FRAME_BYTES: usize = size_of::<Frame>();

impl Tier {
    pub(super) fn bytes(&self) -> usize {
        self.payload + self.frames.capacity() * FRAME_BYTES
    }

    /// What [`bytes`](Self::bytes) says after [`shrink`](Self::shrink).
    pub(super) fn least(&self) -> usize {
        self.payload + self.frames.len() * FRAME_BYTES
    }

    /// Gives back the room for frames that are not there.
    pub(super) fn shrink(&mut self) {
        self.frames.shrink_to_fit();
    }

    /// How much more [`bytes`](Self::bytes) will say when a frame of this length is added.
    pub(super) fn cost(&self, length: usize) -> usize {
        let full = self.frames.len() == self.frames.capacity();
        length + if full { self.growth() * FRAME_BYTES } else { 0 }
    }

    /// By how many frames the queue grows: an eighth, because doubling would waste half of the bound.
    fn growth(&self) -> usize {
        (self.frames.capacity() / 8).max(8)
    }

    pub(super) fn push(&mut self, span: Span, bytes: &[u8]) {
        if self.frames.len() == self.frames.capacity() {
            self.frames.reserve_exact(self.growth());
        }
        self.payload += bytes.len();
        self.frames.push_back(Frame { bytes: bytes.into(), span });
    }

    /// Drops the oldest frame; what it covered.
    pub(super) fn drop_oldest(&mut self) -> Option<Span> {
        let oldest = self.frames.pop_front()?;
        self.payload -= oldest.bytes.len();
        self.since = oldest.span.slot + 1;
        Some(oldest.span)
    }

    /// Notes that a frame was not kept at all.
    pub(super) fn skip(&mut self, span: Span) {
        self.since = span.slot + 1;
    }

    pub(super) fn oldest(&self) -> Option<Span> {
        self.frames.front().map(|frame| frame.span)
    }

    /// All that was read from this second on is here.
    pub(super) fn since(&self) -> u64 {
        self.since
    }

    /// Newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Frame> {
        self.frames.iter().rev()
    }
}
