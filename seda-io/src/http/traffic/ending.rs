//! The end of a server: what is in flight is answered, nothing new is taken.

use std::time::Duration;

use super::{Ending, Traffic};
use crate::http::flow::flow_event::FlowEnd;
use crate::http::peer::Peer;
use crate::timer::nanoseconds;

/// How long a drain waits for requests that have begun to arrive, for peers to
/// read a last answer, and for the next piece of a streamed one.
const GRACE: Duration = Duration::from_secs(1);

impl Traffic {
    /// Goes on with the end, once it has been asked for.
    pub(super) fn end(&mut self, now: u64) {
        let next = now.saturating_add(nanoseconds(GRACE));
        match self.ending {
            Ending::Asked => {
                // Who has connected already is not turned away without a look.
                self.entrance.expect_all();
                self.accept(now);
                self.entrance.shut();
                self.ending = Ending::Near {
                    grace: next,
                    over: false,
                };
                self.retire_all();
            }
            Ending::Near { grace, .. } if grace <= now => {
                self.ending = Ending::Near {
                    grace: next,
                    over: true,
                };
                self.cut_quiet();
                self.remove_idle();
            }
            Ending::Near { over: true, .. } => self.remove_idle(),
            Ending::Far | Ending::Near { .. } => {}
        }
    }

    /// Asks every connection to end behind the request that is in hand, or on its way.
    fn retire_all(&mut self) {
        self.desk.untold.note_ending();
        let indices: Vec<usize> = self.peers.iter().map(|(index, _)| index).collect();
        for index in indices {
            if let Some(peer) = self.peers.get_mut(index) {
                peer.connection.retire();
                self.desk.note_ending(peer);
                peer.try_again();
                self.list(index);
            }
        }
    }

    /// Cuts the streamed answers off of which nothing was sent for a grace.
    fn cut_quiet(&mut self) {
        let quiet = |peer: &Peer| peer.flows.as_ref().is_some_and(|flows| flows.is_quiet());
        let peers = self.peers.iter().filter(|(_, peer)| quiet(peer));
        let indices: Vec<usize> = peers.map(|(index, _)| index).collect();
        for index in indices {
            if let Some(peer) = self.peers.get_mut(index) {
                self.desk.end_flows(peer, FlowEnd::Cut);
                peer.break_flow();
                self.list(index);
            }
        }
    }

    /// Ends the connections that owe nothing.
    fn remove_idle(&mut self) {
        let idle = |peer: &Peer| !peer.connection.owes_answer() && !peer.connection.has_output();
        let peers = self.peers.iter().filter(|(_, peer)| idle(peer));
        let indices: Vec<usize> = peers.map(|(index, _)| index).collect();
        for index in indices {
            self.remove(index);
        }
    }
}
