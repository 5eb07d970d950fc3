//! Bytes on their way in, until they are understood.

use std::mem;

use super::spare;

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
        if self.bytes.capacity() == 0 && !taken.is_empty() {
            self.bytes = spare::take(taken.len());
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
        self.start = 0;
        if self.bytes.capacity() > 0 {
            spare::give(mem::take(&mut self.bytes));
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
    }

    #[test]
    fn a_released_read_buffer_holds_no_memory() {
        let mut buffer = ReadBuffer::new(64);
        buffer.extend(b"some bytes");
        buffer.release();
        assert_eq!((buffer.bytes.capacity(), buffer.room()), (0, 64));
    }
}
