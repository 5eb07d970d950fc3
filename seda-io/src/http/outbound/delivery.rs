//! The way of answers to their stage.

use std::collections::VecDeque;
use std::sync::Arc;

use seda_core::{Meta, Reason, Sink, Tick};

use super::call::{Answered, Call, CallError};
use super::score::Score;
use super::terms::Terms;
use crate::http::inflow::Inflow;
use crate::http::message::Response;

/// Tells the stage what has become of requests.
#[derive(Debug)]
pub(super) struct Delivery<T: Send + 'static> {
    terms: Terms,
    score: Arc<Score>,
    answers: Sink<Answered<T>>,
    /// Answers that the stage has not taken, in order.
    kept: VecDeque<(Meta, Answered<T>)>,
    /// The graph ends.
    quiesced: bool,
}

impl<T: Send + 'static> Delivery<T> {
    pub(super) const fn new(terms: Terms, score: Arc<Score>, answers: Sink<Answered<T>>) -> Self {
        Self {
            terms,
            score,
            answers,
            kept: VecDeque::new(),
            quiesced: false,
        }
    }

    /// Says that the graph ends, and stages may be closed.
    pub(super) const fn quiesce(&mut self) {
        self.quiesced = true;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Has the stage be told what has become of a request.
    pub(super) fn conclude(&mut self, call: Call<T>, result: Result<Response, CallError>) {
        self.conclude_with(call, result, None);
    }

    /// Has the stage be told of an answer whose body is still to come.
    pub(super) fn begin(&mut self, call: Call<T>, response: Response, inflow: Inflow) {
        self.conclude_with(call, Ok(response), Some(Box::new(inflow)));
    }

    fn conclude_with(
        &mut self,
        call: Call<T>,
        result: Result<Response, CallError>,
        inflow: Option<Box<Inflow>>,
    ) {
        match &result {
            Ok(_) => self.score.answers.add(1),
            Err(error) => self.score.count_error(error),
        }
        // The deadline was for the answer; that it is over must be heard.
        let meta = call.meta.with_deadline(Tick::NEVER);
        let token = call.token;
        let answered = Answered {
            token,
            result,
            inflow,
        };
        self.kept.push_back((meta, answered));
    }

    /// Offers the answers to the stage, until it takes no more.
    pub(super) fn tell(&mut self) {
        while let Some((meta, answered)) = self.kept.pop_front() {
            if let Err(rejected) = self.answers.with(meta).enqueue(answered) {
                if !(self.quiesced && rejected.reason == Reason::Closed) {
                    self.score.postponed.add(1);
                    self.kept.push_front((meta, rejected.event));
                    return;
                }
                // Nobody will ever take it: its stage is quarantined, and the graph ends.
                self.score.undelivered.add(1);
            }
            self.terms.promises.keep();
            self.terms.quota.give();
        }
    }

    /// Gives up `undone` requests that have no answer, and all answers that were
    /// not taken: the graph has ended.
    pub(super) fn abandon(&mut self, undone: usize) {
        self.score.abandoned.add(undone);
        self.score.undelivered.add(self.kept.len());
        for _ in 0..undone + self.kept.len() {
            self.terms.promises.keep();
            self.terms.quota.give();
        }
        self.kept.clear();
    }
}
