use super::*;
use crate::history::bytes::Reader;
use crate::history::frame::{FrameWriter, section};
use proptest::prelude::*;

fn bits() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        proptest::num::f64::ANY.prop_map(f64::to_bits),
        (-9i32..9).prop_map(|whole| f64::from(whole).to_bits()),
        prop::sample::select(vec![
            0,
            1,
            u64::MAX,
            (-0.0f64).to_bits(),
            f64::NAN.to_bits() | 0xbeef,
            f64::INFINITY.to_bits()
        ]),
    ]
}

fn float_roll() -> impl Strategy<Value = Roll<f64>> {
    (0u32..5, bits(), bits(), bits()).prop_map(|(count, sum, min, max)| match count {
        0 => Roll::default(),
        count => Roll { count, sum: f64::from_bits(sum), min: f64::from_bits(min), max: f64::from_bits(max) },
    })
}

fn same(a: &Roll<f64>, b: &Roll<f64>) -> bool {
    let bits = |roll: &Roll<f64>| (roll.count, roll.sum.to_bits(), roll.min.to_bits(), roll.max.to_bits());
    bits(a) == bits(b)
}

/// Writes one entry and reads it back; `None` if nothing was written.
fn back<T>(write: impl FnOnce(&mut Section), read: impl FnOnce(&mut Reader<'_>, u8) -> T) -> Option<(u8, T)> {
    let mut writer = FrameWriter::default();
    writer.begin();
    write(writer.section());
    writer.end_section(9);
    let mut entries = section(writer.bytes(), 9);
    let (series, flags) = entries.head()?;
    assert_eq!(series, 4);
    let read = read(&mut entries.reader, flags);
    assert!(entries.reader.is_empty(), "the payload was read to its end");
    Some((flags, read))
}

fn span(readings: u32, counted: u32) -> Span {
    Span { readings, counted, ..Span::default() }
}

proptest! {
    #[test]
    fn counters_read_back(
        before in bits(), after in bits(), was in any::<bool>(), is in any::<bool>(),
        (count, sum, min, more) in (0u32..5, bits(), 0u64..1_000, 0u64..1_000), counted in 0u32..5,
    ) {
        let roll = if count == 0 { Roll::default() } else { Roll { count, sum, min, max: min + more } };
        // A counter whose points are all alike adds up to them.
        let roll = if more == 0 { repeated_integer(min, count) } else { roll };
        let (change, span) = (IntegerChange { before, after, roll }, span(5, counted));
        let presence = Presence { before: was, after: is };
        let read = back(
            |section| change.write(section, 4, presence, span),
            |reader, flags| IntegerChange::read(reader, flags, span, after),
        );
        match read {
            Some((flags, read)) => {
                prop_assert_eq!((read.before, read.roll), (before, roll));
                prop_assert_eq!(flags & TOGGLED != 0, was != is);
            }
            None => prop_assert!(was == is && before == after && (roll.sum, roll.max) == (0, 0)),
        }
    }

    #[test]
    fn gauges_read_back(
        before in bits(), after in bits(), was in any::<bool>(), is in any::<bool>(),
        roll in float_roll(), even in any::<bool>(), read in any::<bool>(),
    ) {
        let span = span(5, 5);
        let even = even && read;
        let roll = match (read, even) {
            (false, _) => Roll::default(),
            (true, true) => repeated_float(f64::from_bits(after), span.readings),
            (true, false) => roll,
        };
        // Who was not read stayed as it was.
        let before = if read { before } else { after };
        let change = GaugeChange { before, after, roll, even, read };
        let presence = Presence { before: was, after: is };
        let read = back(
            |section| change.write(section, 4, presence),
            |reader, flags| GaugeChange::read(reader, flags, span, after),
        );
        match read {
            Some((flags, read)) => {
                prop_assert!(read.before == before && same(&read.roll, &roll), "{read:?} {change:?}");
                prop_assert_eq!(flags & TOGGLED != 0, was != is);
            }
            None => prop_assert!(was == is && before == after),
        }
    }

    #[test]
    fn counters_of_parts_read_back(
        before in bits(), after in bits(), was in any::<bool>(), is in any::<bool>(),
        roll in float_roll(), derived in any::<bool>(), counted in 0u32..3,
    ) {
        let span = span(5, counted);
        let increase = f64::from_bits(after) - f64::from_bits(before);
        let roll = if derived { repeated_float(increase, counted.min(1)) } else { roll };
        let change = FloatCounterChange { before, after, roll, read: true };
        let presence = Presence { before: was, after: is };
        let read = back(
            |section| change.write(section, 4, presence, span),
            |reader, flags| FloatCounterChange::read(reader, flags, span, after),
        );
        match read {
            Some((_, read)) => {
                prop_assert_eq!(read.before, before);
                // Zeros are alike, whatever their sign.
                prop_assert!(read.roll == roll || same(&read.roll, &roll), "{read:?} {change:?}");
            }
            None => prop_assert!(was == is && before == after),
        }
    }

    #[test]
    fn buckets_read_back(grown in prop::collection::vec(prop_oneof![3 => Just(0), 1 => any::<u64>()], 1..40), sum in bits()) {
        let presence = Presence { before: false, after: true };
        let mut found = vec![0; grown.len()];
        let read = back(
            |section| write_buckets(section, 4, presence, &grown, f64::from_bits(sum)),
            |reader, flags| read_buckets(reader, flags, |at, count| found[at] = count).to_bits(),
        );
        let (flags, read) = read.expect("it came");
        prop_assert_eq!((read, flags & TOGGLED), (sum, TOGGLED));
        prop_assert_eq!(found, grown);
    }
}
