//! The listeners of one address: one for each worker, or for Unix sockets only one.

use std::io;
use std::net::ToSocketAddrs;
use std::path::Path;

use mio::net::UnixListener;

use super::address::Address;
use super::listen::{self, Sharing};
use super::path::{BoundPath, Knock};
use super::socket::Listening;

/// Is an address that is listened on, for workers that are still to come.
#[derive(Debug)]
pub(crate) struct Listeners {
    /// None once a worker has it.
    first: Option<Listening>,
    address: Address,
}

impl Listeners {
    /// Listens on a TCP port; connections wait from now on.
    pub(crate) fn tcp(addresses: impl ToSocketAddrs) -> io::Result<Self> {
        let open = |address| listen::open(address, Sharing::First);
        let listener = listen::first_of(addresses, open)?;
        Ok(Self {
            address: listener.local_addr()?.into(),
            first: Some(Listening::Tcp(listener)),
        })
    }

    /// Listens on the path of a Unix socket; connections wait from now on.
    pub(crate) fn unix(path: &Path) -> io::Result<Self> {
        let bind = |path: &Path| UnixListener::bind(path);
        let (listener, path) = BoundPath::bind(path, Knock::Stream, bind)?;
        Ok(Self {
            address: path.path().into(),
            first: Some(Listening::Unix(listener, path)),
        })
    }

    pub(crate) const fn address(&self) -> &Address {
        &self.address
    }

    /// Gives the listener of the next worker: for TCP another one on the same
    /// port, for a Unix socket none but the first.
    pub(crate) fn next(&mut self) -> io::Result<Option<Listening>> {
        match (self.first.take(), &self.address) {
            (Some(first), _) => Ok(Some(first)),
            (None, Address::Ip(address)) => {
                let further = listen::open(*address, Sharing::Further)?;
                Ok(Some(Listening::Tcp(further)))
            }
            (None, Address::Name(..) | Address::Unix(_) | Address::Unnamed) => Ok(None),
        }
    }
}
