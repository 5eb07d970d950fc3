//! A connected socket, plain or under TLS.

use std::io::{self, IoSlice};

use mio::event::Source;
use rustix::net::{self, RecvFlags, SendFlags};

use crate::buffer::WriteBuffer;
use crate::file_range::FileRange;
use crate::net::socket::Socket;
use crate::tls::Secured;

/// Bytes, 16 KiB, of a file that are read at once to be encrypted: one TLS record.
const RECORD_BYTES: usize = 16 * 1024;
/// Blocks of output that leave in one system call at most.
const SLICES_MAX: usize = 8;

/// A connected socket.
#[derive(Debug)]
pub(crate) enum Transport {
    /// Bytes as they are.
    Plain(Socket),
    /// Bytes under TLS.
    Secured(Box<Secured>),
}

impl Transport {
    /// Gives what a reactor watches.
    pub(crate) const fn watched(&mut self) -> &mut dyn Source {
        match self {
            Self::Plain(socket) => socket.watched(),
            Self::Secured(secured) => secured.socket_mut().watched(),
        }
    }

    fn socket(&self) -> &Socket {
        match self {
            Self::Plain(socket) => socket,
            Self::Secured(secured) => secured.socket(),
        }
    }

    /// Tells whether the connection has come about, and what TLS wants to be
    /// agreed on before; goes on with that as far as it can.
    ///
    /// # Errors
    ///
    /// Why it never will. [`InvalidData`](io::ErrorKind::InvalidData) is what
    /// TLS has refused; the peer has been told then.
    pub(crate) fn progress(&mut self) -> io::Result<bool> {
        match self {
            Self::Plain(socket) => socket.progress(),
            Self::Secured(secured) => Ok(secured.socket().progress()? && secured.shake()?),
        }
    }

    /// Gives the protocol that was agreed on by its name (ALPN).
    pub(crate) fn protocol(&self) -> Option<&str> {
        match self {
            Self::Plain(_) => None,
            Self::Secured(secured) => secured.protocol(),
        }
    }

    /// Tells whether the socket is connected; an error if it is broken.
    pub(crate) fn is_connected(&self) -> io::Result<bool> {
        self.socket().progress()
    }

    /// Reads once; see `read(2)`.
    pub(crate) fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => Ok(net::recv(&*socket, space, RecvFlags::empty())?.0),
            Self::Secured(secured) => secured.read(space),
        }
    }

    /// Tells whether there may be more behind a read that did not fill its space.
    ///
    /// A short read has mostly emptied a plain socket, and what comes after it
    /// is told anew (epoll(7), question 9); under TLS it has emptied a record.
    pub(crate) const fn has_records(&self) -> bool {
        match self {
            Self::Plain(socket) => !socket.is_emptied_by_short_reads(),
            Self::Secured(_) => true,
        }
    }

    /// Writes blocks, none of them empty, as far as they fit. What is refused
    /// must be offered again as it was.
    pub(crate) fn write(&mut self, blocks: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => match blocks {
                [block] => Ok(net::send(&*socket, block, SendFlags::NOSIGNAL)?),
                blocks => Ok(rustix::io::writev(&*socket, blocks)?),
            },
            Self::Secured(secured) => secured.write(blocks),
        }
    }

    /// Writes a block that is followed at once by the end of what is written
    /// ([`half_close`](Self::half_close)): both leave in one segment.
    ///
    /// # Sources
    ///
    /// `send`(2), `MSG_MORE`.
    pub(crate) fn send_last(&mut self, block: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => {
                let flags = SendFlags::NOSIGNAL | SendFlags::MORE;
                Ok(net::send(&*socket, block, flags)?)
            }
            Self::Secured(secured) => secured.write(&[IoSlice::new(block)]),
        }
    }

    /// Writes what comes first in `output`, once: a stretch of a file, or blocks in
    /// memory together, as far as they fit, and at most about `most` bytes.
    pub(crate) fn send(&mut self, output: &WriteBuffer, most: usize) -> io::Result<usize> {
        if let Some((range, sent)) = output.front_file() {
            return self.write_file(range, sent as u64, most);
        }
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let mut count = 0;
        let mut left = most;
        for (slice, block) in slices.iter_mut().zip(output.blocks()) {
            if left == 0 {
                break;
            }
            let piece = block.get(..left).unwrap_or(block);
            *slice = IoSlice::new(piece);
            left -= piece.len();
            count += 1;
        }
        let (blocks, _) = slices.split_at(count);
        self.write(blocks)
    }

    /// Writes at most `most` bytes of a stretch of a file, from `skip` bytes on.
    pub(crate) fn write_file(
        &mut self,
        range: &FileRange,
        skip: u64,
        most: usize,
    ) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => range.send(&*socket, skip, most),
            Self::Secured(secured) => {
                let mut record = [0; RECORD_BYTES];
                let bytes = range.read(skip, &mut record)?;
                secured.write(&[IoSlice::new(bytes)])
            }
        }
    }

    /// Tells whether bytes leave as they are.
    pub(crate) const fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// Tells whether a handshake of TLS is not over yet.
    pub(crate) fn is_shaking(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Secured(secured) => secured.is_shaking(),
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

    /// Tells the peer that nothing more will be written, as far as the socket takes it.
    pub(crate) fn half_close(&mut self) -> io::Result<()> {
        self.say_farewell();
        self.socket().half_close()
    }

    /// Does the same, but not before the peer can know that nothing is missing.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) while the socket does not take
    /// the farewell of TLS; say it again then.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.say_farewell();
        if self.is_behind() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.socket().half_close()
    }

    /// Has the end of a TCP socket be a reset; see [`Socket::reset_at_end`].
    pub(crate) fn reset_at_end(&self) {
        self.socket().reset_at_end();
    }

    /// Takes an end of what is read for one only if the peer says so, where it can.
    pub(crate) const fn expect_farewell(&mut self) {
        if let Self::Secured(secured) = self {
            secured.expect_farewell();
        }
    }

    /// Says what TLS wants to be said before the socket is closed.
    pub(crate) fn say_farewell(&mut self) {
        if let Self::Secured(secured) = self {
            secured.say_farewell();
        }
    }
}
