//! A connected socket, plain or under TLS.

use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;

use mio::net::TcpStream;

use crate::file_range::FileRange;
use crate::tls::Secured;

/// Bytes, 16 KiB, of a file that are read at once to be encrypted: one TLS record.
const RECORD_BYTES: usize = 16 * 1024;

/// A connected socket.
#[derive(Debug)]
pub(crate) enum Transport {
    /// Bytes as they are.
    Plain(TcpStream),
    /// Bytes under TLS.
    Secured(Box<Secured>),
}

impl Transport {
    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Secured(secured) => secured.stream(),
        }
    }

    /// Reads once; see `read(2)`.
    pub(crate) fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(space),
            Self::Secured(secured) => secured.read(space),
        }
    }

    /// Tells whether there may be more behind a read that did not fill its space.
    ///
    /// A short read has emptied a plain socket, and what comes after it is told
    /// anew (epoll(7), question 9); under TLS it has emptied a record.
    pub(crate) const fn has_records(&self) -> bool {
        matches!(self, Self::Secured(_))
    }

    /// Writes blocks, none of them empty, as far as they fit. What is refused
    /// must be offered again as it was.
    pub(crate) fn write(&mut self, blocks: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => match blocks {
                [block] => stream.write(block),
                blocks => stream.write_vectored(blocks),
            },
            Self::Secured(secured) => secured.write(blocks),
        }
    }

    /// Writes at most `most` bytes of a stretch of a file, from `skip` bytes on.
    pub(crate) fn write_file(
        &mut self,
        range: &FileRange,
        skip: u64,
        most: usize,
    ) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => range.send(&*stream, skip, most),
            Self::Secured(secured) => {
                let mut record = [0; RECORD_BYTES];
                let bytes = range.read(skip, &mut record)?;
                secured.write(&[IoSlice::new(bytes)])
            }
        }
    }

    /// Tells whether something that was taken is not in the socket yet, though
    /// nothing is offered: part of a handshake.
    pub(crate) fn is_behind(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Secured(secured) => secured.is_behind(),
        }
    }

    /// Writes what is behind.
    pub(crate) fn catch_up(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Secured(secured) => secured.flush(),
        }
    }

    /// Tells the peer that nothing more will be written.
    pub(crate) fn half_close(&mut self) -> io::Result<()> {
        self.say_farewell();
        self.stream().shutdown(Shutdown::Write)
    }

    /// Says what TLS wants to be said before the socket is closed.
    pub(crate) fn say_farewell(&mut self) {
        if let Self::Secured(secured) = self {
            secured.say_farewell();
        }
    }
}
