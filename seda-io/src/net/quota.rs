//! How many connections there may be, on all workers together.

use std::sync::atomic::{AtomicUsize, Ordering};

use seda_core::{OverloadAction, Pressure};

/// Connections, 1/8 of the limit: so many must end before more are accepted again.
const HYSTERESIS: usize = 8;

/// Counts connections against their limit.
#[derive(Debug)]
pub(crate) struct Quota {
    open: AtomicUsize,
    max: usize,
    /// Whether more are welcome at all.
    pressure: Pressure,
}

impl Quota {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            open: AtomicUsize::new(0),
            max: max.max(1),
            pressure: Pressure::default(),
        }
    }

    /// Has nobody take a place while the graph is too pressed for more.
    pub(crate) fn under(mut self, pressure: Pressure) -> Self {
        self.pressure = pressure;
        self
    }

    /// Tells whether an overload manager has closed the entrance.
    pub(crate) fn is_closed(&self) -> bool {
        self.pressure.calls_for(OverloadAction::CloseAccept)
    }

    /// Tells the limit.
    pub(crate) const fn max(&self) -> usize {
        self.max
    }

    /// Takes the place of one connection, if there is one.
    pub(crate) fn take(&self) -> bool {
        if self.is_closed() {
            return false;
        }
        let more = |open: usize| (open < self.max).then_some(open + 1);
        let took = self
            .open
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, more);
        took.is_ok()
    }

    /// Gives the place of a connection back.
    pub(crate) fn give(&self) {
        self.open.fetch_sub(1, Ordering::AcqRel);
    }

    /// Tells whether enough connections have ended to begin accepting again.
    pub(crate) fn is_low(&self) -> bool {
        let low = self.max - (self.max / HYSTERESIS).max(1);
        !self.is_closed() && self.open.load(Ordering::Acquire) <= low
    }
}

#[cfg(test)]
mod tests {
    use super::Quota;

    #[test]
    fn more_is_accepted_only_when_some_have_ended() {
        let quota = Quota::new(16);
        assert_eq!((0..20).filter(|_| quota.take()).count(), 16);
        quota.give();
        assert!(!quota.is_low());
        quota.give();
        assert!(quota.is_low());
    }

    #[test]
    fn a_limit_of_one_opens_again() {
        let quota = Quota::new(1);
        assert!(quota.is_low() && quota.take() && !quota.is_low());
        quota.give();
        assert!(quota.is_low());
    }
}
