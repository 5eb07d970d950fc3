//! The answers that one connection owes, in the order of their requests.

use std::collections::VecDeque;

use super::message::Response;
use super::owed::Owed;

/// Names one exchange of a connection, so that its answer finds its place.
///
/// Answers may be given in any order; they are written in that of the requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Turn(u32);

/// One answer that is due, or waits for those before it.
#[derive(Debug)]
struct Due {
    owed: Owed,
    answer: Option<Response>,
}

/// The answers that are due.
///
/// Without pipelining there is one at most, and it takes no memory of its own.
#[derive(Debug)]
pub(super) struct Dues {
    /// The turn of the oldest.
    first: u32,
    oldest: Option<Due>,
    behind: VecDeque<Due>,
}

impl Dues {
    pub(super) const fn new() -> Self {
        Self {
            first: 0,
            oldest: None,
            behind: VecDeque::new(),
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.oldest.is_none()
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.oldest.is_some()) + self.behind.len()
    }

    /// Tells whether nothing may be handled before what is due is answered.
    pub(super) fn is_exclusive(&self) -> bool {
        self.oldest.as_ref().is_some_and(|due| !due.owed.safe)
    }

    pub(super) fn push(&mut self, owed: Owed) {
        let due = Due { owed, answer: None };
        if self.oldest.is_none() {
            self.oldest = Some(due);
        } else {
            self.behind.push_back(due);
        }
    }

    /// Gives the turn of the one that was pushed last.
    pub(super) fn latest(&self) -> Turn {
        let len = u32::try_from(self.len()).unwrap_or(u32::MAX);
        Turn(self.first.wrapping_add(len).wrapping_sub(1))
    }

    /// Gives the turn of the oldest one without an answer.
    pub(super) fn unanswered(&self) -> Option<Turn> {
        let mut all = self.oldest.iter().chain(&self.behind);
        let index = all.position(|due| due.answer.is_none())?;
        let index = u32::try_from(index).ok()?;
        Some(Turn(self.first.wrapping_add(index)))
    }

    /// Takes an answer; gives it back when none is due at that turn.
    pub(super) fn put(&mut self, turn: Turn, response: Response) -> Result<(), Response> {
        let due = match turn.0.wrapping_sub(self.first) {
            0 => self.oldest.as_mut(),
            index => usize::try_from(index)
                .ok()
                .and_then(|index| self.behind.get_mut(index - 1)),
        };
        match due {
            Some(due) if due.answer.is_none() => {
                due.answer = Some(response);
                Ok(())
            }
            _ => Err(response),
        }
    }

    /// Takes the oldest out, once it has its answer.
    pub(super) fn pop(&mut self) -> Option<(Owed, Response)> {
        let Due { owed, answer } = self.oldest.take_if(|due| due.answer.is_some())?;
        self.first = self.first.wrapping_add(1);
        self.oldest = self.behind.pop_front();
        if self.oldest.is_none() {
            // A connection at rest keeps no memory.
            self.behind = VecDeque::new();
        }
        answer.map(|answer| (owed, answer))
    }

    /// Forgets all that is due; answers that come for it are given back.
    pub(super) fn forget(&mut self) {
        let len = u32::try_from(self.len()).unwrap_or(u32::MAX);
        self.first = self.first.wrapping_add(len);
        self.oldest = None;
        self.behind = VecDeque::new();
    }
}
