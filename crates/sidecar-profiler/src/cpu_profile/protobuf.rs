//! The format of `pprof`, written by hand: it needs five kinds of fields of protocol buffers, and no library.
//!
//! Format: `proto/profile.proto` of github.com/google/pprof.

use super::{CpuProfile, Frame, PROFILE_HERTZ};
use std::collections::HashMap;
use std::time::SystemTime;

const NANOS_PER_SAMPLE: u64 = 1_000_000_000 / PROFILE_HERTZ as u64;

pub(super) fn encode(profile: &CpuProfile) -> Vec<u8> {
    let mut strings = Strings::new();
    let mut out = Message::default();
    let samples = value_type(&mut strings, "samples", "count");
    let cpu = value_type(&mut strings, "cpu", "nanoseconds");
    out.message(1, &samples).message(1, &cpu);

    let mut locations = Ids::<&Frame>::default();
    let thread = strings.index("thread");
    for stack in &profile.stacks {
        let places: Vec<u64> = stack.frames.iter().map(|frame| locations.id(frame)).collect();
        let mut label = Message::default();
        label.integer(1, thread).integer(2, strings.index(&stack.thread));
        let mut sample = Message::default();
        let nanos = stack.samples.saturating_mul(NANOS_PER_SAMPLE);
        sample.packed(1, &places).packed(2, &[stack.samples, nanos]).message(3, &label);
        out.message(2, &sample);
    }

    let mut functions = Ids::<(&str, &str, &str)>::default();
    for (place, id) in locations.in_order() {
        let function = functions.id((&*place.function, &*place.symbol, &*place.file));
        let mut line = Message::default();
        line.integer(1, function).integer(2, u64::from(place.line));
        let mut location = Message::default();
        location.integer(1, id).message(4, &line);
        out.message(4, &location);
    }
    for ((name, symbol, file), id) in functions.in_order() {
        let mut function = Message::default();
        function.integer(1, id).integer(2, strings.index(name)).integer(3, strings.index(symbol));
        function.integer(4, strings.index(file));
        out.message(5, &function);
    }

    let begun = profile.begun.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    out.integer(9, nanos(begun.as_nanos())).integer(10, nanos(profile.duration.as_nanos()));
    out.message(11, &cpu).integer(12, NANOS_PER_SAMPLE);
    // Last, because only now all are known; the order of fields does not matter.
    for text in strings.texts {
        out.bytes(6, text.as_bytes());
    }
    out.0
}

fn value_type(strings: &mut Strings, kind: &str, unit: &str) -> Message {
    let mut message = Message::default();
    message.integer(1, strings.index(kind)).integer(2, strings.index(unit));
    message
}

fn nanos(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX >> 1)
}

/// Numbers from 1 for what is alike, in the order of its appearance.
struct Ids<T>(HashMap<T, u64>);

impl<T> Default for Ids<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: std::hash::Hash + Eq + Copy> Ids<T> {
    fn id(&mut self, item: T) -> u64 {
        let next = self.0.len() as u64 + 1;
        *self.0.entry(item).or_insert(next)
    }

    fn in_order(&self) -> Vec<(T, u64)> {
        let mut items: Vec<(T, u64)> = self.0.iter().map(|(item, id)| (*item, *id)).collect();
        items.sort_unstable_by_key(|(_, id)| *id);
        items
    }
}

/// The table of texts, whose first one is empty.
struct Strings {
    indices: HashMap<String, u64>,
    texts: Vec<String>,
}

impl Strings {
    fn new() -> Self {
        let mut strings = Self { indices: HashMap::new(), texts: Vec::new() };
        strings.index("");
        strings
    }

    fn index(&mut self, text: &str) -> u64 {
        if let Some(index) = self.indices.get(text) {
            return *index;
        }
        let index = self.texts.len() as u64;
        self.indices.insert(text.to_owned(), index);
        self.texts.push(text.to_owned());
        index
    }
}

