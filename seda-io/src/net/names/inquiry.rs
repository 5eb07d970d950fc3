//! The stage whose threads wait for the operating system to find a name.

use std::fmt;
use std::io;
use std::mem;
use std::net::IpAddr;
use std::sync::Arc;

use seda_core::{Batch, BoxError, Handler};

use super::memory::Cache;
use super::{Addresses, Found, NameError};
use crate::net::calls::Place;
use crate::reactor::Mailbox;

/// Addresses of one name that are tried at most.
const ADDRESSES_MAX: usize = 8;

/// Finds the addresses of a name, the best first; may block.
pub(super) type Look = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// A question for the addresses of a name. One that is lost on its way is
/// answered all the same.
#[derive(Debug)]
pub(super) struct Query {
    host: Arc<str>,
    place: Place,
    asker: Option<Arc<Mailbox<Found>>>,
}

impl Query {
    pub(super) fn new(host: &str, place: Place, asker: Arc<Mailbox<Found>>) -> Self {
        Self {
            host: host.into(),
            place,
            asker: Some(asker),
        }
    }

    fn answer(&mut self, addresses: Result<Addresses, NameError>) {
        if let Some(asker) = self.asker.take() {
            let place = self.place;
            // An asker that is gone wants to know nothing.
            let _ = asker.post(Found { place, addresses });
        }
    }

    /// Takes the duty to answer away.
    pub(super) fn disarm(mut self) {
        drop(mem::take(&mut self.asker));
    }
}

impl Drop for Query {
    fn drop(&mut self) {
        if self.asker.is_some() {
            let lost = NameError::new(&self.host, "the question was lost on its way");
            self.answer(Err(lost));
        }
    }
}

/// Asks the operating system.
#[derive(Clone)]
pub(super) struct Lookup {
    pub(super) look_up: Arc<Look>,
    pub(super) cache: Arc<Cache>,
}

impl Handler for Lookup {
    type Event = Query;

    fn handle(&mut self, batch: &mut Batch<Query>) -> Result<(), BoxError> {
        let now = batch.now().as_nanos();
        for mut query in batch {
            // Another thread may have found it meanwhile.
            let known = self.cache.get(&query.host, now);
            let addresses = known.unwrap_or_else(|| {
                let addresses = self.find(&query.host);
                self.cache.keep(&query.host, &addresses, now);
                addresses
            });
            query.answer(addresses);
        }
        Ok(())
    }
}

impl Lookup {
    fn find(&self, host: &str) -> Result<Addresses, NameError> {
        match (self.look_up)(host) {
            Ok(mut addresses) => {
                addresses.truncate(ADDRESSES_MAX);
                if addresses.is_empty() {
                    return Err(NameError::new(host, "the name has no address"));
                }
                Ok(addresses.into())
            }
            Err(error) => Err(NameError::new(host, &error.to_string())),
        }
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup").finish_non_exhaustive()
    }
}
