//! Datagram sockets of both families as one: UDP and Unix.

use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixDatagram;

use crate::net::address::Address;
use crate::net::path::BoundPath;

/// Is a bound socket that does not block. All its methods work on any thread.
#[derive(Debug)]
pub(super) enum Port {
    Udp(UdpSocket),
    /// With the path that is removed at its end.
    Unix(UnixDatagram, BoundPath),
}

impl Port {
    /// Tells whether senders wait when this socket is full, instead of losing datagrams.
    pub(super) const fn is_reliable(&self) -> bool {
        matches!(self, Self::Unix(..))
    }

    pub(super) fn receive(&self, into: &mut [u8]) -> io::Result<(usize, Address)> {
        match self {
            Self::Udp(socket) => {
                let (count, from) = socket.recv_from(into)?;
                Ok((count, from.into()))
            }
            Self::Unix(socket, _) => {
                let (count, from) = socket.recv_from(into)?;
                Ok((count, from.into()))
            }
        }
    }

    /// Sends one datagram, whole or not at all.
    pub(super) fn send(&self, to: &Address, bytes: &[u8]) -> io::Result<()> {
        let sent = match (self, to) {
            (Self::Udp(socket), Address::Ip(to)) => socket.send_to(bytes, to),
            (Self::Unix(socket, _), Address::Unix(path)) => socket.send_to(bytes, path),
            _ => Err(io::ErrorKind::AddrNotAvailable.into()),
        };
        sent.map(drop)
    }

    pub(super) fn local_address(&self) -> io::Result<Address> {
        match self {
            Self::Udp(socket) => Ok(socket.local_addr()?.into()),
            Self::Unix(_, path) => Ok(path.path().into()),
        }
    }
}

impl AsRawFd for Port {
    fn as_raw_fd(&self) -> RawFd {
        match self {
            Self::Udp(socket) => socket.as_raw_fd(),
            Self::Unix(socket, _) => socket.as_raw_fd(),
        }
    }
}
