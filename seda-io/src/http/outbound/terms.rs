//! What the workers of a client share.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use seda_core::Promises;

use super::budget::ClientLimits;
use super::origin::Origin;
use crate::net::address::Address;
use crate::net::quota::Quota;
use crate::net::socket::Socket;
use crate::reactor::Member;
use crate::tls::{Endings, TlsClient};
use crate::transport::Transport;

/// Is what the workers of a client share.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) limits: Arc<ClientLimits>,
    pub(super) tls: Option<TlsClient>,
    /// Of requests.
    pub(super) quota: Arc<Quota>,
    pub(super) promises: Promises,
}

impl Terms {
    /// Begins to connect to a server, under TLS if it wants that.
    pub(super) fn connect(
        &self,
        origin: &Origin,
        address: SocketAddr,
        member: &Member,
        index: usize,
    ) -> io::Result<Transport> {
        let socket = Socket::connect(&Address::Ip(address))?;
        let mut transport = match &self.tls {
            Some(tls) if origin.is_secure() => {
                let secured = tls.connect(socket, origin.host(), Endings::Farewell)?;
                Transport::Secured(Box::new(secured))
            }
            _ => Transport::Plain(socket),
        };
        member.register(transport.watched(), index)?;
        Ok(transport)
    }
}
