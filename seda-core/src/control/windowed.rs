//! What the limits of Netflix are told: averages of windows.
//!
//! Source: `WindowedLimit` of Netflix's concurrency-limits, which they are
//! wrapped in there. Left out is that times below 0.1 ms are ignored: stages
//! have such.

use std::time::Duration;

use crate::clock::Tick;
use crate::control::Sample;
use crate::control::in_flight::in_flight;
use crate::law::float;

/// How often the controllers look; the most in flight at one of these moments
/// counts as the most of the window.
pub(crate) const PERIOD: Duration = Duration::from_millis(20);
/// How long a window is at least: the shortest that the original allows; its
/// default is 1 s.
const WINDOW: Duration = Duration::from_millis(100);
/// Fewer events than this are no window.
const EVENTS_MIN: u64 = 10;

/// Is what there was to see in a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Seen {
    /// How long events took, on average, in seconds; above zero.
    pub(crate) took: f64,
    /// The most events that were in flight.
    pub(crate) in_flight: f64,
    /// Events that expired.
    pub(crate) drops: u64,
}

impl Seen {
    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs_f64(self.took)
    }
}

/// Collects samples until they are a window.
#[derive(Debug, Default)]
pub(crate) struct Windowed {
    begun: Tick,
    events: u64,
    /// What they took together, in seconds.
    took: f64,
    in_flight: u64,
    /// Totals when the window began.
    rejected: u64,
    expired: u64,
}

impl Windowed {
    /// Takes a sample in; gives what was seen when a window ends with it.
    pub(crate) fn add(&mut self, now: Tick, sample: &Sample, limit: f64) -> Option<Seen> {
        let sojourns = sample.sojourns;
        self.events += sojourns.count;
        self.took += sojourns.mean.as_secs_f64() * float(sojourns.count);
        self.in_flight = self.in_flight.max(in_flight(sample));
        if now.since(self.begun) < WINDOW || self.events < EVENTS_MIN {
            return None;
        }
        // Who is refused found the limit reached, whatever was seen between.
        let refused = sample.rejected > self.rejected;
        let least = if refused { limit } else { 0.0 };
        let seen = Seen {
            took: (self.took / float(self.events)).max(1e-9),
            in_flight: float(self.in_flight).max(least),
            drops: sample.expired.saturating_sub(self.expired),
        };
        *self = Self {
            begun: now,
            rejected: sample.rejected,
            expired: sample.expired,
            ..Self::default()
        };
        Some(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::Windowed;
    use crate::clock::Tick;
    use crate::control::Sample;
    use crate::stats::histogram::Times;
    use std::time::Duration;

    fn at(millis: u64) -> Tick {
        Tick::ZERO.after(Duration::from_millis(millis))
    }

    fn sample(events: u64, millis: u64) -> Sample {
        Sample {
            sojourns: Times {
                count: events,
                mean: Duration::from_millis(millis),
                ..Times::default()
            },
            ..Sample::default()
        }
    }

    #[test]
    fn a_window_has_a_length_and_some_events() {
        let mut windowed = Windowed::default();
        assert_eq!(windowed.add(at(90), &sample(30, 1), 20.0), None);
        let seen = windowed.add(at(100), &sample(10, 5), 20.0).unwrap();
        assert!((seen.took - 0.002).abs() < 1e-9, "{seen:?}");
        assert_eq!(windowed.add(at(200), &sample(9, 1), 20.0), None);
        let seen = windowed.add(at(210), &sample(1, 1), 20.0).unwrap();
        assert!((seen.took - 0.001).abs() < 1e-9, "{seen:?}");
    }

    #[test]
    fn the_most_in_flight_is_seen_or_known_from_refusals() {
        let mut windowed = Windowed::default();
        let busy = Sample {
            queued: 5,
            in_hand: 2,
            expired: 3,
            ..sample(10, 1)
        };
        windowed.add(at(50), &busy, 20.0);
        let later = Sample {
            expired: 4,
            ..sample(0, 0)
        };
        let seen = windowed.add(at(100), &later, 20.0).unwrap();
        assert!((seen.in_flight - 7.0).abs() < 1e-9 && seen.drops == 4);
        let refused = Sample {
            rejected: 1,
            ..later
        };
        windowed.add(at(150), &busy, 20.0);
        let seen = windowed.add(at(200), &refused, 20.0).unwrap();
        assert!((seen.in_flight - 20.0).abs() < 1e-9 && seen.drops == 0);
    }
}
