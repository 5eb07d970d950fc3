//! What the policies share that bound events in flight.

use std::time::Duration;

use crate::control::{Decision, Sample};

/// Counts the events that wait or are in hand.
pub(crate) const fn in_flight(sample: &Sample) -> u64 {
    sample.queued.saturating_add(sample.in_hand)
}

/// Is the bound on events in flight that was decided last.
#[derive(Debug, Default)]
pub(crate) struct Bound(Option<usize>);

impl Bound {
    /// Gives the period until the next sample: none until there is a bound, so
    /// that nothing is unbounded at the start.
    pub(crate) fn period(&self, then: Duration) -> Duration {
        self.0.map_or(Duration::ZERO, |_| then)
    }

    /// Decides on the first bound, when there was none.
    pub(crate) fn begin(&mut self, most: usize) -> Decision {
        match self.0 {
            Some(_) => Decision::none(),
            None => self.set(most, || "to begin with".into()),
        }
    }

    /// Decides on a bound, when it is another one than before.
    pub(crate) fn set(&mut self, most: usize, why: impl FnOnce() -> String) -> Decision {
        let old = self.0.replace(most);
        let reason = match old {
            Some(old) if old == most => return Decision::none(),
            Some(old) => format!("{}: limit {old} -> {most}", why()),
            None => format!("{}: limit {most}", why()),
        };
        Decision {
            in_flight: Some(most),
            reason,
            ..Decision::none()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Bound;
    use crate::control::Decision;

    #[test]
    fn a_bound_is_said_when_it_changes() {
        let mut bound = Bound::default();
        assert_eq!(bound.begin(20).in_flight, Some(20));
        assert_eq!(bound.begin(20), Decision::none());
        let mut set = |most| bound.set(most, || "so".into()).reason;
        assert_eq!([20, 18, 18].map(&mut set), ["", "so: limit 20 -> 18", ""]);
    }
}
