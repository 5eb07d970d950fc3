//! Times that are over: of connections and of requests.

use super::{CALL, Dispatch, KINDS};
use crate::http::outbound::call::{CallError, CallTimeout};

impl<T: Send + 'static> Dispatch<T> {
    /// Ends what is over.
    pub(super) fn collect_due(&mut self, now: u64) {
        while let Some(index) = self.alarms.pop(now) {
            match (index / KINDS, index % KINDS) {
                (call, CALL) => self.expire_call(call),
                (line, _) => self.expire_line(line, now),
            }
        }
    }

    /// Sees that an alarm goes off at a line's deadline at the latest.
    pub(super) fn arm(&mut self, index: usize) {
        if let Some(line) = self.lines.get_mut(index) {
            let (deadline, _) = line.deadline(&self.terms.limits);
            if deadline < u64::MAX {
                self.alarms.arm(&mut line.alarm, deadline, index * KINDS);
            }
        }
    }

    fn expire_line(&mut self, index: usize, now: u64) {
        let Some(line) = self.lines.get_mut(index) else {
            return;
        };
        line.alarm = None;
        match line.deadline(&self.terms.limits) {
            (deadline, _) if deadline > now => self.arm(index),
            (_, None) => self.end(index),
            (_, Some(timeout)) => self.fail(index, CallError::TimedOut(timeout), now),
        }
    }

    fn expire_call(&mut self, index: usize) {
        let Some(call) = self.calls.get_mut(index) else {
            return;
        };
        call.alarm = None;
        match call.line {
            Some(line) => self.end(line),
            None => self.pool.give_up(call.site, index),
        }
        self.finish(Some(index), Err(CallError::TimedOut(CallTimeout::Whole)));
    }
}
