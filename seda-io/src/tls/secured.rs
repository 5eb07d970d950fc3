//! A socket under TLS, from either side: plain bytes in and out, without blocking.

use std::io::{self, IoSlice, Read, Write};

use rustls::Connection;

use crate::net::socket::Socket;

/// Bytes, 64 KiB: of plain output that is encrypted ahead of the socket.
const AHEAD_BYTES_MAX: usize = 64 * 1024;

/// A socket under TLS.
#[derive(Debug)]
pub(crate) struct Secured {
    socket: Socket,
    session: Connection,
    /// Plain bytes that were taken, and of which not all is in the socket yet.
    in_flight: usize,
    endings: Endings,
}

/// Says what an end of the input without a farewell means (RFC 8446 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endings {
    /// An end as any other, since messages have ends of their own.
    Any,
    /// That somebody may have cut the stream short: an error.
    Farewell,
}

impl Secured {
    /// Begins one side of a connection; the handshake goes on with reads, or by
    /// [`shake`](Self::shake).
    pub(super) fn new(socket: Socket, mut session: Connection, endings: Endings) -> Self {
        session.set_buffer_limit(Some(AHEAD_BYTES_MAX));
        Self {
            socket,
            session,
            in_flight: 0,
            endings,
        }
    }

    /// Takes an end of the input without a farewell for an error from now on.
    pub(crate) const fn expect_farewell(&mut self) {
        self.endings = Endings::Farewell;
    }

    pub(crate) const fn socket(&self) -> &Socket {
        &self.socket
    }

    pub(crate) const fn socket_mut(&mut self) -> &mut Socket {
        &mut self.socket
    }

    /// Gives the protocol that was agreed on by its name (ALPN).
    pub(crate) fn protocol(&self) -> Option<&str> {
        str::from_utf8(self.session.alpn_protocol()?).ok()
    }

    pub(crate) fn is_shaking(&self) -> bool {
        self.session.is_handshaking()
    }

    /// Goes on with the handshake; tells whether it is over.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read), and
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) when the peer ends before.
    pub(crate) fn shake(&mut self) -> io::Result<bool> {
        while self.session.is_handshaking() {
            self.flush_some()?;
            match self.session.read_tls(&mut self.socket) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => self.process()?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        self.flush_some()?;
        Ok(true)
    }

    /// Understands what was read; on what is no TLS the peer gets its alert.
    fn process(&mut self) -> io::Result<()> {
        if let Err(error) = self.session.process_new_packets() {
            let _ = self.flush();
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        Ok(())
    }

    /// Writes what is encrypted; a full socket is written to later.
    fn flush_some(&mut self) -> io::Result<()> {
        match self.flush() {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
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
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return match self.endings {
                        Endings::Any => Ok(0),
                        Endings::Farewell => Err(error),
                    };
                }
                done => return done,
            }
            let arrived = self.session.read_tls(&mut self.socket)?;
            self.process()?;
            // What the handshake answers.
            self.flush_some()?;
            if arrived == 0 && self.session.is_handshaking() {
                return Ok(0);
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
            self.session.write_tls(&mut self.socket)?;
        }
        Ok(())
    }

    /// Says farewell, as far as the socket takes it.
    pub(crate) fn say_farewell(&mut self) {
        self.session.send_close_notify();
        let _ = self.flush();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use mio::net::UnixStream;

    use super::*;
    use crate::tls::{TlsClient, TlsServer};
    use crate::transport::Transport;

    /// Both ends of a connection, after the handshake.
    fn pair() -> [Transport; 2] {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates");
        let file = |name: &str| directory.join(name);
        let server = TlsServer::from_pem(file("server.pem"), file("server.key")).unwrap();
        let client = TlsClient::from_pem(file("authority.pem")).unwrap();
        let (one, other) = UnixStream::pair().unwrap();
        let client = client.connect(Socket::Unix(one), "localhost", Endings::Farewell);
        let server = server.accept(Socket::Unix(other), Endings::Farewell);
        let ends = [client.unwrap(), server.unwrap()];
        let mut ends = ends.map(|end| Transport::Secured(Box::new(end)));
        while ends.each_mut().map(|end| end.progress().unwrap()) != [true; 2] {}
        ends
    }

    #[test]
    fn an_end_is_told_behind_what_the_socket_has_not_taken() {
        let [mut client, mut server] = pair();
        let block = [7; 16 * 1024];
        let mut sent = 0;
        let full = loop {
            match client.write(&[IoSlice::new(&block)]) {
                Ok(count) => sent += count,
                Err(error) => break error,
            }
        };
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
        let early = client.finish().unwrap_err();
        assert_eq!(early.kind(), io::ErrorKind::WouldBlock);
        let mut space = [0; 16 * 1024];
        let mut received = 0;
        loop {
            match server.read(&mut space) {
                Ok(0) => break,
                Ok(count) => received += count,
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{error}");
                    let _ = client.finish();
                }
            }
        }
        // The block that did not fit was encrypted already.
        assert_eq!(received, sent + block.len());
    }
}
