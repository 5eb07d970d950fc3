//! Who calls: what each address has open and may still ask, in a bounded table.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::rate::{Bucket, Rate};

/// Bits of an IPv6 address that name one caller: a network, of which who has
/// one address mostly has all (RFC 4291 §2.5.4, RFC 6177).
const NETWORK_BITS: u32 = 64;

/// Bounds of each caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) connections_max: Option<usize>,
    pub(crate) rate: Option<Rate>,
    /// Callers without a connection that are remembered.
    pub(crate) idle_max: usize,
}

/// Knows those who call, for all workers of a server.
#[derive(Debug)]
pub(crate) struct Callers {
    bounds: Bounds,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    /// As many as have connections, and those of `idle`.
    known: HashMap<IpAddr, Known>,
    /// Who has none, by when the last one ended.
    idle: BTreeMap<u64, IpAddr>,
    /// The next key of `idle`.
    ends: u64,
}

#[derive(Debug)]
struct Known {
    purse: Purse,
    connections: usize,
    /// The key in `idle`, without connections.
    idle: Option<u64>,
}

/// What a caller may still ask; none where no rate is set.
type Purse = Option<Arc<Mutex<Bucket>>>;

/// Is one connection of a caller.
#[derive(Debug)]
pub(crate) struct Caller {
    callers: Arc<Callers>,
    address: IpAddr,
    purse: Purse,
}

impl Callers {
    pub(crate) fn new(bounds: Bounds) -> Arc<Self> {
        let table = Mutex::default();
        Arc::new(Self { bounds, table })
    }

    /// Notes one more connection of who calls from `address` at `now`
    /// nanoseconds, unless there are too many.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr, now: u64) -> Option<Caller> {
        let address = network(address);
        let mut table = self.table.lock();
        let rate = self.bounds.rate;
        let full = || rate.map(|rate| Arc::new(Mutex::new(Bucket::full(rate, now))));
        let Table { known, idle, .. } = &mut *table;
        let caller = known.entry(address).or_insert_with(|| Known {
            purse: full(),
            connections: 0,
            idle: None,
        });
        let max = self.bounds.connections_max;
        if max.is_some_and(|max| caller.connections >= max.max(1)) {
            return None;
        }
        caller.connections += 1;
        if let Some(key) = caller.idle.take() {
            idle.remove(&key);
        }
        Some(Caller {
            callers: Arc::clone(self),
            address,
            purse: caller.purse.clone(),
        })
    }

    fn leave(&self, address: IpAddr) {
        let mut table = self.table.lock();
        let Table { known, idle, ends } = &mut *table;
        let Some(caller) = known.get_mut(&address) else {
            return;
        };
        caller.connections -= 1;
        if caller.connections > 0 {
            return;
        }
        if caller.purse.is_none() {
            // There is nothing to be remembered.
            known.remove(&address);
            return;
        }
        caller.idle = Some(*ends);
        idle.insert(*ends, address);
        *ends += 1;
        if idle.len() > self.bounds.idle_max
            && let Some((_, oldest)) = idle.pop_first()
        {
            known.remove(&oldest);
        }
    }
}

impl Caller {
    /// Takes the caller's token for one request, or says when to come back.
    pub(crate) fn ask(&self, now: u64) -> Result<(), Duration> {
        self.purse
            .as_ref()
            .map_or(Ok(()), |purse| purse.lock().take(now))
    }

    /// Gives it back: the request was refused for another reason.
    pub(crate) fn unask(&self) {
        if let Some(purse) = &self.purse {
            purse.lock().give_back();
        }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.callers.leave(self.address);
    }
}

/// Gives what names a caller: an IPv4 address, or an IPv6 network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let mask = u128::MAX << (Ipv6Addr::BITS - NETWORK_BITS);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Bounds, Callers, IpAddr, Rate, network};

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn callers(connections_max: Option<usize>, rate: Option<Rate>) -> Arc<Callers> {
        Callers::new(Bounds {
            connections_max,
            rate,
            idle_max: 3,
        })
    }

    fn known(callers: &Callers) -> (usize, usize) {
        let table = callers.table.lock();
        (table.known.len(), table.idle.len())
    }

    #[test]
    fn an_ipv6_caller_is_a_network_and_a_mapped_address_is_what_it_maps() {
        let same = |one: &str, other: &str| network(ip(one)) == network(ip(other));
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }

    #[test]
    fn each_caller_has_so_many_connections_and_no_more() {
        let callers = callers(Some(2), None);
        let (a, b) = (ip("192.0.2.1"), ip("192.0.2.2"));
        let first = callers.enter(a, 0).unwrap();
        let _second = callers.enter(a, 0).unwrap();
        assert!(callers.enter(a, 0).is_none());
        let other = callers.enter(b, 0).unwrap();
        drop(first);
        assert!(callers.enter(a, 0).is_some());
        drop(other);
        assert_eq!(known(&callers), (1, 0), "without a rate nothing is kept");
    }

    #[test]
    fn a_new_connection_brings_no_new_tokens() {
        let callers = callers(None, Some(Rate::per_second(1)));
        let address = ip("192.0.2.1");
        assert!(callers.enter(address, 0).unwrap().ask(0).is_ok());
        let again = callers.enter(address, 1).unwrap();
        assert!(again.ask(1).is_err());
        let beside = callers.enter(address, 1).unwrap();
        assert!(beside.ask(1).is_err());
        beside.unask();
        assert!(again.ask(1).is_ok());
    }

    #[test]
    fn who_has_been_away_longest_is_forgotten_first() {
        let callers = callers(None, Some(Rate::per_second(1)));
        let come = |last: u8| callers.enter(IpAddr::from([192, 0, 2, last]), 0).unwrap();
        let busy = come(5);
        for last in [1, 2, 3] {
            assert!(come(last).ask(0).is_ok());
        }
        // The first has come again meanwhile, so the second is the oldest.
        drop(come(1));
        assert!(come(4).ask(0).is_ok());
        assert_eq!(known(&callers), (4, 3));
        assert!(come(1).ask(0).is_err(), "known");
        assert!(busy.ask(0).is_ok());
        assert!(come(2).ask(0).is_ok(), "forgotten");
    }

    #[test]
    fn the_table_holds_no_more_than_connections_and_the_idle_ones() {
        let callers = callers(Some(1), Some(Rate::per_second(1)));
        let open: Vec<_> = (0..100)
            .map(|n| callers.enter(IpAddr::from([192, 0, 2, n]), 0))
            .collect();
        assert_eq!(known(&callers), (100, 0));
        drop(open);
        assert_eq!(known(&callers), (3, 3));
    }
}
