//! When to look next, for what decides by so many events or so much time.

use std::time::Duration;

use crate::control::law::{float, per_second};

/// How soon the first bound is set: until then nothing is bounded.
const FIRST: Duration = Duration::from_millis(1);
/// Looking more often than this would cost more than it tells.
const SHORTEST: Duration = Duration::from_millis(5);

/// A window is at most this many times as long as the one before, so that a
/// short one in which little came tells little.
const GROWTH_MAX: u32 = 10;

/// Times samples so that each covers so many events, as the last one had them
/// come, or so much time where they are few.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    events: u64,
    time: Duration,
    next: Duration,
}

impl Window {
    pub(super) const fn new(events: u64, time: Duration) -> Self {
        Self {
            events,
            time,
            next: FIRST,
        }
    }

    /// Tells how long the next window is.
    pub(super) const fn period(&self) -> Duration {
        self.next
    }

    /// Makes the next window as long as the last shows it must be.
    pub(super) fn pass(&mut self, events: u64, took: Duration) {
        let seconds = float(self.events) / per_second(events, took);
        let wanted = Duration::try_from_secs_f64(seconds).unwrap_or(self.time);
        let most = self.time.min(self.next * GROWTH_MAX).max(SHORTEST);
        self.next = wanted.clamp(SHORTEST, most);
    }
}

#[cfg(test)]
mod tests {
    use super::Window;
    use std::time::Duration;

    #[test]
    fn a_window_is_as_long_as_its_events_take_to_come() {
        let second = Duration::from_secs(1);
        let mut window = Window::new(100, second);
        assert_eq!(window.period().as_millis(), 1);
        for (events, millis) in [
            (0, 10),
            (10, 100),
            (99, 1_000),
            (1_000, 100),
            (1_000_000, 5),
        ] {
            window.pass(events, second);
            assert_eq!(window.period().as_millis(), millis, "{events} a second");
        }
        window.pass(0, Duration::ZERO);
        assert_eq!(window.period().as_millis(), 50);
    }
}
