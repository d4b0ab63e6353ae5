//! What one thread has offered, counted by that thread alone.

use sidecar_core::TypeId;
use sidecar_core::sync::{AtomicU64, Ordering::Relaxed};

/// Event types that one thread counts by itself. Types whose places are taken are counted in the ledger's rows.
const PLACES: usize = 16;

/// Counts of the types that a thread offers most, written by it alone and so without a read-modify-write.
///
/// Relaxed throughout: `accepted` is written before its event is put into the lane, whose lock hands it on to the
/// worker and so to whoever sees the event's outcome; `sampled_out` stands for itself.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Tally {
    places: [Place; PLACES],
}

#[derive(Debug, Default)]
struct Place {
    /// The type's index plus one; zero while free.
    of: AtomicU64,
    accepted: AtomicU64,
    sampled_out: AtomicU64,
}

impl Tally {
    /// Counts an event that is about to be queued; `false` if its type has no place here.
    #[inline]
    pub(crate) fn accepted(&self, id: TypeId) -> bool {
        self.place(id).map(|place| count(&place.accepted)).is_some()
    }

    /// Counts an event that was not kept; `false` if its type has no place here.
    #[inline]
    pub(crate) fn sampled_out(&self, id: TypeId) -> bool {
        self.place(id).map(|place| count(&place.sampled_out)).is_some()
    }

    #[inline]
    fn place(&self, id: TypeId) -> Option<&Place> {
        let (place, mine) = (&self.places[id.index() % PLACES], id.index() as u64 + 1);
        match place.of.load(Relaxed) {
            of if of == mine => Some(place),
            0 => {
                place.of.store(mine, Relaxed);
                Some(place)
            }
            _ => None,
        }
    }

    /// Each type's index, accepted and sampled-out events.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (usize, u64, u64)> {
        self.places.iter().filter_map(|place| {
            let index = usize::try_from(place.of.load(Relaxed)).ok()?.checked_sub(1)?;
            Some((index, place.accepted.load(Relaxed), place.sampled_out.load(Relaxed)))
        })
    }
}

#[inline]
fn count(counter: &AtomicU64) {
    counter.store(counter.load(Relaxed) + 1, Relaxed);
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;
    use sidecar_core::EventTypes;

    #[test]
    fn each_type_is_counted_in_its_own_place_and_those_without_one_say_so() {
        let (names, tally) = (EventTypes::default(), Tally::default());
        let ids: Vec<_> = (0..PLACES + 2).map(|n| names.intern(&n.to_string())).collect();
        assert!(ids[..PLACES].iter().all(|id| tally.accepted(*id) && tally.sampled_out(*id)));
        assert!(tally.accepted(ids[0]));
        assert!(!tally.accepted(ids[PLACES]) && !tally.sampled_out(ids[PLACES + 1]));
        let mut counts: Vec<_> = tally.counts().collect();
        counts.sort_unstable();
        assert_eq!(counts.len(), PLACES);
        assert_eq!(counts[0], (ids[0].index(), 2, 1));
        assert!(counts[1..].iter().all(|(_, accepted, sampled_out)| (*accepted, *sampled_out) == (1, 1)));
    }
}
