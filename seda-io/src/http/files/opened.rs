//! A file that was opened: what identifies its state, and how it is answered with.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{Advice, Stat, fadvise};

use super::MEMORY_BYTES_MAX;
use crate::file_range::FileRange;
use crate::http::headers::HeaderError;
use crate::http::representation::{Representation, Source};

/// What the type of a file is when its name does not tell.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// Tells one state of a file from all others, as far as its metadata do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    len: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Identity {
    pub(super) fn of(stat: &Stat) -> Self {
        Self {
            device: stat.st_dev,
            inode: stat.st_ino,
            len: u64::try_from(stat.st_size).unwrap_or(0),
            seconds: stat.st_mtime,
            nanoseconds: i64::try_from(stat.st_mtime_nsec).unwrap_or(0),
        }
    }

    #[cfg(test)]
    pub(super) const fn numbered(inode: u64) -> Self {
        Self {
            device: 0,
            inode,
            len: 0,
            seconds: 0,
            nanoseconds: 0,
        }
    }

    fn tag(&self) -> String {
        let Self {
            inode,
            len,
            seconds,
            nanoseconds,
            ..
        } = self;
        format!("\"{inode:x}-{len:x}-{seconds:x}.{nanoseconds:x}\"")
    }
}

/// An opened file.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) identity: Identity,
    pub(super) representation: Representation,
    /// Bytes in memory.
    bytes: usize,
    /// Descriptors.
    open: usize,
}

impl Opened {
    /// Reads a small file, and keeps a large one open.
    pub(super) fn new(file: File, identity: Identity, path: &Path) -> io::Result<Self> {
        let media_type = media_type(path);
        if identity.len > MEMORY_BYTES_MAX {
            // Its pages are read here, as far as the kernel likes, and not by the worker that sends them.
            let _ = fadvise(&file, 0, NonZeroU64::new(identity.len), Advice::WillNeed);
            let range = FileRange::new(Arc::new(file), 0, identity.len);
            return Self::made(identity, Source::File(range), &media_type)
                .map_err(io::Error::other);
        }
        let mut bytes = Vec::with_capacity(usize::try_from(identity.len).unwrap_or(0));
        file.take(identity.len).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != identity.len {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file became shorter while it was read",
            ));
        }
        let source = Source::Memory(bytes.into());
        Self::made(identity, source, &media_type).map_err(io::Error::other)
    }

    fn made(identity: Identity, source: Source, media_type: &str) -> Result<Self, HeaderError> {
        let (bytes, open) = match &source {
            Source::Memory(bytes) => (bytes.len(), 0),
            Source::File(_) => (0, 1),
        };
        let modified = u64::try_from(identity.seconds).ok();
        let tag = identity.tag();
        Ok(Self {
            identity,
            representation: Representation::new(source, media_type, &tag, modified)?,
            bytes,
            open,
        })
    }

    #[cfg(test)]
    pub(super) fn in_memory(identity: Identity, bytes: Vec<u8>) -> Self {
        Self::made(identity, Source::Memory(bytes.into()), UNKNOWN_TYPE).unwrap()
    }

    /// Gives the bytes and the descriptors that keeping it takes.
    pub(super) const fn weight(&self) -> (usize, usize) {
        (self.bytes, self.open)
    }
}

/// Gives the media type that the extension stands for; text is taken for UTF-8.
fn media_type(path: &Path) -> String {
    let Some(guess) = mime_guess::from_path(path).first_raw() else {
        return UNKNOWN_TYPE.to_owned();
    };
    let textual = guess.starts_with("text/") || guess == "application/javascript";
    if textual {
        format!("{guess}; charset=utf-8")
    } else {
        guess.to_owned()
    }
}
