//! When to look next, for what decides by so many events or so much time.

use std::time::Duration;

use crate::law::{float, per_second};

/// How soon the first bound is set: until then nothing is bounded.
const FIRST: Duration = Duration::from_millis(1);
/// Looking more often than this would cost more than it tells.
const SHORTEST: Duration = Duration::from_millis(5);

/// A cautious window is at most this many times as long as the one before.
const GROWTH_CAUTIOUS: u32 = 10;

/// Times samples so that each covers so many events, as the last one had them
/// come, or so much time where they are few.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    events: u64,
    time: Duration,
    next: Duration,
    growth: u32,
}

impl Window {
    pub(super) const fn new(events: u64, time: Duration) -> Self {
        Self {
            events,
            time,
            next: FIRST,
            growth: u32::MAX,
        }
    }

    /// Has it grow in steps, for those that let everything in until it has told
    /// something: a first look in which little came tells little.
    pub(super) const fn cautious(mut self) -> Self {
        self.growth = GROWTH_CAUTIOUS;
        self
    }

    /// Tells how long the next window is.
    pub(super) const fn period(&self) -> Duration {
        self.next
    }

    /// Makes the next window as long as the last shows it must be.
    pub(super) fn pass(&mut self, events: u64, took: Duration) {
        let seconds = float(self.events) / per_second(events, took);
        let wanted = Duration::try_from_secs_f64(seconds).unwrap_or(self.time);
        let most = self.next.saturating_mul(self.growth).max(SHORTEST);
        self.next = wanted.clamp(SHORTEST, self.time.min(most));
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
        for (events, millis) in [(0, 1_000), (10, 1_000), (1_000, 100), (1_000_000, 5)] {
            window.pass(events, second);
            assert_eq!(window.period().as_millis(), millis, "{events} a second");
        }
        window.pass(0, Duration::ZERO);
        assert_eq!(window.period(), second);
    }

    #[test]
    fn a_cautious_window_grows_in_steps() {
        let mut window = Window::new(100, Duration::from_secs(1)).cautious();
        let mut after = |events| {
            window.pass(events, window.period());
            window.period().as_millis()
        };
        assert_eq!(
            [after(0), after(0), after(1), after(0)],
            [10, 100, 1_000, 1_000]
        );
    }
}
