//! The bound of all bodies that arrive together.

use super::Traffic;

impl Traffic {
    /// Gives slow bodies up until the others have room; their peers are told in
    /// the next turn.
    pub(super) fn give_bodies_up(&mut self, now: u64) {
        while let Some(index) = self.gathering.take_excess(now) {
            if let Some(peer) = self.peers.get_mut(index) {
                self.desk.give_body_up(peer);
                self.list(index);
            }
        }
    }

    /// Says that nothing of a peer's body is there any more.
    pub(super) fn forget_body(&mut self, index: usize) {
        if !self.gathering.is_empty() {
            self.gathering.note(index, None, 0);
        }
    }
}
