//! The way of answers back to the worker that owns their connections.

use std::cell::RefCell;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::carrier::{Carrier, Seat};
use super::flow::flow_event::FlowEnd;
use super::flow::line::Line;
use super::headers::Headers;
use super::inflow::inflow_event::{InflowEvent, InflowFault};
use super::inflow::spring::Spring;
use super::limits::Limits;
use super::message::Response;
use super::tally::Tally;
use super::telling::Tells;
use crate::reactor::{Mailbox, Member, nudge};

/// An answer, or news of one that is streamed, and where it goes.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) seat: Seat,
    pub(super) part: Part,
}

/// The head of a streamed answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) response: Response,
    /// Bytes of the body, if that is known.
    pub(super) length: Option<u64>,
    /// What the body is sent by.
    pub(super) line: Arc<Line>,
}

/// The head of an answer behind which another protocol is spoken.
#[derive(Debug)]
pub(super) struct Switch {
    pub(super) headers: Headers,
    /// What the protocol is sent by.
    pub(super) line: Arc<Line>,
}

/// How much of an answer there is.
#[derive(Debug)]
pub(super) enum Part {
    /// All of it.
    Whole(Response),
    /// 101, and what follows is another protocol.
    Upgrade(Box<Switch>),
    /// Its head; in a place of its own, so that whole answers stay small.
    Head(Box<Head>),
    /// More of its body, or its end.
    More,
    /// Its request's body is wanted.
    Want(Arc<Spring>),
    /// The next piece of its request's body is wanted.
    Ask,
    /// The rest of its request's body is not.
    Leave,
}

/// Takes the answers for the connections of one worker, from any thread.
///
/// There are never more than a few for each exchange in flight, which each
/// connection bounds: a streamed answer calls once and then waits until it was
/// looked at, and a piece of a body is asked for when there is none.
#[derive(Debug)]
pub(super) struct Outbox {
    id: u64,
    /// Answers from other threads.
    mailbox: Mailbox<Answer>,
    tally: Arc<Tally>,
    pub(super) limits: Arc<Limits>,
}

thread_local! {
    /// Answers that this worker gives itself, by the number of the outbox.
    static LOCAL: RefCell<Vec<(u64, Vec<Answer>)>> = const { RefCell::new(Vec::new()) };
}

impl Outbox {
    /// Makes the outbox of a source on the current worker.
    pub(super) fn open(member: &Member, tally: Arc<Tally>, limits: Arc<Limits>) -> Arc<Self> {
        static OUTBOXES: AtomicU64 = AtomicU64::new(0);
        let id = OUTBOXES.fetch_add(1, Ordering::Relaxed);
        LOCAL.with_borrow_mut(|outboxes| outboxes.push((id, Vec::new())));
        Arc::new(Self {
            id,
            mailbox: Mailbox::new(member.bell()),
            tally,
            limits,
        })
    }

    /// Takes no more answers, and throws those away that wait; called on the
    /// worker that opened it.
    pub(super) fn close(&self) {
        let id = self.id;
        let mut waiting = Vec::new();
        let _ = LOCAL.try_with(|outboxes| {
            if let Ok(mut outboxes) = outboxes.try_borrow_mut() {
                let mine = outboxes.iter().position(|(of, _)| *of == id);
                waiting.extend(mine.map(|index| outboxes.swap_remove(index).1));
            }
        });
        waiting.push(self.mailbox.close());
        for answer in waiting.into_iter().flatten() {
            self.throw_away(answer);
        }
    }

    /// Takes an answer; throws it away when the source is gone.
    pub(super) fn put(&self, answer: Answer) {
        // It is large: lent, so that it is moved only to where it stays.
        let mut answer = Some(answer);
        if !self.put_locally(&mut answer)
            && let Some(answer) = answer
            && let Err(answer) = self.mailbox.post(answer)
        {
            self.throw_away(answer);
        }
    }

    /// Counts an answer for which there is no connection any more.
    pub(super) fn throw_away(&self, answer: Answer) {
        match answer.part {
            Part::Whole(_) => self.tally.late.add(1),
            Part::Head(head) => self.throw_line_away(&head.line),
            Part::Upgrade(switch) => self.throw_line_away(&switch.line),
            Part::Want(spring) => {
                spring.note(InflowEvent::Failed(spring.number(), InflowFault::Gone));
                spring.tell();
            }
            Part::More | Part::Ask | Part::Leave => {}
        }
    }

    fn throw_line_away(&self, line: &Line) {
        self.tally.late.add(1);
        line.end(FlowEnd::Gone);
        // There is no source any more that could tell it again.
        line.tell();
    }

    /// Takes an answer given on the source's own worker; tells whether it was.
    #[inline]
    fn put_locally(&self, answer: &mut Option<Answer>) -> bool {
        let put = LOCAL.try_with(|outboxes| {
            let mut outboxes = outboxes.try_borrow_mut().ok()?;
            let (_, mine) = outboxes.iter_mut().find(|(of, _)| *of == self.id)?;
            if mine.is_empty() {
                nudge();
            }
            mine.push(answer.take()?);
            Some(())
        });
        matches!(put, Ok(Some(())))
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

    /// Counts a request whose deadline has passed.
    pub(super) fn count_expired(&self) {
        self.tally.expired.add(1);
    }

    /// Counts a request whose duty was dropped.
    pub(super) fn count_abandoned(&self) {
        self.tally.abandoned.add(1);
    }
}

impl Carrier for Outbox {
    fn call(&self, seat: Seat) {
        let part = Part::More;
        self.put(Answer { seat, part });
    }

    fn want(&self, seat: Seat, spring: Arc<Spring>) {
        let part = Part::Want(spring);
        self.put(Answer { seat, part });
    }

    fn ask(&self, seat: Seat) {
        let part = Part::Ask;
        self.put(Answer { seat, part });
    }

    fn leave(&self, seat: Seat) {
        let part = Part::Leave;
        self.put(Answer { seat, part });
    }

    fn count_clogged(&self) {
        self.tally.flows.clogged.add(1);
    }
}
