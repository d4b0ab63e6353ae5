//! Finding a series by its key.

use crate::series::Series;
use parking_lot::RwLock;
use rapidhash::v3::{RapidSecrets, rapidhash_v3_micro_inline};
use smallvec::{SmallVec, smallvec};
use std::collections::hash_map::{Entry, HashMap};
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::sync::Arc;

/// Parts of the table, each with a lock of its own.
const PARTS: usize = 16;

/// All series but those that hold what is beyond the bounds, by the hash of their key.
///
#[derive(Debug, Default)]
pub(super) struct Table {
    keys: HashKeys,
    parts: [Part; PARTS],
}

/// The hash is fast rather than cryptographic. It is keyed, with 64 bits for each collector from the system's
/// generator, because tag values may come from an attacker, who never sees a hash. What collisions can cost is
/// bounded all the same: the series of one hash are of one metric or few, and no more than are registered.
#[derive(Debug)]
struct HashKeys {
    name: RapidSecrets,
    key: RapidSecrets,
    value: RapidSecrets,
}

impl Default for HashKeys {
    fn default() -> Self {
        let random = RandomState::new();
        let keys = |part: u8| RapidSecrets::seed(random.hash_one(part));
        Self { name: keys(0), key: keys(1), value: keys(2) }
    }
}

/// On cache lines of its own, so that lookups in two parts do not slow each other down.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Part {
    series: RwLock<Found>,
}

type Found = HashMap<u64, SmallVec<[Arc<Series>; 1]>, BuildHasherDefault<AlreadyHashed>>;

impl Table {
    /// The hash of a series, whatever the order of its tags: those of its parts are computed side by side, and
    /// added up. Tags with an empty value do not count.
    #[inline]
    pub(super) fn hash(&self, name: &str, tags: &[(&str, &str)]) -> u64 {
        let HashKeys { name: name_keys, key: key_keys, value: value_keys } = &self.keys;
        let mut sum = rapidhash_v3_micro_inline::<true, false>(name.as_bytes(), name_keys);
        for (key, value) in tags.iter().filter(|(_, value)| !value.is_empty()) {
            let key = rapidhash_v3_micro_inline::<true, false>(key.as_bytes(), key_keys);
            let value = rapidhash_v3_micro_inline::<true, false>(value.as_bytes(), value_keys);
            sum = sum.wrapping_add(fold(key, value));
        }
        fold(sum, name_keys.secrets[0])
    }

    /// Hands the series to `then`, which is one of ours and short: it runs under the lock of one part, which saves
    /// counting references. `tags` are those that [`Labels::matches`](crate::labels::Labels::matches) takes.
    pub(super) fn find<T>(
        &self,
        hash: u64,
        name: &str,
        tags: &[(&str, &str)],
        then: impl FnOnce(&Arc<Series>) -> T,
    ) -> Option<T> {
        let found = self.part(hash).series.read();
        found.get(&hash)?.iter().find(|series| series.is(name, tags)).map(then)
    }

    pub(super) fn insert(&self, series: Arc<Series>) {
        let hash = series.hash;
        self.part(hash).series.write().entry(hash).or_insert_with(|| smallvec![]).push(series);
    }

    /// Takes the series out if it is there and `may` says so, while nobody can look it up.
    pub(super) fn remove_if(&self, series: &Arc<Series>, may: impl FnOnce(&Series) -> bool) -> bool {
        let mut part = self.part(series.hash).series.write();
        let Entry::Occupied(mut entry) = part.entry(series.hash) else { return false };
        let place = entry.get().iter().position(|own| Arc::ptr_eq(own, series));
        let Some(place) = place.filter(|_| may(series)) else { return false };
        entry.get_mut().swap_remove(place);
        if entry.get().is_empty() {
            entry.remove();
        }
        true
    }

    /// The maps use the lowest and the highest bits, so the part is chosen by others.
    fn part(&self, hash: u64) -> &Part {
        &self.parts[(hash >> 32) as usize % PARTS]
    }
}

/// Both halves of the product: every bit of the result depends on all of both.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

/// The keys of the maps are hashes already.
#[derive(Debug, Default)]
struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn write(&mut self, bytes: &[u8]) {
        // Only `write_u64` is ever called; this keeps any other key correct.
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
