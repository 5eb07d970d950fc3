//! One timer for each connection, which goes off at its deadline at the latest.

use std::time::Duration;

use crate::timer::{TimerKey, Timers};

/// How exactly deadlines are kept.
const RESOLUTION: Duration = Duration::from_millis(1);

/// The timer that is armed for a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alarm {
    key: TimerKey,
    /// Nanoseconds.
    at: u64,
}

/// Is the timers of one worker's connections.
#[derive(Debug)]
pub(super) struct Alarms(Timers);

impl Alarms {
    /// Makes room for as many timers as there may be connections.
    pub(super) fn new(connections_max: usize) -> Self {
        Self(Timers::new(0, RESOLUTION, connections_max.max(1)))
    }

    /// Sees that `alarm` goes off at `deadline` or before. One that goes off
    /// early is armed anew then, which is cheaper than at each event.
    pub(super) fn arm(&mut self, alarm: &mut Option<Alarm>, deadline: u64, index: usize) {
        match alarm {
            Some(alarm) if alarm.at <= deadline => return,
            _ => self.disarm(alarm),
        }
        let armed = self.0.arm(deadline, index as u64);
        *alarm = armed.ok().map(|key| Alarm { key, at: deadline });
    }

    pub(super) fn disarm(&mut self, alarm: &mut Option<Alarm>) {
        if let Some(alarm) = alarm.take() {
            self.0.cancel(alarm.key);
        }
    }

    /// Returns the connection of a timer that is due.
    pub(super) fn pop(&mut self, now: u64) -> Option<usize> {
        let index = self.0.pop(now)?;
        usize::try_from(index).ok()
    }

    /// Returns when to look again, in nanoseconds.
    pub(super) fn next_at(&self) -> Option<u64> {
        self.0.next_at()
    }
}
