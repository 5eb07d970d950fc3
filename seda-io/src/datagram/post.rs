//! A datagram, and how to send one.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use super::port::Port;
use super::sums::Tally;
use crate::net::address::Address;

/// Is a datagram that has come in.
#[derive(Debug)]
pub struct Datagram {
    /// What was sent.
    pub bytes: Vec<u8>,
    /// Who has sent it.
    pub from: Address,
    /// The socket that it came by, to answer it.
    pub post: Post,
}

/// Sends datagrams from a bound socket.
///
/// Clones are the same socket. A datagram leaves at once or not at all, and
/// nothing is kept here: who must not lose one still has its bytes.
#[derive(Clone, Debug)]
pub struct Post {
    port: Arc<Port>,
    tally: Arc<Tally>,
}

impl Post {
    pub(super) const fn new(port: Arc<Port>, tally: Arc<Tally>) -> Self {
        Self { port, tally }
    }

    /// Sends one datagram.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when the socket, or that of a
    /// Unix peer, is full; otherwise those of `sendto(2)`: one that is too long,
    /// an address of another family or of nobody.
    pub fn send(&self, to: &Address, bytes: &[u8]) -> io::Result<()> {
        let sent = loop {
            match self.port.send(to, bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                sent => break sent,
            }
        };
        match &sent {
            Ok(()) => self.tally.sent.add(1),
            Err(_) => self.tally.unsent.add(1),
        }
        sent
    }

    /// Sends several datagrams in order, up to the first that cannot be sent.
    ///
    /// # Errors
    ///
    /// Says how many were sent before that one, and what [`send`](Self::send)
    /// said of it.
    pub fn send_all<'d>(
        &self,
        datagrams: impl IntoIterator<Item = (&'d Address, &'d [u8])>,
    ) -> Result<(), Partly> {
        // One system call each: `sendmmsg(2)` was tried over loopback, 32 at once,
        // and saved too little to be told from noise.
        for (sent, (to, bytes)) in datagrams.into_iter().enumerate() {
            self.send(to, bytes)
                .map_err(|error| Partly { sent, error })?;
        }
        Ok(())
    }
}

/// Says that only the first of some datagrams were sent.
#[derive(Debug)]
pub struct Partly {
    /// How many were.
    pub sent: usize,
    /// Why the next one was not.
    pub error: io::Error,
}

impl fmt::Display for Partly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, error } = self;
        write!(f, "only the first {sent} datagrams were sent: {error}")
    }
}

impl Error for Partly {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}
