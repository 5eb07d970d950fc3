//! Memory of large reads, used again.
//!
//! What a busy peer sends fills one large block after the other, each of which
//! lives for an event. An allocator that gives such blocks back to the operating
//! system gets them back empty, page by page, which costs several times the read.

use std::fmt;

use parking_lot::Mutex;

/// Blocks that wait to be filled at most: 1 MiB with reads of 64 KiB.
const BLOCKS_MAX: usize = 16;
/// A read that fills less than this part of a block gets memory of its own
/// size, so that slow stages hold no more than four times what was sent.
const PART: usize = 4;

/// Is the blocks of one worker's connections that are empty again.
pub(super) struct Spares {
    /// Of each block.
    bytes: usize,
    blocks: Mutex<Vec<Vec<u8>>>,
}

impl Spares {
    /// Begins with none, for reads of at most `bytes_max`.
    pub(super) const fn new(bytes_max: usize) -> Self {
        Self {
            bytes: bytes_max,
            blocks: Mutex::new(Vec::new()),
        }
    }

    /// Takes a block back, if it is one and there is room for it.
    pub(super) fn put(&self, mut block: Vec<u8>) {
        if block.capacity() != self.bytes {
            return;
        }
        block.clear();
        let mut blocks = self.blocks.lock();
        if blocks.len() < BLOCKS_MAX {
            blocks.push(block);
        }
    }

    fn take(&self) -> Vec<u8> {
        let spare = self.blocks.lock().pop();
        spare.unwrap_or_else(|| Vec::with_capacity(self.bytes))
    }
}

impl fmt::Debug for Spares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Spares({} of {} bytes)",
            self.blocks.lock().len(),
            self.bytes
        )
    }
}

/// Bytes that were read, to be copied if anybody wants them.
#[derive(Debug)]
pub(super) struct Fresh<'r> {
    pub(super) bytes: &'r [u8],
    pub(super) spares: &'r Spares,
}

impl From<Fresh<'_>> for Vec<u8> {
    fn from(Fresh { bytes, spares }: Fresh<'_>) -> Self {
        if bytes.len() < spares.bytes / PART {
            return bytes.to_vec();
        }
        let mut block = spares.take();
        block.extend_from_slice(bytes);
        block
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: usize = 64;

    fn copied(spares: &Spares, bytes: &[u8]) -> Vec<u8> {
        Fresh { bytes, spares }.into()
    }

    #[test]
    fn a_block_that_comes_back_is_filled_again() {
        let spares = Spares::new(BYTES);
        let first = copied(&spares, &[1; BYTES]);
        let place = first.as_ptr();
        spares.put(first);
        let second = copied(&spares, &[2; 20]);
        assert_eq!((second.as_ptr(), second.as_slice()), (place, &[2; 20][..]));
    }

    #[test]
    fn a_small_read_holds_little_memory() {
        let spares = Spares::new(BYTES);
        spares.put(Vec::with_capacity(BYTES));
        assert!(copied(&spares, &[3; BYTES / PART - 1]).capacity() < BYTES);
        assert_eq!(copied(&spares, &[3; BYTES / PART]).capacity(), BYTES);
    }

    #[test]
    fn only_blocks_are_kept_and_not_too_many() {
        let spares = Spares::new(BYTES);
        spares.put(vec![0; BYTES + 1]);
        spares.put(Vec::new());
        assert_eq!(spares.blocks.lock().len(), 0);
        (0..2 * BLOCKS_MAX).for_each(|_| spares.put(Vec::with_capacity(BYTES)));
        assert_eq!(spares.blocks.lock().len(), BLOCKS_MAX);
    }
}
