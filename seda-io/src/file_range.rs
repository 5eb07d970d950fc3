//! A stretch of an open file, to be sent by the kernel without a copy through memory.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use rustix::fs::sendfile;

/// Names `len` bytes of an open file from `start` on. Clones share the file.
///
/// The file is read when the bytes are sent: what is written to it meanwhile
/// is sent, and a file that became shorter ends the sending.
#[derive(Clone)]
pub struct FileRange {
    file: Arc<File>,
    start: u64,
    len: u64,
}

impl FileRange {
    /// Names a stretch of a file; nothing is read and nothing is checked yet.
    pub const fn new(file: Arc<File>, start: u64, len: u64) -> Self {
        Self { file, start, len }
    }

    /// Returns the number of bytes.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Tells whether there is nothing to send.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Names the part of this stretch that begins `skip` bytes on and has `len` bytes, or as many as there are.
    #[must_use]
    pub fn part(&self, skip: u64, len: u64) -> Self {
        let skip = skip.min(self.len);
        Self {
            file: Arc::clone(&self.file),
            start: self.start + skip,
            len: len.min(self.len - skip),
        }
    }

    /// Sends at most `most` bytes, from `skip` bytes on, into a socket; returns how many.
    ///
    /// # Errors
    ///
    /// Those of `sendfile(2)`, and [`UnexpectedEof`](io::ErrorKind::UnexpectedEof)
    /// when the file has become shorter.
    pub fn send(&self, socket: impl AsFd, skip: u64, most: usize) -> io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(skip)).unwrap_or(usize::MAX);
        let mut offset = self.start + skip;
        let wanted = left.min(most);
        match sendfile(socket, &*self.file, Some(&mut offset), wanted)? {
            0 if wanted > 0 => Err(cut_short()),
            sent => Ok(sent),
        }
    }
}

impl FileRange {
    /// Reads from `skip` bytes on into `space`, as much as fits; returns what was read.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub(crate) fn read<'s>(&self, skip: u64, space: &'s mut [u8]) -> io::Result<&'s [u8]> {
        let left = usize::try_from(self.len.saturating_sub(skip)).unwrap_or(usize::MAX);
        let wanted = left.min(space.len());
        let (space, _) = space.split_at_mut(wanted);
        let count = self.file.read_at(space, self.start + skip)?;
        if count == 0 && wanted > 0 {
            return Err(cut_short());
        }
        let (read, _) = space.split_at(count);
        Ok(read)
    }
}

fn cut_short() -> io::Error {
    let why = "the file became shorter while it was sent";
    io::Error::new(io::ErrorKind::UnexpectedEof, why)
}

impl fmt::Debug for FileRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileRange({}+{})", self.start, self.len)
    }
}

/// Two are equal when they name the same bytes of the same open file.
impl PartialEq for FileRange {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.file, &other.file) && self.start == other.start && self.len == other.len
    }
}

impl Eq for FileRange {}
