//! How connections come about, and what follows when they fail.

use std::io;

use super::Dispatch;
use crate::http::outbound::call::{CallError, CallTimeout};
use crate::http::outbound::origin::Origin;
use crate::http::outbound::pool::Wants;
use crate::http::outbound::server_line::Line;
use crate::net::attempts::Attempts;
use crate::net::calls::Place;
use crate::net::names::{Addresses, NameError};
use crate::timer::nanoseconds;

impl<T: Send + 'static> Dispatch<T> {
    /// Begins a connection for a request; the pool has counted it in.
    pub(super) fn dial(
        &mut self,
        (site, call): (usize, usize),
        instead_of: Option<usize>,
        now: u64,
    ) {
        if let Some(idle) = instead_of {
            self.score.evicted.add(1);
            self.end(idle);
        }
        let Some(origin) = self.pool.origin(site).cloned() else {
            return;
        };
        self.score.dialled.add(1);
        let connect = nanoseconds(self.terms.limits.timeouts.connect);
        let until = now.saturating_add(connect);
        let number = self.serial;
        self.serial += 1;
        let index = self.lines.insert(Line::new(site, call, number, until));
        if let Some(call) = self.calls.get_mut(call) {
            call.line = Some(index);
        }
        match self.asker.ask(origin.host(), Place { index, number }, now) {
            Some(addresses) => self.found(index, addresses, now),
            None => self.arm(index),
        }
    }

    /// Goes on with a connection whose server's name was looked up.
    pub(super) fn found(
        &mut self,
        index: usize,
        addresses: Result<Addresses, NameError>,
        now: u64,
    ) {
        let Some(line) = self.lines.get_mut(index) else {
            return;
        };
        match addresses {
            Err(error) => self.fail(index, CallError::Unresolved(error), now),
            Ok(addresses) => {
                let (until, _) = line.deadline(&self.terms.limits);
                let port = self.pool.origin(line.site).map_or(0, Origin::port);
                line.attempts = Some(Attempts::new(addresses, port, until));
                self.fail(index, CallError::Unreachable(io::ErrorKind::NotFound), now);
            }
        }
    }

    /// Tries the next address of a connection's server; gives why there is no
    /// connection, if there is none left to try.
    fn try_next(&mut self, index: usize, mut error: CallError, now: u64) -> Option<CallError> {
        loop {
            let Some(line) = self.lines.get_mut(index) else {
                return Some(error);
            };
            let attempt = line.attempts.as_mut().and_then(|left| left.next(now));
            let (Some((address, until)), Some(origin)) = (attempt, self.pool.origin(line.site))
            else {
                return Some(error);
            };
            match self.terms.connect(origin, address, &self.member, index) {
                Ok(transport) => {
                    line.try_with(transport, until);
                    self.list(index);
                    return None;
                }
                Err(failed) => error = CallError::Unreachable(failed.kind()),
            }
        }
    }

    /// Goes on after a connection has failed: by the next address, by another
    /// connection, or with the news that there is no answer.
    pub(super) fn fail(&mut self, index: usize, error: CallError, now: u64) {
        let Some(line) = self.lines.get_mut(index) else {
            return;
        };
        if line.incoming().is_some() {
            return self.cut(index, error.of_body());
        }
        let elsewhere = matches!(
            error,
            CallError::Unreachable(_) | CallError::TimedOut(CallTimeout::Connect)
        );
        let error = if line.is_connecting() && elsewhere {
            let Some(error) = self.try_next(index, error, now) else {
                return;
            };
            error
        } else {
            error
        };
        let Some(line) = self.lines.get_mut(index) else {
            return;
        };
        let (stale, call) = (line.is_stale(&error), line.call.take());
        self.end(index);
        if let Some((index, call)) =
            call.and_then(|index| Some((index, self.calls.get_mut(index)?)))
            && stale
            && call.may_repeat()
        {
            call.retried = true;
            call.line = None;
            self.score.retried.add(1);
            return self.place(index, Wants::Fresh, now);
        }
        self.finish(call, Err(error));
    }
}
