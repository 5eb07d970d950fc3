//! A socket under TLS, as a server sees it: plain bytes in and out, without blocking.

use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;

use mio::net::TcpStream;
use rustls::{ServerConfig, ServerConnection};

/// Bytes, 64 KiB: of plain output that is encrypted ahead of the socket.
const AHEAD_BYTES_MAX: usize = 64 * 1024;

/// A socket under TLS.
#[derive(Debug)]
pub(crate) struct Secured {
    stream: TcpStream,
    session: ServerConnection,
    /// Plain bytes that were taken, and of which not all is in the socket yet.
    in_flight: usize,
}

impl Secured {
    /// Begins the server's side; the handshake goes on with the first reads.
    pub(super) fn accept(stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<Self> {
        let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
        session.set_buffer_limit(Some(AHEAD_BYTES_MAX));
        Ok(Self {
            stream,
            session,
            in_flight: 0,
        })
    }

    pub(crate) const fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Reads plain bytes; goes on with the handshake on the way.
    ///
    /// # Errors
    ///
    /// Those of `read(2)`, and [`InvalidData`](io::ErrorKind::InvalidData) for
    /// what is no TLS; the peer has been told then.
    pub(crate) fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.reader().read(space) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // An end without a farewell: messages have their own ends.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                done => return done,
            }
            let arrived = self.session.read_tls(&mut self.stream)?;
            let processed = self.session.process_new_packets();
            // What the handshake answers, or the alert; a full socket is written to later.
            let flushed = self.flush();
            processed.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            match flushed {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                _ if arrived == 0 && self.session.is_handshaking() => return Ok(0),
                _ => {}
            }
        }
    }

    /// Writes plain bytes; returns how many are in the socket, encrypted.
    ///
    /// After [`WouldBlock`](io::ErrorKind::WouldBlock) the same bytes must be
    /// offered again: some of them may have been encrypted already.
    pub(crate) fn write(&mut self, blocks: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.in_flight == 0 {
            self.in_flight = self.session.writer().write_vectored(blocks)?;
        }
        self.flush()?;
        Ok(std::mem::take(&mut self.in_flight))
    }

    /// Tells whether something that was taken is not in the socket yet.
    pub(crate) fn is_behind(&self) -> bool {
        self.session.wants_write()
    }

    /// Writes what is encrypted.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(&mut self.stream)?;
        }
        Ok(())
    }

    /// Says farewell, as far as the socket takes it.
    pub(crate) fn say_farewell(&mut self) {
        self.session.send_close_notify();
        let _ = self.flush();
        let _ = self.stream.flush();
    }
}
