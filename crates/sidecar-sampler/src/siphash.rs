//! SipHash-2-4: the same bits for the same bytes on every machine, in every release.
//!
//! From Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, section 2. Chosen because it is specified
//! to the bit, takes a key, and mixes short inputs well. The standard library's hashers promise no fixed function.

/// The hash of `bytes` under the key `(k0, k1)`.
pub(crate) fn hash(k0: u64, k1: u64, bytes: &[u8]) -> u64 {
    let mut state = State {
        v0: k0 ^ 0x736f_6d65_7073_6575,
        v1: k1 ^ 0x646f_7261_6e64_6f6d,
        v2: k0 ^ 0x6c79_6765_6e65_7261,
        v3: k1 ^ 0x7465_6462_7974_6573,
    };
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        state.compress(u64::from_le_bytes(*word));
    }
    // The last word holds what is left of the bytes, and the length's lowest byte on top.
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    last[7] = bytes.len() as u8;
    state.compress(u64::from_le_bytes(last));
    state.finish()
}

struct State {
    v0: u64,
    v1: u64,
    v2: u64,
    v3: u64,
}

impl State {
    fn compress(&mut self, word: u64) {
        self.v3 ^= word;
        self.round();
        self.round();
        self.v0 ^= word;
    }

    fn finish(mut self) -> u64 {
        self.v2 ^= 0xff;
        (0..4).for_each(|_| self.round());
        self.v0 ^ self.v1 ^ self.v2 ^ self.v3
    }

    fn round(&mut self) {
        self.v0 = self.v0.wrapping_add(self.v1);
        self.v2 = self.v2.wrapping_add(self.v3);
        self.v1 = self.v1.rotate_left(13) ^ self.v0;
        self.v3 = self.v3.rotate_left(16) ^ self.v2;
        self.v0 = self.v0.rotate_left(32);

        self.v2 = self.v2.wrapping_add(self.v1);
        self.v0 = self.v0.wrapping_add(self.v3);
        self.v1 = self.v1.rotate_left(17) ^ self.v2;
        self.v3 = self.v3.rotate_left(21) ^ self.v0;
        self.v2 = self.v2.rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const K0: u64 = 0x0706_0504_0302_0100;
    const K1: u64 = 0x0f0e_0d0c_0b0a_0908;

    #[test]
    fn the_hash_is_that_of_the_paper() {
        // Appendix A: the key is the bytes 0 to 15, the input the bytes 0 to 14.
        let input: Vec<u8> = (0..15).collect();
        assert_eq!(hash(K0, K1, &input), 0xa129_ca61_49be_45e5);
        // The first of the authors' test vectors: no input.
        assert_eq!(hash(K0, K1, &[]), 0x726f_db47_dd0e_0e31);
    }

    proptest::proptest! {
        #[test]
        fn another_implementation_agrees(k0: u64, k1: u64, bytes: Vec<u8>) {
            #[expect(deprecated, reason = "the standard library's own, as an oracle")]
            let mut oracle = std::hash::SipHasher::new_with_keys(k0, k1);
            std::hash::Hasher::write(&mut oracle, &bytes);
            proptest::prop_assert_eq!(hash(k0, k1, &bytes), std::hash::Hasher::finish(&oracle));
        }
    }
}
