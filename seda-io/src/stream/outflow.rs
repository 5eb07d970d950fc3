//! The sending half of a connection, shared by its source and whoever sends.
//!
//! It stands behind a lock that is held for a push or a count, never for a
//! system call.

use std::error::Error;
use std::fmt;
use std::mem;

use super::bounds::Limits;
use crate::buffer::WriteBuffer;

/// Gives bytes back that were not sent, and says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// What was to be sent; none of it was.
    pub bytes: Vec<u8>,
    /// Why it was not.
    pub reason: Unsendable,
}

/// Says why bytes were not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsendable {
    /// Too much is unsent already; [`Drained`](super::StreamEvent::Drained) tells
    /// when there is room again.
    Clogged,
    /// They are more than the high mark, and would never fit; send them in pieces.
    TooMany,
    /// This side has finished, whatever has become of the connection since.
    Finished,
    /// The connection has ended, and this side had not finished.
    Ended,
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes were not sent: ", self.bytes.len())?;
        f.write_str(match self.reason {
            Unsendable::Clogged => {
                "the peer is slow; wait for `Drained`, or make `high_mark_bytes` larger"
            }
            Unsendable::TooMany => "they are more than `high_mark_bytes`; send them in pieces",
            Unsendable::Finished => {
                "this side of the connection has finished; send before `finish`"
            }
            Unsendable::Ended => "the connection has ended; connect again",
        })
    }
}

impl Error for Unsent {}

/// Is what a stage has said about the future of a connection; it only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wish {
    /// It goes on.
    #[default]
    Flow,
    /// Nothing more will be sent.
    Finish,
    /// Nothing more will be sent, and nothing more is wanted.
    Close,
    /// It is to end at once.
    Abort,
}

/// Is what is to be sent, and what is wished, as senders leave it for the source.
#[derive(Debug)]
pub(super) struct Outflow {
    high_mark: usize,
    low_mark: usize,
    /// Accepted, and not yet taken by the source.
    queued: WriteBuffer,
    /// Bytes accepted and not yet written, taken ones included.
    unsent: usize,
    /// Bytes of the longest send that was refused since the last drained event; 0 if none.
    wanted: usize,
    wish: Wish,
    ended: bool,
}

impl Outflow {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self {
            high_mark: limits.high_mark_bytes,
            low_mark: limits.low_mark_bytes,
            queued: WriteBuffer::new(limits.high_mark_bytes),
            unsent: 0,
            wanted: 0,
            wish: Wish::Flow,
            ended: false,
        }
    }

    /// Accepts bytes to be sent behind all others, or gives them back.
    pub(super) fn offer(&mut self, bytes: Vec<u8>) -> Result<(), Unsent> {
        // Who has finished is told so, whether or not the peer has too by now.
        let reason = if self.wish >= Wish::Finish {
            Unsendable::Finished
        } else if self.ended {
            Unsendable::Ended
        } else if bytes.len() > self.high_mark {
            Unsendable::TooMany
        } else if self.unsent + bytes.len() > self.high_mark {
            self.wanted = self.wanted.max(bytes.len());
            Unsendable::Clogged
        } else {
            self.unsent += bytes.len();
            self.queued.push_owned(bytes);
            return Ok(());
        };
        Err(Unsent { bytes, reason })
    }

    /// Says what becomes of the connection; tells whether that is news.
    pub(super) fn wish(&mut self, wish: Wish) -> bool {
        let news = wish > self.wish && !self.ended;
        self.wish = self.wish.max(wish);
        news
    }

    pub(super) const fn wished(&self) -> Wish {
        self.wish
    }

    pub(super) const fn unsent(&self) -> usize {
        self.unsent
    }

    /// Tells whether so little is unsent that more may be read.
    pub(super) const fn is_low(&self) -> bool {
        self.unsent <= self.low_mark
    }

    pub(super) const fn has_ended(&self) -> bool {
        self.ended
    }

    /// Moves what was accepted behind what is being written.
    pub(super) fn take_into(&mut self, outgoing: &mut WriteBuffer) {
        outgoing.append(&mut self.queued);
    }

    /// Counts bytes that were written; tells whether a refused sender should
    /// hear that there is room for it again.
    pub(super) fn sent(&mut self, bytes: usize) -> bool {
        self.unsent = self.unsent.saturating_sub(bytes);
        let fits = self.unsent + self.wanted <= self.high_mark;
        let drained = self.wanted > 0 && self.is_low() && fits;
        if drained {
            self.wanted = 0;
        }
        drained
    }

    /// Accepts nothing more; returns how many accepted bytes are lost by that.
    pub(super) fn end(&mut self) -> usize {
        self.ended = true;
        self.queued.advance(usize::MAX);
        mem::take(&mut self.unsent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outflow() -> Outflow {
        Outflow::new(&Limits {
            high_mark_bytes: 10,
            low_mark_bytes: 4,
            ..Limits::default()
        })
    }

    fn reason(sent: Result<(), Unsent>) -> Unsendable {
        sent.unwrap_err().reason
    }

    #[test]
    fn what_is_accepted_never_exceeds_the_high_mark() {
        let mut outflow = outflow();
        assert_eq!(reason(outflow.offer(vec![0; 11])), Unsendable::TooMany);
        outflow.offer(vec![1; 10]).unwrap();
        let back = outflow.offer(vec![2; 1]).unwrap_err();
        assert_eq!((back.bytes, back.reason), (vec![2], Unsendable::Clogged));
        assert_eq!(outflow.unsent(), 10);
    }

    #[test]
    fn a_refused_sender_hears_of_room_once_and_only_if_its_bytes_fit() {
        let mut outflow = outflow();
        outflow.offer(vec![1; 10]).unwrap();
        assert!(!outflow.sent(1), "nobody was refused");
        assert_eq!(reason(outflow.offer(vec![2; 8])), Unsendable::Clogged);
        assert!(!outflow.sent(4), "5 are above the low mark");
        assert!(!outflow.sent(2), "3 are below it, but 8 more do not fit");
        assert!(outflow.sent(1));
        outflow.offer(vec![2; 8]).unwrap();
        assert!(!outflow.sent(8), "it has heard");
    }

    #[test]
    fn a_wish_only_grows_and_ends_the_sending() {
        let mut outflow = outflow();
        assert!(outflow.wish(Wish::Close) && !outflow.wish(Wish::Finish));
        assert_eq!(outflow.wished(), Wish::Close);
        assert_eq!(reason(outflow.offer(vec![1])), Unsendable::Finished);
        outflow.end();
        assert_eq!(reason(outflow.offer(vec![1])), Unsendable::Finished);
    }

    #[test]
    fn the_end_counts_what_was_accepted_in_vain() {
        let mut outflow = outflow();
        outflow.offer(vec![1; 7]).unwrap();
        outflow.sent(2);
        assert_eq!(outflow.end(), 5);
        assert_eq!(reason(outflow.offer(vec![1])), Unsendable::Ended);
        assert!(!outflow.wish(Wish::Close));
    }
}
