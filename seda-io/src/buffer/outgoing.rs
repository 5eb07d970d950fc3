//! Bytes on their way out: blocks in memory and stretches of files.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use super::spare;
use crate::file_range::FileRange;

/// Bytes, 16 KiB: an owned block at least this long is queued as it is; a
/// shorter one is copied behind the last block, so that several small answers
/// leave in one write.
const BLOCK_BYTES: usize = 16 * 1024;

/// Holds bytes to be sent, as blocks, with a mark above which nothing more should be queued.
///
/// The mark is a request to the owner, not a cut: an answer is queued whole or
/// not at all. An owner that asks [`has_room`](Self::has_room) before each
/// answer holds at most the mark and one answer.
///
/// # Examples
///
/// ```
/// use seda_io::buffer::WriteBuffer;
///
/// let mut buffer = WriteBuffer::new(4);
/// buffer.push(b"hello");
/// assert!(!buffer.has_room());
/// buffer.advance(2);
/// assert_eq!(buffer.front(), b"llo");
/// assert!(buffer.has_room());
/// ```
#[derive(Debug)]
pub struct WriteBuffer {
    /// What is sent next. No block is empty.
    first: Option<Block>,
    /// What is behind the first: most answers need no more than one block.
    behind: VecDeque<Block>,
    /// Bytes of the first block that have been sent.
    sent: usize,
    len: usize,
    mark: usize,
}

#[derive(Debug)]
enum Block {
    Owned(Vec<u8>),
    Shared(Arc<[u8]>),
    File(FileRange),
}

impl Block {
    /// Returns its bytes, if they are in memory.
    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Owned(bytes) => Some(bytes),
            Self::Shared(bytes) => Some(bytes),
            Self::File(_) => None,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Owned(bytes) => bytes.len(),
            Self::Shared(bytes) => bytes.len(),
            Self::File(range) => usize::try_from(range.len()).unwrap_or(usize::MAX),
        }
    }
}

impl Block {
    /// Forgets its first bytes.
    fn forget(&mut self, count: usize) {
        match self {
            Self::Owned(bytes) => drop(bytes.drain(..count)),
            Self::Shared(bytes) if count > 0 => {
                let rest = bytes.get(count..).unwrap_or_default();
                *self = Self::Owned(rest.to_vec());
            }
            Self::Shared(_) => {}
            Self::File(range) => *range = range.part(count as u64, range.len()),
        }
    }
}

impl WriteBuffer {
    /// Makes an empty buffer with its mark at `mark` bytes.
    pub const fn new(mark: usize) -> Self {
        Self {
            first: None,
            behind: VecDeque::new(),
            sent: 0,
            len: 0,
            mark,
        }
    }

    /// Tells whether fewer bytes than the mark are waiting.
    pub fn has_room(&self) -> bool {
        self.len < self.mark
    }

    /// Returns the number of bytes that wait to be sent.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Tells whether everything has been sent.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Copies `bytes` behind what waits.
    pub fn push(&mut self, bytes: &[u8]) {
        self.push_with(bytes.len(), |block| block.extend_from_slice(bytes));
    }

    /// Has `write` append to a block behind what waits: `about` bytes, for
    /// which room is made at once.
    pub fn push_with(&mut self, about: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let mut block = self.take_last(about);
        let before = block.len();
        write(&mut block);
        let after = block.len();
        if after > 0 {
            self.put_last(Block::Owned(block));
        }
        self.len += after.saturating_sub(before);
    }

    /// Takes the last block out, if it has room for so much more; else makes one.
    fn take_last(&mut self, about: usize) -> Vec<u8> {
        let fits = |last: &mut Block| matches!(last, Block::Owned(last) if last.len() + about <= BLOCK_BYTES);
        let last = if self.behind.is_empty() {
            self.first.take_if(fits)
        } else {
            self.behind.pop_back_if(fits)
        };
        match last {
            Some(Block::Owned(last)) => last,
            _ => spare::take(about),
        }
    }

    fn put_last(&mut self, block: Block) {
        if self.first.is_none() {
            self.first = Some(block);
        } else {
            self.behind.push_back(block);
        }
    }

    /// Queues `bytes` behind what waits, without a copy when they are many.
    pub fn push_owned(&mut self, bytes: Vec<u8>) {
        if bytes.len() < BLOCK_BYTES {
            self.push(&bytes);
        } else {
            self.push_block(Block::Owned(bytes));
        }
    }

    /// Queues bytes that others hold too, without a copy when they are many.
    pub fn push_shared(&mut self, bytes: Arc<[u8]>) {
        if bytes.len() < BLOCK_BYTES {
            self.push(&bytes);
        } else {
            self.push_block(Block::Shared(bytes));
        }
    }

