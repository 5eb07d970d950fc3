//! Sets of stages as bits, the most downstream stage first.

use std::cell::Cell;

use crate::sync::{AtomicU64, Ordering};

/// How many 64-bit words a set has.
pub(crate) const WORDS: usize = 2;
/// How many stages one graph may have.
pub(crate) const STAGES_MAX: usize = WORDS * 64;

/// Is one stage's place in the sets: its rank, 0 for the most downstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bit {
    word: usize,
    mask: u64,
}

impl Bit {
    pub(crate) const fn of_rank(rank: usize) -> Self {
        Self {
            word: (rank / 64) % WORDS,
            mask: 1 << (rank % 64),
        }
    }
}

/// Is a set that any thread may change.
#[derive(Debug, Default)]
pub(crate) struct SharedSet([AtomicU64; WORDS]);

impl SharedSet {
    pub(crate) fn insert(&self, bit: Bit) {
        if let Some(word) = self.0.get(bit.word) {
            word.fetch_or(bit.mask, Ordering::SeqCst);
        }
    }

    pub(crate) fn remove(&self, bit: Bit) {
        if let Some(word) = self.0.get(bit.word) {
            word.fetch_and(!bit.mask, Ordering::SeqCst);
        }
    }

    /// Reads the set as it is now.
    pub(crate) fn load(&self) -> Set {
        let mut set = Set::default();
        for (word, shared) in set.0.iter_mut().zip(&self.0) {
            *word = shared.load(Ordering::SeqCst);
        }
        set
    }

    /// Reads the set and empties it; costs one load when it is empty.
    pub(crate) fn take(&self) -> Set {
        let mut set = Set::default();
        for (word, shared) in set.0.iter_mut().zip(&self.0) {
            if shared.load(Ordering::SeqCst) != 0 {
                *word = shared.swap(0, Ordering::SeqCst);
            }
        }
        set
    }
}

/// Is a set that one thread owns.
#[derive(Debug)]
pub(crate) struct LocalSet([Cell<u64>; WORDS]);

impl LocalSet {
    pub(crate) const fn new() -> Self {
        Self([const { Cell::new(0) }; WORDS])
    }

    #[inline]
    pub(crate) fn insert(&self, bit: Bit) {
        if let Some(word) = self.0.get(bit.word) {
            word.set(word.get() | bit.mask);
        }
    }

    pub(crate) fn remove(&self, bit: Bit) {
        if let Some(word) = self.0.get(bit.word) {
            word.set(word.get() & !bit.mask);
        }
    }

    pub(crate) fn load(&self) -> Set {
        let mut set = Set::default();
        for (word, local) in set.0.iter_mut().zip(&self.0) {
            *word = local.get();
        }
        set
    }

    pub(crate) fn store(&self, set: Set) {
        for (local, word) in self.0.iter().zip(set.0) {
            local.set(word);
        }
    }
}

/// Is a set as a plain value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Set([u64; WORDS]);

impl Set {
    pub(crate) const EMPTY: Self = Self([0; WORDS]);

    pub(crate) fn is_empty(self) -> bool {
        self == Self::EMPTY
    }

    pub(crate) fn with(mut self, bit: Bit) -> Self {
        if let Some(word) = self.0.get_mut(bit.word) {
            *word |= bit.mask;
        }
        self
    }

    pub(crate) fn contains(self, bit: Bit) -> bool {
        self.0
            .get(bit.word)
            .is_some_and(|word| word & bit.mask != 0)
    }

    pub(crate) fn and(self, other: Self) -> Self {
        self.zip(other, |a, b| a & b)
    }

    pub(crate) fn or(self, other: Self) -> Self {
        self.zip(other, |a, b| a | b)
    }

    pub(crate) fn and_not(self, other: Self) -> Self {
        self.zip(other, |a, b| a & !b)
    }

    /// Gives the rank of the most downstream stage of the set.
    pub(crate) fn first(self) -> Option<usize> {
        let word = self.0.iter().position(|word| *word != 0)?;
        let bits = self.0.get(word)?;
        Some(word * 64 + bits.trailing_zeros() as usize)
    }

    /// Gives the rank of the most upstream stage of the set.
    pub(crate) fn last(self) -> Option<usize> {
        let word = self.0.iter().rposition(|word| *word != 0)?;
        let bits = self.0.get(word)?;
        Some(word * 64 + 63 - bits.leading_zeros() as usize)
    }

    /// Lists the ranks, the most downstream first.
    pub(crate) fn ranks(self) -> impl Iterator<Item = usize> {
        let mut left = self;
        std::iter::from_fn(move || {
            let rank = left.first()?;
            left = left.and_not(Self::EMPTY.with(Bit::of_rank(rank)));
            Some(rank)
        })
    }

    fn zip(mut self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = join(*mine, theirs);
        }
        self
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{Bit, STAGES_MAX, Set, SharedSet};

    #[test]
    fn first_and_last_are_the_ends_of_any_set() {
        for low in [0, 1, 63, 64, STAGES_MAX - 2] {
            let high = STAGES_MAX - 1;
            let set = Set::EMPTY.with(Bit::of_rank(low)).with(Bit::of_rank(high));
            assert_eq!((set.first(), set.last()), (Some(low), Some(high)));
            assert_eq!(set.ranks().collect::<Vec<_>>(), [low, high]);
        }
        assert_eq!((Set::EMPTY.first(), Set::EMPTY.last()), (None, None));
    }

    #[test]
    fn taking_a_shared_set_empties_it() {
        let shared = SharedSet::default();
        shared.insert(Bit::of_rank(70));
        assert!(shared.load().contains(Bit::of_rank(70)));
        assert!(shared.take().contains(Bit::of_rank(70)));
        assert!(shared.load().is_empty());
    }
}
