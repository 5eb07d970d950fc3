//! Obeys the steps of connections: requests become events, refusals and faults answers.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use seda_core::{Meta, Sink, Tick};

use super::date::DateCache;
use super::dues::Turn;
use super::exchange::{Exchange, Reply};
use super::limits::Timeout;
use super::message::{Request, Response};
use super::outbox::{Answer, Outbox, Seat};
use super::peer::{Peer, Rest};
use super::step::Step;
use super::tally::Tally;

/// Steps of one connection in one pass: more than one cohort's worth of refused
/// pipelined requests waits for the next.
const STEPS_MAX: usize = 64;

/// Is where requests leave for the stages and answers come back.
#[derive(Debug)]
pub(super) struct Desk {
    requests: Sink<Exchange>,
    request_timeout: Option<Duration>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) tally: Arc<Tally>,
    dates: DateCache,
    /// Since 1970, when the present turn began.
    second: u64,
    now: Tick,
}

/// Says what is to be done with a connection that has stepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stepped {
    /// It has gone as far as it can.
    Rests,
    /// It has ended.
    Ended,
}

impl Desk {
    pub(super) fn new(
        requests: Sink<Exchange>,
        request_timeout: Option<Duration>,
        outbox: Arc<Outbox>,
        tally: Arc<Tally>,
    ) -> Self {
        Self {
            requests,
            request_timeout,
            outbox,
            tally,
            dates: DateCache::new(0),
            second: 0,
            now: Tick::ZERO,
        }
    }

    /// Begins a turn at `now`.
    pub(super) fn begin(&mut self, now: Tick) {
        self.now = now;
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        self.second = since.map_or(0, |since| since.as_secs());
    }

    /// Takes the connection as far as it goes without more bytes.
    pub(super) fn step(&mut self, index: usize, peer: &mut Peer) -> Stepped {
        for _ in 0..STEPS_MAX {
            if peer.is_broken() {
                return Stepped::Ended;
            }
            match peer.connection.step(self.now.as_nanos()) {
                Step::NeedMore => return rest(peer, Rest::Bytes),
                Step::Wait if peer.connection.owes_answer() => return rest(peer, Rest::Answer),
                Step::Wait => return rest(peer, Rest::Writing),
                Step::Continue100 => {}
                Step::Request(request) => self.dispatch(index, peer, request),
                Step::Bad(error) => {
                    self.tally.bad.add(1);
                    let turn = peer.connection.turn();
                    self.answer(peer, turn, error.into());
                }
                Step::HalfClose => peer.half_close(),
                Step::Closed => return Stepped::Ended,
            }
        }
        rest(peer, Rest::Turn)
    }

    /// Hands a request to the stages, or answers that they are busy.
    fn dispatch(&mut self, index: usize, peer: &mut Peer, request: Request) {
        self.tally.requests.add(1);
        let turn = peer.connection.turn();
        let seat = Seat {
            index,
            serial: peer.serial,
            turn,
        };
        let reply = Reply::new(peer.address, seat, Arc::clone(&self.outbox));
        let exchange = Exchange::new(request, reply);
        let enqueued = match self.request_timeout {
            None => self.requests.enqueue(exchange),
            Some(timeout) => {
                let meta = Meta::NONE.with_deadline(self.now.after(timeout));
                self.requests.with(meta).enqueue(exchange)
            }
        };
        if let Err(rejected) = enqueued {
            self.tally.refused.add(1);
            let response = Response::busy(rejected.retry_after);
            rejected.event.split().1.disarm();
            self.answer(peer, turn, response);
        }
    }

    /// Queues an answer that a connection owes.
    fn answer(&mut self, peer: &mut Peer, turn: Turn, response: Response) {
        let date = self.dates.at(self.second);
        let now = self.now.as_nanos();
        let queued = peer.connection.answer_to(turn, response, date, now);
        if queued.is_err() {
            self.tally.late.add(1);
        }
    }

    /// Queues an answer that a stage has given, if its connection is still there.
    pub(super) fn deliver(&mut self, peer: Option<&mut Peer>, answer: Answer) {
        match peer {
            Some(peer) if peer.serial == answer.seat.serial => {
                self.tally.answers.add(1);
                peer.held = false;
                self.answer(peer, answer.seat.turn, answer.response);
            }
            _ => self.tally.late.add(1),
        }
    }

    /// Counts a peer that was too slow, if a deadline of its own making is over.
    pub(super) fn note_deadline(&self, peer: &Peer) {
        let slow = peer.connection.deadline().is_some_and(|deadline| {
            let made = matches!(
                deadline.timeout,
                Timeout::Head | Timeout::Body | Timeout::Write
            );
            made && deadline.at <= self.now.as_nanos()
        });
        self.tally.timed_out.add(usize::from(slow));
    }
}

fn rest(peer: &mut Peer, rest: Rest) -> Stepped {
    peer.rest = rest;
    Stepped::Rests
}
