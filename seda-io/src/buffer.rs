//! Bounded byte buffers: one that fills from a socket, one that drains into it.

use std::collections::VecDeque;
use std::mem;

/// Bytes, 16 KiB: an owned block at least this long is queued as it is; a
/// shorter one is copied behind the last block, so that several small answers
/// leave in one write.
const BLOCK_BYTES: usize = 16 * 1024;

/// Holds received bytes until they are understood, up to a fixed limit.
///
/// An empty buffer that was [released](Self::release) owns no heap memory.
///
/// # Examples
///
/// ```
/// use seda_io::buffer::ReadBuffer;
///
/// let mut buffer = ReadBuffer::new(8);
/// assert_eq!(buffer.extend(b"0123456789"), 8); // takes what it has room for
/// buffer.consume(3);
/// assert_eq!(buffer.bytes(), b"34567");
/// assert_eq!(buffer.room(), 3);
/// ```
#[derive(Debug)]
pub struct ReadBuffer {
    bytes: Vec<u8>,
    start: usize,
    bytes_max: usize,
}

impl ReadBuffer {
    /// Makes an empty buffer that holds at most `bytes_max` bytes.
    pub const fn new(bytes_max: usize) -> Self {
        Self {
            bytes: Vec::new(),
            start: 0,
            bytes_max,
        }
    }

    /// Returns how many more bytes the buffer takes.
    pub fn room(&self) -> usize {
        self.bytes_max.saturating_sub(self.len())
    }

    /// Returns the number of bytes held.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Tells whether no bytes are held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies in as many of `bytes` as there is room for and returns how many.
    pub fn extend(&mut self, bytes: &[u8]) -> usize {
        let (taken, _) = bytes.split_at(bytes.len().min(self.room()));
        if self.bytes.len() + taken.len() > self.bytes_max {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(taken);
        taken.len()
    }

    /// Returns the bytes held, oldest first.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Forgets the `count` oldest bytes, or all when fewer are held.
    pub fn consume(&mut self, count: usize) {
        self.start += count.min(self.len());
        if self.start == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        }
    }

    /// Forgets all bytes and gives the memory back.
    pub fn release(&mut self) {
        self.bytes = Vec::new();
        self.start = 0;
    }
}

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
    blocks: VecDeque<Vec<u8>>,
    /// Bytes of the first block that have been sent.
    sent: usize,
    len: usize,
    mark: usize,
}

impl WriteBuffer {
    /// Makes an empty buffer with its mark at `mark` bytes.
    pub const fn new(mark: usize) -> Self {
        Self {
            blocks: VecDeque::new(),
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
        self.len += bytes.len();
        match self.blocks.back_mut() {
            Some(last) if last.len() + bytes.len() <= BLOCK_BYTES => last.extend_from_slice(bytes),
            _ if bytes.is_empty() => {}
            _ => self.blocks.push_back(bytes.to_vec()),
        }
    }

    /// Queues `bytes` behind what waits, without a copy when they are many.
    pub fn push_owned(&mut self, bytes: Vec<u8>) {
        if bytes.len() < BLOCK_BYTES {
            self.push(&bytes);
        } else {
            self.len += bytes.len();
            self.blocks.push_back(bytes);
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
            mem::swap(&mut self.blocks, &mut other.blocks);
            mem::swap(&mut self.sent, &mut other.sent);
        } else {
            if let Some(first) = other.blocks.front_mut() {
                first.drain(..mem::take(&mut other.sent));
            }
            self.blocks.append(&mut other.blocks);
        }
        self.len += mem::take(&mut other.len);
    }

    /// Returns the bytes to send next; empty only when nothing waits.
    pub fn front(&self) -> &[u8] {
        let first = self.blocks.front().map_or(&[][..], Vec::as_slice);
        first.get(self.sent..).unwrap_or_default()
    }

    /// Returns all blocks that wait, the one to send next first; none is empty.
    pub fn blocks(&self) -> impl Iterator<Item = &[u8]> {
        let front = (!self.is_empty()).then(|| self.front());
        let others = self.blocks.iter().skip(1).map(Vec::as_slice);
        front.into_iter().chain(others)
    }

    /// Forgets the `count` bytes that were sent, or all when fewer wait.
    pub fn advance(&mut self, count: usize) {
        let mut left = count.min(self.len);
        self.len -= left;
        while left > 0 {
            let held = self.front().len();
            if left < held {
                self.sent += left;
                return;
            }
            left -= held;
            self.blocks.pop_front();
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
        fn a_read_buffer_is_a_bounded_queue_of_bytes(
            operations in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), 0_usize..40), 0..40),
        ) {
            let mut buffer = ReadBuffer::new(64);
            let mut reference: Vec<u8> = Vec::new();
            for (bytes, consumed) in operations {
                let taken = buffer.extend(&bytes);
                prop_assert_eq!(taken, bytes.len().min(64 - reference.len()));
                reference.extend(&bytes[..taken]);
                prop_assert_eq!(buffer.bytes(), &reference[..]);
                prop_assert!(buffer.bytes.len() <= 64);
                buffer.consume(consumed);
                reference.drain(..consumed.min(reference.len()));
                prop_assert_eq!(buffer.bytes(), &reference[..]);
                prop_assert_eq!(buffer.room(), 64 - reference.len());
            }
        }

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
                match index % 3 {
                    0 => buffer.push(&block),
                    1 => buffer.push_owned(block),
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

    #[test]
    fn a_released_read_buffer_holds_no_memory() {
        let mut buffer = ReadBuffer::new(64);
        buffer.extend(b"some bytes");
        buffer.release();
        assert_eq!((buffer.bytes.capacity(), buffer.room()), (0, 64));
    }
}