    /// Moves all that waits in `other` behind what waits here, without a copy.
    ///
    /// ```
    /// # use seda_io::buffer::WriteBuffer;
    /// let (mut writing, mut queued) = (WriteBuffer::new(8), WriteBuffer::new(8));
    /// writing.push(b"one ");
    /// queued.push(b"two");
    /// writing.append(&mut queued);
    /// assert_eq!((writing.len(), queued.len()), (7, 0));
    /// ```
    pub fn append(&mut self, other: &mut Self) {
        if self.is_empty() {
            mem::swap(&mut self.first, &mut other.first);
            mem::swap(&mut self.behind, &mut other.behind);
            mem::swap(&mut self.sent, &mut other.sent);
        } else if let Some(mut first) = other.first.take() {
            first.forget(mem::take(&mut other.sent));
            self.behind.push_back(first);
            self.behind.append(&mut other.behind);
        }
        self.len += mem::take(&mut other.len);
    }

    /// Queues a stretch of a file; it counts against the mark as if it were in memory.
    pub fn push_file(&mut self, range: FileRange) {
        if !range.is_empty() {
            self.push_block(Block::File(range));
        }
    }

    fn push_block(&mut self, block: Block) {
        self.len = self.len.saturating_add(block.len());
        self.put_last(block);
    }

    /// Returns the bytes to send next; empty when nothing waits, or a file does.
    pub fn front(&self) -> &[u8] {
        let first = self.first.as_ref().and_then(Block::bytes);
        first
            .unwrap_or_default()
            .get(self.sent..)
            .unwrap_or_default()
    }

    /// Returns the stretch of a file to send next, and how much of it has been
    /// sent, if that is what comes next.
    pub fn front_file(&self) -> Option<(&FileRange, usize)> {
        match &self.first {
            Some(Block::File(range)) => Some((range, self.sent)),
            _ => None,
        }
    }

    /// Returns the blocks in memory before the next file, the one to send next
    /// first; none is empty.
    pub fn blocks(&self) -> impl Iterator<Item = &[u8]> {
        let all = self.first.iter().chain(&self.behind);
        let in_memory = all.map_while(Block::bytes).enumerate();
        in_memory.map(|(index, bytes)| match index {
            0 => bytes.get(self.sent..).unwrap_or_default(),
            _ => bytes,
        })
    }

    /// Forgets the `count` bytes that were sent, or all when fewer wait.
    pub fn advance(&mut self, count: usize) {
        let mut left = count.min(self.len);
        self.len -= left;
        while left > 0 {
            let held = self.first.as_ref().map_or(0, Block::len) - self.sent;
            if left < held {
                self.sent += left;
                return;
            }
            left -= held;
            let next = self.behind.pop_front();
            if let Some(Block::Owned(block)) = mem::replace(&mut self.first, next) {
                spare::give(block);
            }
            self.sent = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_write_buffer_sends_its_bytes_in_order(
            blocks in prop::collection::vec(0_usize..3 * BLOCK_BYTES, 0..8),
            step in 1_usize..20_000,
        ) {
            let mut buffer = WriteBuffer::new(1);
            let mut expected: Vec<u8> = Vec::new();
            for (index, len) in (0_u8..).zip(blocks) {
                let block = vec![index; len];
                expected.extend(&block);
                match index % 5 {
                    0 => buffer.push(&block),
                    1 => buffer.push_owned(block),
                    2 => buffer.push_shared(block.into()),
                    3 => buffer.push_with(len / 2, |last| last.extend(&block)),
                    _ => {
                        let mut other = WriteBuffer::new(1);
                        other.push(b"sent");
                        other.push_owned(block);
                        other.advance(4);
                        buffer.append(&mut other);
                        prop_assert!(other.is_empty() && other.front().is_empty());
                    }
                }
            }
            let mut sent = Vec::new();
            while !buffer.is_empty() {
                prop_assert_eq!(buffer.len(), expected.len() - sent.len());
                prop_assert_eq!(buffer.blocks().map(<[u8]>::len).sum::<usize>(), buffer.len());
                prop_assert!(buffer.blocks().all(|block| !block.is_empty()));
                let front = buffer.front();
                let piece = front[..front.len().min(step)].to_vec();
                prop_assert!(!piece.is_empty());
                buffer.advance(piece.len());
                sent.extend(piece);
            }
            prop_assert_eq!(sent, expected);
            prop_assert!(buffer.front().is_empty());
        }
    }

    #[test]
    fn small_answers_leave_in_one_block() {
        let mut buffer = WriteBuffer::new(1);
        buffer.push(b"one");
        buffer.push_owned(b"two".to_vec());
        assert_eq!(buffer.front(), b"onetwo");
    }

    #[test]
    fn advancing_over_several_blocks_forgets_them_all() {
        let mut buffer = WriteBuffer::new(1);
        buffer.push_owned(vec![1; BLOCK_BYTES]);
        buffer.push_owned(vec![2; BLOCK_BYTES]);
        buffer.advance(BLOCK_BYTES + 1);
        assert_eq!(buffer.front(), &[2; BLOCK_BYTES - 1]);
        buffer.advance(usize::MAX);
        assert!(buffer.is_empty() && buffer.front().is_empty());
    }
}
