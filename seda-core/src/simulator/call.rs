//! What a simulated client asks, and how the answer finds it.

use std::fmt;
use std::mem;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::clock::Tick;
use crate::meta::Class;

/// Is one attempt of a simulated client to get an answer: an event that its
/// handler ends with [`answer`](Self::answer). The client hears of it too when
/// it is dropped, as one that has expired.
pub struct Call {
    asked: Tick,
    line: Line,
    /// None once the client knows what became of it.
    answers: Option<Arc<Answers>>,
}

/// Names an attempt: the client's place, and which of its attempts it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) place: u32,
    pub(super) serial: u32,
}

/// Says what a client got in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer.
    Answered,
    /// A refusal.
    Rejected,
    /// Word that the event was let in and given up: it expired, or its handler failed.
    Lost,
    /// Nothing, until it gave up.
    TimedOut,
}

/// Is one request of a client, with what became of it.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// The client, from 0; in an open loop, a place that others take after it.
    pub client: u32,
    /// Its class.
    pub class: Class,
    /// When it first asked.
    pub asked: Tick,
    /// When it last asked: the attempt that decided.
    pub sent: Tick,
    /// When it knew.
    pub at: Tick,
    /// How often it asked.
    pub attempts: u32,
    /// What it got.
    pub outcome: Outcome,
}

/// Is what was heard of attempts and not yet taken in.
#[derive(Debug, Default)]
pub(super) struct Answers(Mutex<Vec<(Line, Outcome)>>);

impl Call {
    pub(super) const fn new(asked: Tick, line: Line, answers: Arc<Answers>) -> Self {
        Self {
            asked,
            line,
            answers: Some(answers),
        }
    }

    /// Tells when the client first asked.
    pub const fn asked(&self) -> Tick {
        self.asked
    }

    /// Answers; the client takes it unless it has given up.
    pub fn answer(mut self) {
        self.tell(Outcome::Answered);
    }

    /// Ends it without a word, for a client that knows already.
    pub(super) fn forget(mut self) {
        self.answers = None;
    }

    fn tell(&mut self, outcome: Outcome) {
        if let Some(answers) = self.answers.take() {
            answers.0.lock().push((self.line, outcome));
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.tell(Outcome::Lost);
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("asked", &self.asked)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

impl Answers {
    /// Exchanges what was heard for an empty list.
    pub(super) fn take(&self, empty: &mut Vec<(Line, Outcome)>) {
        mem::swap(&mut *self.0.lock(), empty);
    }
}
