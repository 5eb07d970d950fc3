//! Sockets on a port: one for each worker, all on the same.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::os::fd::OwnedFd;

use mio::net::TcpListener;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

/// Connections that the operating system keeps for one listener until they are accepted.
const BACKLOG: i32 = 1_024;

/// Says whether others may listen on the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Nobody may be there yet; others of this graph may follow.
    First,
    /// Another worker's socket is there.
    Further,
}

/// Opens a socket on the first of some addresses where that is possible.
pub(crate) fn first_of<S>(
    addresses: impl ToSocketAddrs,
    open: impl Fn(SocketAddr) -> io::Result<S>,
) -> io::Result<S> {
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses.to_socket_addrs()? {
        match open(address) {
            Ok(socket) => return Ok(socket),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Opens a TCP listener on `address`.
pub(crate) fn open(address: SocketAddr, sharing: Sharing) -> io::Result<TcpListener> {
    let socket = bound(address, SocketType::STREAM, sharing)?;
    // Inherited by the connections: answers are written whole, and never wait for more.
    sockopt::set_tcp_nodelay(&socket, true)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

/// Opens a UDP socket on `address`.
pub(crate) fn open_datagrams(address: SocketAddr, sharing: Sharing) -> io::Result<UdpSocket> {
    Ok(bound(address, SocketType::DGRAM, sharing)?.into())
}

/// Makes a socket that does not block, and binds it.
///
/// The first one is bound before the port is shared, so that a port in use is
/// an error, and not a share of somebody else's traffic.
fn bound(address: SocketAddr, kind: SocketType, sharing: Sharing) -> io::Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, kind, flags, None)?;
    if kind == SocketType::STREAM {
        // For UDP this would share the port with anybody.
        sockopt::set_socket_reuseaddr(&socket, true)?;
    }
    if sharing == Sharing::Further {
        sockopt::set_socket_reuseport(&socket, true)?;
    }
    rustix::net::bind(&socket, &address)?;
    sockopt::set_socket_reuseport(&socket, true)?;
    Ok(socket)
}
