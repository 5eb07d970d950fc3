//! The deadlines of peers: each has one timer at most.

use super::Traffic;
use crate::http::peer::Alarm;

impl Traffic {
    /// Has the peers take part in this turn whose time is over.
    pub(super) fn collect_due(&mut self, now: u64) {
        while let Some(token) = self.timers.pop(now) {
            let Ok(index) = usize::try_from(token) else {
                continue;
            };
            if let Some(peer) = self.peers.get_mut(index) {
                peer.alarm = None;
                self.desk.note_deadline(peer);
                self.list(index);
            }
        }
    }

    /// Sees that a timer goes off at a peer's deadline at the latest. One that
    /// goes off early is armed anew then, which is cheaper than at each request.
    pub(super) fn arm(&mut self, index: usize) {
        let Some(peer) = self.peers.get_mut(index) else {
            return;
        };
        let Some(deadline) = peer.connection.deadline() else {
            return;
        };
        match peer.alarm {
            Some(alarm) if alarm.at <= deadline.at => return,
            Some(alarm) => {
                self.timers.cancel(alarm.key);
            }
            None => {}
        }
        let at = deadline.at;
        let armed = self.timers.arm(at, index as u64);
        // There are as many timers as connections.
        peer.alarm = armed.ok().map(|key| Alarm { key, at });
    }
}
