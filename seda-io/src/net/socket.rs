//! Stream sockets of both families as one: TCP and Unix.

use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use mio::event::Source;
use mio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use rustix::net::sockopt;

use super::address::Address;
use super::path::BoundPath;

/// Is a connected stream socket, or one that connects.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    /// Begins to connect; how it went is told by [`progress`](Self::progress)
    /// once the socket is writable.
    pub(crate) fn connect(address: &Address) -> io::Result<Self> {
        match address {
            Address::Ip(address) => {
                let stream = TcpStream::connect(*address)?;
                // Sends are written whole, and never wait for more.
                stream.set_nodelay(true)?;
                Ok(Self::Tcp(stream))
            }
            Address::Unix(path) => UnixStream::connect(path).map(Self::Unix),
            // A name has addresses, and each of them is tried by itself.
            Address::Name(..) | Address::Unnamed => Err(io::ErrorKind::AddrNotAvailable.into()),
        }
    }

    /// Gives what a reactor watches.
    pub(crate) const fn watched(&mut self) -> &mut dyn Source {
        match self {
            Self::Tcp(stream) => stream,
            Self::Unix(stream) => stream,
        }
    }

    /// Tells whether a connection has come about; an error if it never will.
    pub(crate) fn progress(&self) -> io::Result<bool> {
        let (error, peer) = match self {
            Self::Tcp(stream) => (stream.take_error()?, stream.peer_addr().map(drop)),
            Self::Unix(stream) => (stream.take_error()?, stream.peer_addr().map(drop)),
        };
        match (error, peer) {
            (None, Ok(())) => Ok(true),
            (None, Err(error)) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
            (Some(error), _) | (None, Err(error)) => Err(error),
        }
    }

    /// Tells whether a read that brings less than it could has brought all there
    /// is. A Unix socket ends a read at bytes that come with descriptors, too.
    pub(crate) const fn is_emptied_by_short_reads(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    /// Tells the peer that nothing more will be written.
    pub(crate) fn half_close(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
    }

    /// Has the end of a TCP socket be a reset: what is unsent is thrown away,
    /// and the peer sees an error instead of an end.
    pub(crate) fn reset_at_end(&self) {
        if let Self::Tcp(stream) = self
            && let Err(error) = sockopt::set_socket_linger(stream, Some(Duration::ZERO))
        {
            tracing::debug!(target: "seda", "a connection ends without a reset: {error}");
        }
    }
}

impl Read for Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(into),
            Self::Unix(stream) => stream.read(into),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, block: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(block),
            Self::Unix(stream) => stream.write(block),
        }
    }

    fn write_vectored(&mut self, blocks: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write_vectored(blocks),
            Self::Unix(stream) => stream.write_vectored(blocks),
        }
    }

    /// Does nothing: what was written is with the operating system.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl From<TcpStream> for Socket {
    fn from(stream: TcpStream) -> Self {
        Self::Tcp(stream)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

/// Is a listening stream socket.
#[derive(Debug)]
pub(crate) enum Listening {
    Tcp(TcpListener),
    /// With its path, which goes when it is closed.
    Unix(
        UnixListener,
        #[expect(dead_code, reason = "it is kept to be dropped")] BoundPath,
    ),
}

impl Listening {
    pub(crate) fn accept(&self) -> io::Result<(Socket, Address)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept()?;
                Ok((Socket::Tcp(stream), address.into()))
            }
            Self::Unix(listener, _) => {
                let (stream, address) = listener.accept()?;
                Ok((Socket::Unix(stream), address.into()))
            }
        }
    }
}

impl AsFd for Listening {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(listener, _) => listener.as_fd(),
        }
    }
}
