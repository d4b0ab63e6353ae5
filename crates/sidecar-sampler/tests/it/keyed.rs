//! Decisions by key: the same everywhere, nested, and independent from one type to the next.

use crate::support::{assert_binomial, assert_independent};
use proptest::prelude::*;
use sidecar_sampler::{EventTypes, Sampler, TypeId};

fn at(rate: f64) -> Sampler {
    Sampler::builder().rate("events", rate).build().expect("valid")
}

/// Which of the keys `run-0` to `run-63` are kept: one bit each, the first the lowest.
fn kept(sampler: &Sampler, event_type: &str) -> u64 {
    let id = sampler.intern(event_type);
    (0..64)
        .filter(|n| sampler.sample_keyed(id, format!("run-{n}").as_bytes()).is_some())
        .map(|n| 1 << n)
        .sum()
}

/// Worked out by another program from the description of the algorithm. They must not change in any release.
const GOLDEN: [(&str, f64, u64); 6] = [
    ("test_end", 0.5, 0x9389_4ab4_6f2b_60e1),
    ("test_end", 0.1, 0x1000_0000_4008_0021),
    ("test_start", 0.5, 0x0dcf_f896_2733_a2b8),
    ("test_start", 0.1, 0x0481_8004_2400_8000),
    ("login", 0.5, 0x9a63_f70b_5ef1_4315),
    ("login", 0.1, 0x0060_0101_0800_0001),
];

#[test]
fn decisions_are_the_ones_they_have_always_been() {
    for (event_type, rate, expected) in GOLDEN {
        assert_eq!(kept(&at(rate), event_type), expected, "{event_type} at {rate}");
    }
}

#[test]
fn neither_the_order_of_names_nor_the_thread_nor_the_seed_of_draws_matters() {
    let sampler = Sampler::builder().rate("events", 0.5).seed(7).build().expect("valid");
    for (event_type, ..) in GOLDEN.iter().rev() {
        sampler.intern(event_type);
    }
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for (event_type, _, expected) in GOLDEN.into_iter().filter(|(_, rate, _)| *rate == 0.5) {
                    std::hint::black_box(sampler.should_sample("draws in between"));
                    assert_eq!(kept(&sampler, event_type), expected, "{event_type}");
                }
            });
        }
    });
}

#[test]
fn an_id_that_has_no_name_yet_spoils_nothing_for_the_name() {
    let elsewhere = EventTypes::default();
    let early = elsewhere.intern("login");
    let sampler = Sampler::builder().rate("events", 0.5).rate("debug_logs", 0.1).build().expect("valid");
    let _ = (sampler.sample_keyed(early, b"key"), sampler.rate(early));
    assert_eq!(sampler.intern("login"), early);
    assert_eq!(sampler.rate(early), 0.1);
    sampler.set_rate("debug_logs", 0.5).expect("valid");
    assert_eq!(kept(&sampler, "login"), GOLDEN[4].2);
}

#[test]
fn types_beyond_the_bound_share_one_salt() {
    let sampler = Sampler::builder().names(EventTypes::with_limit(2)).rate("events", 0.5).build();
    let sampler = sampler.expect("valid");
    sampler.intern("the only one");
    assert_eq!(sampler.intern("login"), TypeId::OVERFLOW);
    assert_eq!(kept(&sampler, "login"), kept(&sampler, "test_end"));
    assert_ne!(kept(&sampler, "login"), kept(&sampler, "the only one"));
}

#[test]
fn the_share_of_keys_kept_is_the_probability() {
    const KEYS: u32 = 300_000;
    for p in [0.001, 0.01, 0.1, 0.5, 0.9, 0.999] {
        let sampler = at(p);
        let id = sampler.intern("e");
        let kept = (0..KEYS).filter(|n| sampler.sample_keyed(id, &n.to_le_bytes()).is_some()).count();
        assert_binomial(kept as u32, KEYS, p);
    }
}

#[test]
fn zero_keeps_no_key_and_one_keeps_every_key() {
    let (none, all) = (at(0.0), at(1.0));
    let (none_id, all_id) = (none.intern("e"), all.intern("e"));
    for n in 0..10_000u32 {
        assert_eq!(none.sample_keyed(none_id, &n.to_le_bytes()), None);
        assert_eq!(all.sample_keyed(all_id, &n.to_le_bytes()).map(|kept| kept.weight()), Some(1.0));
    }
}

#[test]
fn which_keys_one_type_keeps_says_nothing_about_another() {
    const KEYS: u32 = 1_000_000;
    // Names that differ in little, and one that is another's beginning.
    let types = ["test_a", "test_b", "test_ab", "trace"];
    let sampler = at(0.3);
    let ids = types.map(|name| sampler.intern(name));
    // For each pair, how many keys are kept by neither, by the second, by the first, by both.
    let pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)];
    let mut tables = [[0u32; 4]; 6];
    for n in 0..KEYS {
        let kept = ids.map(|id| usize::from(sampler.sample_keyed(id, &n.to_le_bytes()).is_some()));
        for (table, (first, second)) in tables.iter_mut().zip(pairs) {
            table[kept[first] * 2 + kept[second]] += 1;
        }
    }
    for table in tables {
        let [neither, only_second, only_first, both] = table.map(f64::from);
        assert_independent(both, only_first, only_second, neither);
    }
}

proptest! {
    #[test]
    fn a_key_kept_at_one_rate_is_kept_at_every_higher_one(
        key: Vec<u8>, event_type: String, a in 0.0..=1.0f64, b in 0.0..=1.0f64,
    ) {
        let (low, high) = (at(a.min(b)), at(a.max(b)));
        let event_type = format!("x{event_type}");
        let kept = |sampler: &Sampler| sampler.sample_keyed(sampler.intern(&event_type), &key).is_some();
        prop_assert!(!kept(&low) || kept(&high));
    }

    #[test]
    fn a_key_answers_the_same_in_every_sampler(key: Vec<u8>, event_type: String, rate in 0.0..=1.0f64) {
        let decide = |sampler: Sampler| sampler.decide_keyed(sampler.intern(&event_type), &key);
        let build = || Sampler::builder().keep_all().event_type_rate(&event_type, rate).build().expect("valid");
        prop_assert_eq!(decide(build()), decide(build()));
    }
}