/// A message of protocol buffers in the making.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn integer(&mut self, field: u64, value: u64) -> &mut Self {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) -> &mut Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    fn message(&mut self, field: u64, message: &Self) -> &mut Self {
        self.bytes(field, &message.0)
    }

    fn packed(&mut self, field: u64, values: &[u64]) -> &mut Self {
        let mut packed = Self::default();
        values.iter().for_each(|value| packed.varint(*value));
        self.bytes(field, &packed.0)
    }

    /// Seven bits a byte, the lowest first.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu_profile::example;

    /// A field as it stands in the bytes.
    #[derive(Clone, Debug, PartialEq)]
    enum Field {
        Integer(u64),
        Bytes(Vec<u8>),
    }

    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let (&byte, rest) = bytes.split_first().expect("a byte more");
            *bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        value
    }

    fn varints(mut bytes: &[u8]) -> Vec<u64> {
        std::iter::from_fn(|| (!bytes.is_empty()).then(|| varint(&mut bytes))).collect()
    }

    fn decoded(mut bytes: &[u8]) -> Vec<(u64, Field)> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = varint(&mut bytes);
            let value = match key & 7 {
                0 => Field::Integer(varint(&mut bytes)),
                2 => {
                    let length = usize::try_from(varint(&mut bytes)).expect("a length");
                    let (value, rest) = bytes.split_at(length);
                    bytes = rest;
                    Field::Bytes(value.to_vec())
                }
                other => panic!("wire type {other}"),
            };
            fields.push((key >> 3, value));
        }
        fields
    }

    fn messages(fields: &[(u64, Field)], wanted: u64) -> Vec<Vec<u8>> {
        let of = |(field, value): &(u64, Field)| match value {
            Field::Bytes(bytes) if *field == wanted => Some(bytes.clone()),
            _ => None,
        };
        fields.iter().filter_map(of).collect()
    }

    fn integer(fields: &[(u64, Field)], wanted: u64) -> u64 {
        let found = fields.iter().find_map(|(field, value)| match value {
            Field::Integer(value) if *field == wanted => Some(*value),
            _ => None,
        });
        found.unwrap_or(0)
    }

    #[test]
    fn a_profile_reads_back_with_its_names_lines_and_values() {
        let fields = decoded(&example().to_pprof());
        let texts: Vec<String> =
            messages(&fields, 6).into_iter().map(|text| String::from_utf8(text).expect("text")).collect();
        assert_eq!(texts[0], "");
        let text = |index: u64| &*texts[usize::try_from(index).expect("an index")];

        let types: Vec<_> = messages(&fields, 1).iter().map(|bytes| decoded(bytes)).collect();
        let types: Vec<_> = types.iter().map(|of| (text(integer(of, 1)), text(integer(of, 2)))).collect();
        assert_eq!(types, [("samples", "count"), ("cpu", "nanoseconds")]);

        let functions: Vec<_> = messages(&fields, 5).iter().map(|bytes| decoded(bytes)).collect();
        let function = |id| functions.iter().find(|of| integer(of, 1) == id).expect("a function");
        let locations: Vec<_> = messages(&fields, 4).iter().map(|bytes| decoded(bytes)).collect();
        let place = |id: &u64| {
            let location = locations.iter().find(|of| integer(of, 1) == *id).expect("a location");
            let line = decoded(&messages(location, 4)[0]);
            let function = function(integer(&line, 1));
            assert_eq!(text(integer(function, 4)), "main.rs");
            assert_eq!(text(integer(function, 3)), format!("_{}", text(integer(function, 2))));
            format!("{}:{}", text(integer(function, 2)), integer(&line, 2))
        };
        let samples = messages(&fields, 2).into_iter().map(|bytes| {
            let sample = decoded(&bytes);
            let places: Vec<_> = varints(&messages(&sample, 1)[0]).iter().map(place).collect();
            let label = decoded(&messages(&sample, 3)[0]);
            assert_eq!(text(integer(&label, 1)), "thread");
            (places.join(" "), varints(&messages(&sample, 2)[0]), text(integer(&label, 2)).to_owned())
        });
        let sample = |places: &str, count, thread: &str| {
            (places.to_owned(), vec![count, count * 10_101_010], thread.to_owned())
        };
        let expected = [
            sample("leaf:7 root:3", 5, "main"),
            sample("leaf:9 root:3", 2, "main"),
            sample("<T as A>::root:3", 300, "worker; 1"),
        ];
        assert_eq!(samples.collect::<Vec<_>>(), expected);
        assert_eq!((functions.len(), locations.len()), (3, 4), "one for each, however often it was seen");
        assert_eq!((integer(&fields, 9), integer(&fields, 10)), (1_000_000_000, 1_500_000_000));
        assert_eq!(integer(&fields, 12), 10_101_010);
    }

    #[test]
    fn numbers_of_every_length_read_back() {
        for value in [0, 1, 127, 128, 16_383, 16_384, u64::MAX] {
            let mut message = Message::default();
            message.integer(12, value);
            assert_eq!(decoded(&message.0), [(12, Field::Integer(value))]);
        }
    }
}
