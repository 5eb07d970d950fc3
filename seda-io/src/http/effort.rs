//! A bound on what one turn does for peers that want much, so that the others wait little.

use std::mem;

/// Bytes, 256 KiB, that are moved in one turn for peers that want much. Where a
/// reader is slow, the kernel takes a millisecond and more to hold as many.
const TURN_BYTES: usize = 256 * 1024;
/// Bytes, 64 KiB, that a peer may write however many others want to.
const PIECE_BYTES: usize = 64 * 1024;

/// What is left of the effort of a turn, and who waits for that of the next.
#[derive(Debug)]
pub(super) struct Effort {
    left: usize,
    piece: usize,
    /// Peers that have got nothing in this turn.
    postponed: Vec<usize>,
}

impl Effort {
    pub(super) const fn new() -> Self {
        Self {
            left: TURN_BYTES,
            piece: TURN_BYTES,
            postponed: Vec::new(),
        }
    }

    /// Begins a turn: those who were postponed come before `others`, who were not.
    pub(super) fn begin(&mut self, others: &mut Vec<usize>) {
        self.left = TURN_BYTES;
        if !self.postponed.is_empty() {
            self.postponed.append(others);
            mem::swap(&mut self.postponed, others);
        }
    }

    /// Begins a pass over so many peers.
    pub(super) fn share(&mut self, peers: usize) {
        self.piece = (TURN_BYTES / peers.max(1)).max(PIECE_BYTES);
    }

    /// Gives how many bytes one peer may write in this pass.
    pub(super) const fn piece(&self) -> usize {
        self.piece
    }

    pub(super) const fn is_spent(&self) -> bool {
        self.left == 0
    }

    pub(super) const fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }

    /// Has a peer wait for the next turn.
    pub(super) fn postpone(&mut self, index: usize) {
        self.postponed.push(index);
    }

    /// Tells whether somebody waits for the next turn.
    pub(super) const fn owes(&self) -> bool {
        !self.postponed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{Effort, PIECE_BYTES, TURN_BYTES};

    #[test]
    fn who_was_postponed_comes_before_who_was_served() {
        let mut effort = Effort::new();
        effort.spend(TURN_BYTES + 1);
        assert!(effort.is_spent());
        effort.postpone(3);
        effort.postpone(4);
        assert!(effort.owes());
        let mut served = vec![1, 2];
        effort.begin(&mut served);
        assert_eq!(served, [3, 4, 1, 2]);
        assert!(!effort.owes() && !effort.is_spent());
    }

    #[test]
    fn one_peer_may_write_all_that_a_turn_is_worth_and_each_of_many_a_piece() {
        let mut effort = Effort::new();
        let mut piece = |peers| {
            effort.share(peers);
            effort.piece()
        };
        assert_eq!([piece(0), piece(1)], [TURN_BYTES; 2]);
        assert_eq!([piece(2), piece(1_000)], [TURN_BYTES / 2, PIECE_BYTES]);
    }
}
