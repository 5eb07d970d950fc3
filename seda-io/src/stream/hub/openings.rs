//! How connections come about: those that come in, and those that stages ask for.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use super::Hub;
use crate::net::address::Address;
use crate::net::attempts::Attempts;
use crate::net::calls::Place;
use crate::net::entrance::{LISTENER, is_shortage};
use crate::net::names::{Addresses, NameError};
use crate::net::socket::Socket;
use crate::stream::endpoint::Endpoint;
use crate::stream::link::{Dial, Link};
use crate::stream::security::Security;
use crate::stream::session::Session;
use crate::timer::nanoseconds;
use crate::transport::Transport;

impl Hub {
    pub(super) fn accept(&mut self, now: u64) {
        self.entrance.begin(now, &self.kin.tally.entries);
        while let Some((socket, peer)) = self.entrance.accept(now, &self.kin.tally.entries) {
            let link = Link::new(peer, &self.kin);
            let limits = Arc::clone(&self.kin.limits);
            let session = match &self.security {
                Security::Server(_) => {
                    let handshake = nanoseconds(limits.timeouts.handshake);
                    Session::shaking(limits, now.saturating_add(handshake))
                }
                Security::None | Security::Client(_) => Session::accepted(limits, now),
            };
            match self.security.accepted(socket) {
                Ok(transport) => {
                    self.admit(Endpoint::new(Some(transport), link, session));
                }
                Err(error) => {
                    tracing::warn!(target: "seda", "a connection was not served: {error}");
                    self.let_go(&link);
                }
            }
        }
    }

    /// Takes a connection in; gives where it stands.
    fn admit(&mut self, mut endpoint: Endpoint) -> usize {
        let entry = self.endpoints.vacant_entry();
        let index = entry.key();
        let number = endpoint.link.number();
        endpoint.link.settle(&self.calls, Place { index, number });
        if let Some(socket) = endpoint.socket()
            && let Err(error) = self.member.register(socket.watched(), LISTENER + 1 + index)
        {
            tracing::warn!(target: "seda", "a connection was not watched: {error}");
            endpoint.session.failed(error.kind());
        }
        entry.insert(endpoint);
        self.list(index);
        index
    }

    /// Begins the connections that stages have asked for.
    pub(super) fn dial(&mut self, now: u64) {
        for Dial { link, within } in self.dials.take() {
            let until = now.saturating_add(nanoseconds(within));
            let session = Session::dialled(Arc::clone(&self.kin.limits), until);
            let (peer, number) = (link.peer().clone(), link.number());
            let index = self.admit(Endpoint::new(None, link, session));
            match peer {
                Address::Ip(address) => {
                    let only: Addresses = Arc::new([address.ip()]);
                    self.try_all(index, Attempts::new(only, address.port(), until), now);
                }
                Address::Name(host, _) => {
                    if let Some(found) = self.asker.ask(&host, Place { index, number }, now) {
                        self.found(index, found, now);
                    }
                }
                Address::Unix(_) | Address::Unnamed => match self.connect(index, &peer) {
                    Ok(transport) => self.go_on(index, transport, until),
                    Err(error) => self.unconnected(index, error.kind()),
                },
            }
        }
    }

    pub(super) fn collect_found(&mut self, now: u64) {
        for found in self.asker.found() {
            let Place { index, number } = found.place;
            let asked = |endpoint: &Endpoint| endpoint.link.number() == number;
            if self.endpoints.get(index).is_some_and(asked) {
                self.found(index, found.addresses, now);
            }
        }
    }

    /// Goes on with a connection whose peer's name was looked up.
    fn found(&mut self, index: usize, addresses: Result<Addresses, NameError>, now: u64) {
        let Some(endpoint) = self.endpoints.get_mut(index) else {
            return;
        };
        // A stage may have given it up meanwhile.
        let until = endpoint.session.deadline();
        let wanted = endpoint.session.is_connecting();
        let (Some(until), true, Address::Name(_, port)) = (until, wanted, endpoint.link.peer())
        else {
            return;
        };
        match addresses {
            Ok(addresses) => {
                let attempts = Attempts::new(addresses, *port, until);
                self.try_all(index, attempts, now);
            }
            Err(error) => {
                tracing::info!(target: "seda", "no connection: {error}");
                self.unconnected(index, ErrorKind::NotFound);
            }
        }
    }

    fn try_all(&mut self, index: usize, attempts: Attempts, now: u64) {
        if let Some(endpoint) = self.endpoints.get_mut(index) {
            endpoint.attempts = Some(attempts);
            self.try_next(index, ErrorKind::NotFound, now);
        }
    }

    /// Tries the next address of a peer; without one, says why the last was not reached.
    pub(super) fn try_next(&mut self, index: usize, mut why: ErrorKind, now: u64) {
        loop {
            let endpoint = self.endpoints.get_mut(index);
            let attempts = endpoint.and_then(|endpoint| endpoint.attempts.as_mut());
            let Some((address, until)) = attempts.and_then(|left| left.next(now)) else {
                return self.unconnected(index, why);
            };
            match self.connect(index, &Address::Ip(address)) {
                Ok(transport) => return self.go_on(index, transport, until),
                Err(error) => why = error.kind(),
            }
        }
    }

    /// Begins to connect to one address, under TLS if that is wanted.
    fn connect(&self, index: usize, address: &Address) -> io::Result<Transport> {
        let Some(endpoint) = self.endpoints.get(index) else {
            return Err(ErrorKind::NotFound.into());
        };
        let connected = Socket::connect(address).inspect_err(|error| {
            let exhausted = &self.kin.tally.entries.exhausted;
            exhausted.add(usize::from(is_shortage(error)));
        });
        let mut transport = self.security.dialled(connected?, endpoint.link.peer())?;
        self.member
            .register(transport.watched(), LISTENER + 1 + index)?;
        Ok(transport)
    }

    fn go_on(&mut self, index: usize, transport: Transport, until: u64) {
        if let Some(endpoint) = self.endpoints.get_mut(index) {
            endpoint.try_with(transport, until);
            self.list(index);
        }
    }

    fn unconnected(&mut self, index: usize, why: ErrorKind) {
        if let Some(endpoint) = self.endpoints.get_mut(index) {
            endpoint.session.failed(why);
            self.list(index);
        }
    }
}
