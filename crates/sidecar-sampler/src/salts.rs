//! Draws that follow from a key: the same for the same event type and key, wherever and whenever.

use crate::siphash;
use sidecar_core::{EventTypes, TypeId};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The keys under which names and keys of events are hashed. Changing one changes every decision ever made by key:
/// the golden vectors of the tests stand against that.
const NAME_KEY: (u64, u64) = (u64::from_le_bytes(*b"sidecar-"), u64::from_le_bytes(*b"sampler "));
const KEY_KEY: u64 = u64::from_le_bytes(*b"by key 1");

/// Stands where a salt is yet to be worked out. A name that hashes to it is hashed every time, no more.
const UNKNOWN: u64 = 0;

/// One salt per type, from the type's name: its id depends on the order in which names were first seen.
#[derive(Debug)]
pub(crate) struct Salts(Box<[AtomicU64]>);

impl Salts {
    pub(crate) fn new(limit: usize) -> Self {
        Self((0..limit).map(|_| AtomicU64::new(UNKNOWN)).collect())
    }

    /// The 63-bit draw for `key` in events of this type.
    #[inline]
    pub(crate) fn draw(&self, names: &EventTypes, event_type: TypeId, key: &[u8]) -> u64 {
        // Relaxed: a salt follows from the name alone; whoever works it out finds the same.
        let salt = match self.0.get(event_type.index()).map(|slot| slot.load(Relaxed)) {
            None | Some(UNKNOWN) => self.work_out(names, event_type),
            Some(salt) => salt,
        };
        siphash::hash(salt, KEY_KEY, key) >> 1
    }

    #[cold]
    fn work_out(&self, names: &EventTypes, event_type: TypeId) -> u64 {
        let name = names.name(event_type);
        let salt = siphash::hash(NAME_KEY.0, NAME_KEY.1, name.as_bytes());
        // An id that no name has yet must not keep the salt of the overflow: the name may come.
        if names.intern(&name) == event_type
            && let Some(slot) = self.0.get(event_type.index())
        {
            slot.store(salt, Relaxed);
        }
        salt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_the_ones_they_have_always_been() {
        // Worked out by another program from the paper's description. They must not change in any release.
        for (name, key, expected) in [
            ("test_end", &b"run-42"[..], 0x55eb_c70b_2605_e3fc),
            ("test_end", b"", 0x4426_b7c1_c17f_73f0),
            ("test_start", b"run-42", 0x60f1_f3d8_ee2c_d65f),
            ("", b"run-42", 0x623e_743c_b720_f7b5),
            ("_other", b"\x00\xff", 0x440a_f12f_2208_f211),
            ("ünïcode", b"0123456789abcdef", 0x15e1_01a0_aeac_443c),
        ] {
            let names = EventTypes::default();
            let salts = Salts::new(names.limit());
            let id = names.intern(name);
            for _ in 0..2 {
                assert_eq!(salts.draw(&names, id, key), expected, "{name:?} {key:?}");
            }
        }
    }

    #[test]
    fn a_salt_is_worked_out_once() {
        let names = EventTypes::default();
        let salts = Salts::new(names.limit());
        let id = names.intern("login");
        salts.draw(&names, id, b"key");
        let cached = salts.0[id.index()].load(Relaxed);
        assert_eq!(cached, siphash::hash(NAME_KEY.0, NAME_KEY.1, b"login"));
        salts.0[id.index()].store(cached + 1, Relaxed);
        assert_eq!(salts.draw(&names, id, b"key"), siphash::hash(cached + 1, KEY_KEY, b"key") >> 1);
    }
}
