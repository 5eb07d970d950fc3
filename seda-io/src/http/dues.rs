//! The answers that one connection owes, in the order of their requests.

use std::collections::VecDeque;

use super::message::Response;
use super::owed::{Company, Owed};

/// Names one exchange of a connection, so that its answer finds its place.
///
/// Answers may be given in any order; they are written in that of the requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Turn(u32);

impl Turn {
    /// Names the only exchange there is.
    pub(super) const ONLY: Self = Self(0);
}

/// An answer that is due behind another, or waits for it.
#[derive(Debug)]
struct Due {
    owed: Owed,
    answer: Option<Response>,
}

/// The answers that are due.
///
/// The oldest is not kept when it comes, but leaves at once. Without pipelining
/// there is no other, and no memory is taken for any.
#[derive(Debug)]
pub(super) struct Dues {
    /// The turn of the oldest.
    first: u32,
    oldest: Option<Owed>,
    behind: VecDeque<Due>,
    /// The body of the answer before flows: none leaves, and all are behind.
    held: bool,
}

impl Dues {
    pub(super) const fn new() -> Self {
        Self {
            first: 0,
            oldest: None,
            behind: VecDeque::new(),
            held: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.oldest.is_some()) + self.behind.len()
    }

    /// Tells whether nothing may be handled before what is due is answered.
    pub(super) fn is_exclusive(&self) -> bool {
        self.oldest.is_some_and(Owed::is_exclusive)
    }

    pub(super) fn push(&mut self, owed: Owed) {
        if self.is_empty() && !self.held {
            self.oldest = Some(owed);
        } else {
            self.behind.push_back(Due { owed, answer: None });
        }
    }

    /// Gives the turn of the one that was pushed last.
    pub(super) fn latest(&self) -> Turn {
        let len = u32::try_from(self.len()).unwrap_or(u32::MAX);
        Turn(self.first.wrapping_add(len).wrapping_sub(1))
    }

    /// Gives the turn of the oldest one without an answer.
    pub(super) fn unanswered(&self) -> Option<Turn> {
        // The oldest has none as long as it is here.
        if self.oldest.is_some() {
            return Some(Turn(self.first));
        }
        let index = self.behind.iter().position(|due| due.answer.is_none())?;
        let index = u32::try_from(index).ok()?;
        Some(Turn(self.first.wrapping_add(index)))
    }

    /// Tells whether the one of that turn is due, and may be answered by another protocol.
    pub(super) fn may_upgrade(&self, turn: Turn) -> bool {
        let may = |owed: Owed| owed.company == Company::Upgrade;
        turn.0 == self.first && self.oldest.is_some_and(may)
    }

    /// Takes the one of that turn out, for another protocol.
    pub(super) fn upgrade(&mut self, turn: Turn) -> Option<Owed> {
        if !self.may_upgrade(turn) {
            return None;
        }
        self.first = self.first.wrapping_add(1);
        self.oldest.take()
    }

    /// Takes an answer. Gives it out when it is that of the oldest, and those
    /// behind it by [`pop`](Self::pop); gives it back when none is due at that turn.
    pub(super) fn put(
        &mut self,
        turn: Turn,
        response: Response,
    ) -> Result<Option<(Turn, Owed, Response)>, Response> {
        let index = turn.0.wrapping_sub(self.first) as usize;
        let before = usize::from(self.oldest.is_some());
        if index == 0
            && let Some(owed) = self.oldest.take()
        {
            self.first = self.first.wrapping_add(1);
            return Ok(Some((turn, owed, response)));
        }
        let due = index.checked_sub(before);
        match due.and_then(|index| self.behind.get_mut(index)) {
            Some(due) if due.answer.is_none() => {
                due.answer = Some(response);
                Ok(None)
            }
            _ => Err(response),
        }
    }

    /// Has the next one be the oldest; takes it out if it has its answer.
    pub(super) fn pop(&mut self) -> Option<(Turn, Owed, Response)> {
        if self.oldest.is_some() || self.held {
            return None;
        }
        let Some(Due { owed, answer }) = self.behind.pop_front() else {
            // A connection at rest keeps no memory.
            self.behind = VecDeque::new();
            return None;
        };
        if answer.is_none() {
            self.oldest = Some(owed);
            return None;
        }
        let turn = Turn(self.first);
        self.first = self.first.wrapping_add(1);
        answer.map(|answer| (turn, owed, answer))
    }

    /// Holds all back that are due, as the body of the answer before them flows.
    pub(super) const fn hold(&mut self) {
        self.held = true;
    }

    /// Lets them go again.
    pub(super) const fn release(&mut self) {
        self.held = false;
    }

    /// Forgets all that is due; answers that come for it are given back.
    pub(super) fn forget(&mut self) {
        let len = u32::try_from(self.len()).unwrap_or(u32::MAX);
        self.first = self.first.wrapping_add(len);
        self.oldest = None;
        self.behind = VecDeque::new();
    }
}
