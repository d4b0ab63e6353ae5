//! How numbers are written into frames: as few bytes as they need.

/// Appends seven bits a byte, the low ones first.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends 64 bits of which few in the middle are set, as those of a float are, or the difference of two like
/// ones: one byte that says which bytes are not zero, and those.
pub(super) fn put_bits(out: &mut Vec<u8>, bits: u64) {
    if bits == 0 {
        return out.push(0);
    }
    let low = bits.trailing_zeros() / 8;
    let used = 8 - bits.leading_zeros() / 8 - low;
    out.push((low << 4 | used) as u8);
    out.extend_from_slice(&(bits >> (8 * low)).to_le_bytes()[..used as usize]);
}

/// Reads what was written. Beyond the end there are zeros.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.bytes.split_off_first().copied().unwrap_or(0)
    }

    pub(super) fn varint(&mut self) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 || shift > 63 {
                return value;
            }
        }
    }

    pub(super) fn bits(&mut self) -> u64 {
        let head = self.byte();
        let (low, used) = (u32::from(head >> 4) & 7, usize::from(head & 15).min(8));
        let mut bits = [0; 8];
        for byte in &mut bits[..used] {
            *byte = self.byte();
        }
        u64::from_le_bytes(bits) << (8 * low)
    }

    /// The next `length` bytes.
    pub(super) fn part(&mut self, length: u64) -> Reader<'a> {
        let length = usize::try_from(length).map_or(self.bytes.len(), |length| length.min(self.bytes.len()));
        let (part, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        Reader { bytes: part }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn floats() -> impl Strategy<Value = u64> {
        prop_oneof![
            any::<u64>(),
            (0..64u32, any::<u8>()).prop_map(|(shift, byte)| u64::from(byte) << shift),
            (-1_000i32..1_000).prop_map(|whole| f64::from(whole).to_bits()),
            proptest::num::f64::ANY.prop_map(f64::to_bits),
            prop::sample::select(vec![
                0.0f64.to_bits(),
                (-0.0f64).to_bits(),
                f64::INFINITY.to_bits(),
                f64::NEG_INFINITY.to_bits(),
                f64::NAN.to_bits() | 0xdead_beef,
                f64::NAN.to_bits() | 1 << 63,
                1,
                f64::MIN_POSITIVE.to_bits() - 1,
                u64::MAX,
            ]),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(numbers in prop::collection::vec((floats(), any::<bool>()), 0..40)) {
            let mut out = Vec::new();
            for (bits, as_varint) in &numbers {
                if *as_varint { put_varint(&mut out, *bits) } else { put_bits(&mut out, *bits) }
            }
            let mut reader = Reader::new(&out);
            for (bits, as_varint) in numbers {
                prop_assert_eq!(if as_varint { reader.varint() } else { reader.bits() }, bits);
            }
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut reader = Reader::new(&bytes);
            while !reader.is_empty() {
                let _ = (reader.varint(), reader.bits());
            }
            prop_assert_eq!((reader.varint(), reader.bits(), reader.byte()), (0, 0, 0));
        }
    }

    #[test]
    fn common_numbers_are_short() {
        let size = |bits: u64| {
            let mut out = Vec::new();
            put_bits(&mut out, bits);
            out.len()
        };
        assert_eq!(size(42.0f64.to_bits()), 3);
        assert_eq!(size(42.0f64.to_bits() ^ 43.0f64.to_bits()), 2);
        assert_eq!((size(0), size(u64::MAX)), (1, 9));
    }
}
