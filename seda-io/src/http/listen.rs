//! Listening sockets: one for each worker, all on one port.

use std::io;
use std::net::SocketAddr;

use mio::net::TcpListener;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

/// Connections that the operating system keeps for one listener until they are accepted.
const BACKLOG: i32 = 1_024;

/// Says whether others may listen on the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    /// Nobody may be there yet; others may follow.
    First,
    /// Another listener of this server is there.
    Further,
}

/// Opens a listener on `address`.
///
/// The first one is bound before the port is shared, so that a port in use is
/// an error, and not a share of another server's connections.
pub(super) fn open(address: SocketAddr, sharing: Sharing) -> io::Result<TcpListener> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if sharing == Sharing::Further {
        sockopt::set_socket_reuseport(&socket, true)?;
    }
    // Inherited by the connections: answers are written whole, and never wait for more.
    sockopt::set_tcp_nodelay(&socket, true)?;
    rustix::net::bind(&socket, &address)?;
    sockopt::set_socket_reuseport(&socket, true)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}
