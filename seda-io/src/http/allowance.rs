//! What a server allows each peer, and all of them together: connections, and
//! requests in a time.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::limits::Limits;
use super::tally::Tally;
use crate::net::address::Address;
use crate::net::callers::{Bounds, Caller, Callers};
use crate::net::rate::Bucket;

/// Is what all workers of a server allow; costs nothing where nothing is limited.
#[derive(Clone, Debug)]
pub(super) struct Allowance {
    callers: Option<Arc<Callers>>,
    in_all: Option<Arc<Mutex<Bucket>>>,
}

/// Says that a peer has as many connections as it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crowded;

impl Allowance {
    pub(super) fn of(limits: &Limits) -> Self {
        let bounds = Bounds {
            connections_max: limits.connections_per_peer_max,
            rate: limits.rate_per_peer,
            idle_max: limits.idle_peers_max,
        };
        let limited = bounds.connections_max.is_some() || bounds.rate.is_some();
        let bucket = |rate| Arc::new(Mutex::new(Bucket::full(rate, 0)));
        Self {
            callers: limited.then(|| Callers::new(bounds)),
            in_all: limits.rate.map(bucket),
        }
    }

    /// Notes a connection from `address`; who calls by a Unix socket is nobody
    /// in particular.
    pub(super) fn enter(
        &self,
        address: &Address,
        now: u64,
    ) -> Result<Option<Box<Caller>>, Crowded> {
        match (&self.callers, address.ip()) {
            (Some(callers), Some(address)) => {
                let caller = callers.enter(address.ip(), now).ok_or(Crowded)?;
                Ok(Some(Box::new(caller)))
            }
            _ => Ok(None),
        }
    }

    /// Allows one request, or counts why not and says when to come back.
    pub(super) fn ask(
        &self,
        caller: Option<&Caller>,
        now: u64,
        tally: &Tally,
    ) -> Result<(), Duration> {
        if let Some(Err(wait)) = caller.map(|caller| caller.ask(now)) {
            tally.over_rate_per_peer.add(1);
            return Err(wait);
        }
        let Some(in_all) = &self.in_all else {
            return Ok(());
        };
        let allowed = in_all.lock().take(now);
        if allowed.is_err() {
            tally.over_rate.add(1);
            if let Some(caller) = caller {
                caller.unask();
            }
        }
        allowed
    }
}
