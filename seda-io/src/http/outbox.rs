//! The way of answers back to the worker that owns their connections.

use std::cell::RefCell;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::dues::Turn;
use super::message::Response;
use super::tally::Tally;
use crate::reactor::{Mailbox, Member, nudge};

/// Names one exchange of one connection of one worker's server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    /// Where it stands; reused when the connection has ended.
    pub(super) index: usize,
    /// Never reused.
    pub(super) serial: u64,
    pub(super) turn: Turn,
}

/// An answer and where it goes.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) seat: Seat,
    pub(super) response: Response,
}

/// Takes the answers for the connections of one worker, from any thread.
///
/// There are never more of them than exchanges in flight, which each connection bounds.
#[derive(Debug)]
pub(super) struct Outbox {
    id: u64,
    /// Answers from other threads.
    mailbox: Mailbox<Answer>,
    tally: Arc<Tally>,
}

thread_local! {
    /// Answers that this worker gives itself, by the number of the outbox.
    static LOCAL: RefCell<Vec<(u64, Vec<Answer>)>> = const { RefCell::new(Vec::new()) };
}

impl Outbox {
    /// Makes the outbox of a source on the current worker.
    pub(super) fn open(member: &Member, tally: Arc<Tally>) -> Arc<Self> {
        static OUTBOXES: AtomicU64 = AtomicU64::new(0);
        let id = OUTBOXES.fetch_add(1, Ordering::Relaxed);
        LOCAL.with_borrow_mut(|outboxes| outboxes.push((id, Vec::new())));
        Arc::new(Self {
            id,
            mailbox: Mailbox::new(member.bell()),
            tally,
        })
    }

    /// Takes no more answers; called on the worker that opened it.
    pub(super) fn close(&self) {
        let id = self.id;
        let _ = LOCAL.try_with(|outboxes| {
            if let Ok(mut outboxes) = outboxes.try_borrow_mut() {
                outboxes.retain(|(of, _)| *of != id);
            }
        });
        self.mailbox.close();
    }

    /// Takes an answer; throws it away when the source is gone.
    pub(super) fn put(&self, answer: Answer) {
        if let Some(answer) = self.put_locally(answer)
            && self.mailbox.post(answer).is_err()
        {
            self.tally.late.add(1);
        }
    }

    /// Takes an answer given on the source's own worker; gives others back.
    fn put_locally(&self, answer: Answer) -> Option<Answer> {
        let mut answer = Some(answer);
        let _ = LOCAL.try_with(|outboxes| {
            let mut outboxes = outboxes.try_borrow_mut().ok()?;
            let (_, mine) = outboxes.iter_mut().find(|(of, _)| *of == self.id)?;
            if mine.is_empty() {
                nudge();
            }
            mine.extend(answer.take());
            Some(())
        });
        answer
    }

    /// Moves all answers into `answers`, which is empty.
    pub(super) fn take(&self, answers: &mut Vec<Answer>) {
        LOCAL.with_borrow_mut(|outboxes| {
            let mine = outboxes.iter_mut().find(|(of, _)| *of == self.id);
            if let Some((_, mine)) = mine {
                mem::swap(mine, answers);
            }
        });
        answers.extend(self.mailbox.take());
    }

    /// Counts a request whose duty was dropped.
    pub(super) fn count_abandoned(&self) {
        self.tally.abandoned.add(1);
    }
}
