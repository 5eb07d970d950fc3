//! A digest of everything that happens in a simulation, to tell runs apart.

/// Is FNV-1a over words.
///
/// Source: Fowler, Noll, Vo; the IETF draft "The FNV Non-Cryptographic Hash Algorithm".
pub(super) struct Digest(u64);

impl Digest {
    pub(super) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(super) const fn get(&self) -> u64 {
        self.0
    }

    pub(super) fn take_in(&mut self, words: &[u64]) {
        for byte in words.iter().flat_map(|word| word.to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
