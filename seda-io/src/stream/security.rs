//! What secures the connections of a source, if anything does.

use std::io;

use crate::net::address::Address;
use crate::net::socket::Socket;
use crate::tls::{Endings, TlsClient, TlsServer};
use crate::transport::Transport;

/// Says what secures the connections of a source.
#[derive(Clone, Debug)]
pub(super) enum Security {
    /// Nothing: bytes as they are.
    None,
    /// TLS, on those that come in.
    Server(TlsServer),
    /// TLS, on those that are made.
    Client(TlsClient),
}

impl Security {
    /// Begins with a connection that has come in.
    pub(super) fn accepted(&self, socket: Socket) -> io::Result<Transport> {
        match self {
            Self::Server(tls) => {
                let secured = tls.accept(socket, Endings::Farewell)?;
                Ok(Transport::Secured(Box::new(secured)))
            }
            Self::None | Self::Client(_) => Ok(Transport::Plain(socket)),
        }
    }

    /// Begins with a connection that is made to `peer`, which must prove to be that.
    pub(super) fn dialled(&self, socket: Socket, peer: &Address) -> io::Result<Transport> {
        let Self::Client(tls) = self else {
            return Ok(Transport::Plain(socket));
        };
        let secured = match peer {
            Address::Name(host, _) => tls.connect(socket, host, Endings::Farewell),
            Address::Ip(address) => {
                tls.connect(socket, &address.ip().to_string(), Endings::Farewell)
            }
            // A certificate has no path in it.
            Address::Unix(_) | Address::Unnamed => Err(io::ErrorKind::InvalidInput.into()),
        };
        Ok(Transport::Secured(Box::new(secured?)))
    }
}
