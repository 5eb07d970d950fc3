//! A request that is sent as it is made, and an answer that is handed out as it comes.

use std::io::ErrorKind;
use std::mem;

use super::{Outcome, Talk};
use crate::http::flow::flow_event::FlowEnd;
use crate::http::outbound::budget::ClientLimits;
use crate::http::outbound::coming::Coming;
use crate::http::outbound::going::Going;
use crate::reactor::Ready;
use crate::transport::Transport;

/// Bytes, 256 KiB: written at once.
const WRITE_BYTES: usize = 256 * 1024;

impl Talk {
    /// Goes on with the body of an answer that is with its stage, and what is
    /// still to be sent of a request that has gone.
    pub(in crate::http::outbound) fn hand_out(&mut self, incoming: Coming, request_body: Vec<u8>) {
        self.incoming = Some(Box::new(incoming));
        if self.is_writing() {
            self.rest = request_body;
        }
    }

    /// Ends the state of that body.
    pub(in crate::http::outbound) fn take_incoming(&mut self) -> Option<Box<Coming>> {
        self.incoming.take()
    }

    /// Returns the body that is handed out as it comes.
    pub(in crate::http::outbound) fn incoming(&mut self) -> Option<&mut Coming> {
        self.incoming.as_deref_mut()
    }

    /// Has the next piece of it come. The time that the stages took is not the server's.
    pub(in crate::http::outbound) fn ask(&mut self, now: u64) {
        if let Some(incoming) = &mut self.incoming {
            self.since = self.since.saturating_add(incoming.ask(now));
        }
    }

    /// Has a request sent as it is made, whose head is there.
    pub(in crate::http::outbound) fn flow(&mut self, going: Box<Going>) {
        self.going = Some(going);
    }

    /// Returns the request that is sent as it is made.
    pub(in crate::http::outbound) fn going(&mut self) -> Option<&mut Going> {
        self.going.as_deref_mut()
    }

    /// Takes what was made of it; gives how it ends, if that was said.
    pub(in crate::http::outbound) fn pump(&mut self, now: u64) -> Option<FlowEnd> {
        let going = self.going.as_mut()?;
        let before = going.is_awaited();
        let end = going.pump();
        // The time that the stages took is not the server's.
        if before && !going.is_awaited() {
            self.wait_from(now);
        }
        end
    }

    /// Ends the state of that request.
    pub(in crate::http::outbound) fn take_going(&mut self) -> Option<Box<Going>> {
        self.going.take()
    }

    /// Writes as much as the socket takes of a request that is sent as it is made.
    pub(in crate::http::outbound) fn write_going(
        &mut self,
        transport: &mut Transport,
        ready: &mut Ready,
        (limits, now): (&ClientLimits, u64),
    ) {
        while let Some(going) = &mut self.going
            && ready.write
            && !going.output().is_empty()
        {
            match transport.send(going.output(), WRITE_BYTES) {
                Ok(count) => {
                    going.sent(count);
                    let all = going.output().is_empty();
                    self.moved(count, (limits, now));
                    if all {
                        self.wait_from(now);
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => ready.write = false,
                    ErrorKind::Interrupted => {}
                    // What the server has said before says more than this does.
                    _ => going.refuse(),
                },
            }
        }
    }

    /// Writes the rest of a request that has gone.
    pub(in crate::http::outbound) fn write_rest(
        &mut self,
        transport: &mut Transport,
        ready: &mut Ready,
        within: (&ClientLimits, u64),
    ) {
        let rest = mem::take(&mut self.rest);
        self.write(transport, ready, &rest, within);
        self.rest = rest;
    }

    /// Gives what has come of a body that is handed out, if anything has.
    pub(in crate::http::outbound) fn next_piece(&mut self, now: u64) -> Option<Outcome> {
        let incoming = self.incoming.as_mut()?;
        let whole = incoming.whole();
        if self.body.is_empty() && whole.is_none() {
            return None;
        }
        incoming.sate(now);
        let bytes = mem::take(&mut self.body);
        Some(match whole {
            None => Outcome::Piece(bytes),
            Some(progress) => Outcome::Over {
                bytes,
                trailers: self.reader.trailers(),
                afterwards: self.afterwards(progress),
            },
        })
    }
}
