//! Where the ring of recent failures begins and ends, in one word.

/// `[generation, low 42 bits | places in use: 11 | next place: 11]`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Head(pub(super) u64);

pub(super) const PLACE_BITS: u32 = 11;
const PLACE_MASK: u64 = (1 << PLACE_BITS) - 1;

impl Head {
    pub(super) fn new(generation: u64, used: usize, next: usize) -> Self {
        Self(generation << (2 * PLACE_BITS) | (used as u64) << PLACE_BITS | next as u64)
    }

    pub(super) fn is_of(self, generation: u64) -> bool {
        self.0 >> (2 * PLACE_BITS) == generation << (2 * PLACE_BITS) >> (2 * PLACE_BITS)
    }

    pub(super) fn used(self) -> usize {
        (self.0 >> PLACE_BITS & PLACE_MASK) as usize
    }

    pub(super) fn next(self) -> usize {
        (self.0 & PLACE_MASK) as usize
    }
}
