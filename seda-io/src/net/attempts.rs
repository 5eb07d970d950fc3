//! The addresses of one peer, tried one after the other.
//!
//! That is slower than to try several at once (RFC 8305) where the first does
//! not answer, and opens no connection in vain.

use std::net::SocketAddr;

use super::names::Addresses;

/// Is the addresses of a peer that are left to try.
#[derive(Clone, Debug)]
pub(crate) struct Attempts {
    addresses: Addresses,
    port: u16,
    tried: usize,
    /// Nanoseconds: when one of them must have answered.
    until: u64,
}

impl Attempts {
    pub(crate) const fn new(addresses: Addresses, port: u16, until: u64) -> Self {
        Self {
            addresses,
            port,
            tried: 0,
            until,
        }
    }

    /// Gives the next address, and until when it must have answered. The time
    /// that is left is shared among the addresses that are left.
    pub(crate) fn next(&mut self, now: u64) -> Option<(SocketAddr, u64)> {
        let address = *self.addresses.get(self.tried)?;
        let left = (self.addresses.len() - self.tried) as u64;
        self.tried += 1;
        let share = self.until.saturating_sub(now) / left;
        Some((
            SocketAddr::new(address, self.port),
            now.saturating_add(share),
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_time_is_shared_among_the_addresses_that_are_left() {
        let all: Addresses =
            Arc::new(["::1", "192.0.2.1", "192.0.2.2"].map(|ip| ip.parse().unwrap()));
        let mut attempts = Attempts::new(all, 80, 1_000);
        let mut next = |now| {
            attempts
                .next(now)
                .map(|(at, until)| (at.to_string(), until))
        };
        assert_eq!(next(100), Some(("[::1]:80".to_owned(), 400)));
        assert_eq!(next(200), Some(("192.0.2.1:80".to_owned(), 600)));
        assert_eq!(next(1_100), Some(("192.0.2.2:80".to_owned(), 1_100)));
        assert_eq!(next(1_100), None);
    }
}
