//! One timer for each connection or request, which goes off at its deadline at the latest.

use std::time::Duration;

use crate::timer::{TimerKey, Timers};

/// How exactly deadlines are kept.
const RESOLUTION: Duration = Duration::from_millis(1);

/// The timer that is armed for one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alarm {
    key: TimerKey,
    /// Nanoseconds.
    at: u64,
}

/// Is the timers of one worker's source.
#[derive(Debug)]
pub(crate) struct Alarms(Timers);

impl Alarms {
    /// Makes room for as many timers as may be needed.
    pub(crate) fn new(count_max: usize) -> Self {
        Self(Timers::new(0, RESOLUTION, count_max.max(1)))
    }

    /// Sees that `alarm` goes off at `deadline` or before. One that goes off
    /// early is armed anew then, which is cheaper than at each event.
    pub(crate) fn arm(&mut self, alarm: &mut Option<Alarm>, deadline: u64, index: usize) {
        match alarm {
            Some(alarm) if alarm.at <= deadline => return,
            _ => self.disarm(alarm),
        }
        let armed = self.0.arm(deadline, index as u64);
        *alarm = armed.ok().map(|key| Alarm { key, at: deadline });
    }

    pub(crate) fn disarm(&mut self, alarm: &mut Option<Alarm>) {
        if let Some(alarm) = alarm.take() {
            self.0.cancel(alarm.key);
        }
    }

    /// Returns the index that a timer which is due was armed for.
    pub(crate) fn pop(&mut self, now: u64) -> Option<usize> {
        let index = self.0.pop(now)?;
        usize::try_from(index).ok()
    }

    /// Returns when to look again, in nanoseconds.
    pub(crate) fn next_at(&self) -> Option<u64> {
        self.0.next_at()
    }
}
