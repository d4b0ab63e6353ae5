//! What grows has a bound.

use crate::support::{World, assert_binomial, secs};
use sidecar_harness::alloc::counted;
use sidecar_sampler::{Anomaly, TypeId};

#[test]
fn a_flood_of_type_names_takes_no_more_memory_than_the_table_and_pays_the_common_rate() {
    const FLOOD: u32 = 100_000;
    let world = World::with(|builder| builder.seed(9).rate("events", 0.1));
    for n in 0..1_100 {
        world.sampler.intern(&format!("type {n}"));
    }
    let (kept, tally) = counted(|| {
        let mut kept = 0;
        for n in 0..FLOOD {
            let id = world.sampler.intern(&format!("flood {n}"));
            assert_eq!(id, TypeId::OVERFLOW);
            kept += u32::from(world.sampler.sample(id).is_some());
            std::hint::black_box(world.sampler.sample_keyed(id, &n.to_le_bytes()));
        }
        kept
    });
    assert_eq!(tally.live_bytes, 0);
    assert_binomial(kept, FLOOD, 0.1);
}

#[test]
fn anomalies_and_boosts_without_end_leave_not_one_byte_behind() {
    let world = World::new();
    let storm = || {
        for n in 0..20_000u32 {
            world.sampler.report_anomaly(["events", "traces"][n as usize % 2], Anomaly::Error);
            world.sampler.boost(&format!("t{}", n % 100), 2.0, secs(40));
            std::hint::black_box(world.sampler.should_sample(&format!("t{}", n % 7)));
            world.advance(secs(1));
        }
    };
    storm();
    assert_eq!(counted(storm).1.live_bytes, 0);
}
