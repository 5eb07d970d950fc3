//! The client's source on one worker: its connections, driven to their answers.

mod dialling;
mod expiry;
mod flowing_out;
mod pouring;

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use seda_core::{BoxError, Next, Sink, Source, Tick};
use slab::Slab;

use super::call::{Answered, Call, CallError};
use super::delivery::Delivery;
use super::notes::Notes;
use super::pool::{Pool, Wants, Way};
use super::score::Score;
use super::server_line::Line;
use super::talk::{Outcome, Talk};
use super::terms::Terms;
use crate::alarms::Alarms;
use crate::http::ask::{Afterwards, flow_head, request_head};
use crate::http::flow::flow_event::FlowEnd;
use crate::http::message::Response;
use crate::http::untold::Untold;
use crate::net::names::{Asker, Directory};
use crate::reactor::{Mailbox, Member, Readiness};
use crate::timer::nanoseconds;

/// Bytes, 64 KiB: read from one socket at once.
const READ_BYTES: usize = 64 * 1024;
/// How long a refused answer waits, when nothing else brings a turn about.
const OFFER_AGAIN: Duration = Duration::from_millis(1);

/// Is a client on one worker.
#[derive(Debug)]
pub(super) struct Dispatch<T: Send + 'static> {
    terms: Terms,
    score: Arc<Score>,
    member: Member,
    asker: Asker,
    orders: Arc<Mailbox<Call<T>>>,
    notes: Arc<Notes>,
    untold: Untold,
    delivery: Delivery<T>,
    calls: Slab<Call<T>>,
    lines: Slab<Line>,
    pool: Pool,
    /// Connections whose answer is with its stage, and whose body still comes.
    pouring: usize,
    /// The serial number of the next line.
    serial: u64,
    alarms: Alarms,
    ready: Vec<Readiness>,
    /// Connections that may get further in this turn.
    cohort: Vec<usize>,
    /// Connections that go on in the next turn.
    later: Vec<usize>,
    scratch: Vec<u8>,
    quiesced: bool,
    /// Nanoseconds: until when requests are borne with of which nothing is made,
    /// now that the graph ends.
    grace: Option<u64>,
}

/// What an alarm is about: a line or a call.
const KINDS: usize = 2;
const CALL: usize = 1;

impl<T: Send + 'static> Dispatch<T> {
    /// Makes the source of the current worker.
    pub(super) fn open(
        terms: Terms,
        score: Arc<Score>,
        directory: Option<Directory>,
        answers: Sink<Answered<T>>,
    ) -> Result<Self, BoxError> {
        let member = Member::join()?;
        let alarms_max = terms
            .limits
            .connections_max
            .saturating_add(terms.limits.requests_max);
        Ok(Self {
            asker: Asker::open(directory, &member),
            orders: Arc::new(Mailbox::new(member.bell())),
            notes: Arc::new(Notes::new(&member, Arc::clone(&score))),
            untold: Untold::default(),
            pouring: 0,
            pool: Pool::new(&terms.limits),
            alarms: Alarms::new(alarms_max),
            delivery: Delivery::new(terms.clone(), Arc::clone(&score), answers),
            terms,
            score,
            member,
            calls: Slab::new(),
            lines: Slab::new(),
            serial: 0,
            ready: Vec::new(),
            cohort: Vec::new(),
            later: Vec::new(),
            scratch: vec![0; READ_BYTES],
            quiesced: false,
            grace: None,
        })
    }

    /// Gives where requests are posted.
    pub(super) fn orders(&self) -> Arc<Mailbox<Call<T>>> {
        Arc::clone(&self.orders)
    }

    /// Has a line take part in this turn.
    fn list(&mut self, index: usize) {
        if let Some(line) = self.lines.get_mut(index)
            && !mem::replace(&mut line.listed, true)
        {
            self.cohort.push(index);
        }
    }

    fn collect_ready(&mut self) {
        let mut ready = mem::take(&mut self.ready);
        self.member.take_ready(&mut ready);
        for said in ready.drain(..) {
            if let Some(line) = self.lines.get_mut(said.index) {
                line.note(said);
                self.list(said.index);
            }
        }
        self.ready = ready;
    }

    fn collect_found(&mut self, now: u64) {
        for found in self.asker.found() {
            let index = found.place.index;
            let asked = |line: &Line| line.serial == found.place.number;
            if self.lines.get(index).is_some_and(asked) {
                self.found(index, found.addresses, now);
            }
        }
    }

    /// Takes a request in.
    fn accept(&mut self, mut call: Call<T>, now: u64) {
        let Some(site) = self.pool.join(&call.origin) else {
            return self.conclude(call, Err(CallError::Busy));
        };
        call.site = site;
        let whole = nanoseconds(self.terms.limits.timeouts.whole);
        let until = now
            .saturating_add(whole)
            .min(call.meta.deadline().as_nanos());
        let index = self.calls.insert(call);
        if let Some(call) = self.calls.get_mut(index) {
            self.alarms
                .arm(&mut call.alarm, until, index * KINDS + CALL);
        }
        self.place(index, Wants::Any, now);
    }

    /// Finds a connection for a request, or has it wait for one.
    fn place(&mut self, index: usize, wants: Wants, now: u64) {
        let Some(site) = self.calls.get(index).map(|call| call.site) else {
            return;
        };
        match self.pool.seek(site, index, wants) {
            Way::Wait => {}
            Way::Reuse(line) => self.begin(line, index, now),
            Way::Dial { instead_of } => self.dial((site, index), instead_of, now),
        }
    }

    /// Sends a request on a connection that is there.
    fn begin(&mut self, index: usize, call: usize, now: u64) {
        let (Some(line), Some(waiting)) = (self.lines.get_mut(index), self.calls.get_mut(call))
        else {
            return;
        };
        waiting.line = Some(index);
        self.score.reused.add(usize::from(line.is_used()));
        let authority = waiting.origin.authority();
        let bounds = self.terms.limits.answer(waiting.streams_above);
        if waiting.flows {
            let head = flow_head(&waiting.request, authority, waiting.delimiter());
            line.begin((call, &waiting.request), Vec::new(), bounds, now);
            self.begin_flow(index, call, head);
        } else {
            let head = request_head(&waiting.request, authority, waiting.afterwards);
            line.begin((call, &waiting.request), head, bounds, now);
        }
        self.list(index);
    }

    /// Takes a line as far as it goes.
    fn turn(&mut self, index: usize, now: u64) {
        let Some(line) = self.lines.get_mut(index) else {
            return;
        };
        line.listed = false;
        if line.going().is_some() && !self.pump(index, now) {
            return self.fail(index, CallError::Abandoned, now);
        }
        let Some(line) = self.lines.get_mut(index) else {
            return;
        };
        let carried = line.call;
        let call = carried.and_then(|call| self.calls.get(call));
        let request = call.map(|call| &call.request);
        let outcome = line.advance(request, &mut self.scratch, &self.terms.limits, now);
        if line.going().is_some() {
            self.note_written(index);
        }
        match outcome {
            Outcome::Rests => self.arm(index),
            Outcome::Again => self.postpone(index),
            Outcome::Connected => match carried {
                Some(call) => self.begin(index, call, now),
                None => self.end(index),
            },
            Outcome::Answered {
                response,
                afterwards,
            } => {
                self.answered(index, response, afterwards, now);
            }
            Outcome::Begun { response, progress } => self.begun(index, response, progress, now),
            Outcome::Piece(bytes) => self.hand_out(index, bytes),
            Outcome::Over {
                bytes,
                trailers,
                afterwards,
            } => {
                self.poured_out(index, bytes, trailers);
                self.release(index, afterwards, now);
            }
            Outcome::Failed(error) => self.fail(index, error, now),
            Outcome::Gone => self.end(index),
        }
    }

    /// Has a line take part in the next turn.
    fn postpone(&mut self, index: usize) {
        if let Some(line) = self.lines.get_mut(index) {
            line.listed = true;
            self.later.push(index);
        }
    }

    fn answered(&mut self, index: usize, response: Response, afterwards: Afterwards, now: u64) {
        let call = self.lines.get_mut(index).and_then(|line| line.call.take());
        let asked = call.and_then(|call| self.calls.get(call));
        let last = asked.is_some_and(|call| call.afterwards == Afterwards::Close);
        // A server need not heed what it was told.
        let afterwards = if last { Afterwards::Close } else { afterwards };
        self.release(index, afterwards, now);
        self.finish(call, Ok(response));
    }

    /// Uses a connection again whose answer is whole, or closes it.
    fn release(&mut self, index: usize, afterwards: Afterwards, now: u64) {
        if afterwards == Afterwards::KeepAlive {
            self.end_delivered(index);
        }
        let Some(line) = self.lines.get_mut(index) else {
            return;
        };
        if afterwards == Afterwards::KeepAlive {
            let site = line.site;
            line.rest(now);
            match self.pool.free(site, index) {
                Some(next) => self.begin(index, next, now),
                None if self.quiesced => self.end(index),
                // Something may have come with the answer, such as the end.
                None => self.list(index),
            }
        } else {
            self.end(index);
        }
    }

    /// Closes a connection.
    fn end(&mut self, index: usize) {
        if let Some(mut line) = self.lines.try_remove(index) {
            if let Some(going) = line.talk().and_then(Talk::take_going) {
                self.end_flow(&going, FlowEnd::Gone);
            }
            line.say_farewell();
            self.alarms.disarm(&mut line.alarm);
            self.pool.close(line.site, index);
            self.score.closed.add(1);
        }
    }

    /// Ends a request that has its connection no more.
    fn finish(&mut self, index: Option<usize>, result: Result<Response, CallError>) {
        let Some(mut call) = index.and_then(|index| self.calls.try_remove(index)) else {
            return;
        };
        self.alarms.disarm(&mut call.alarm);
        self.pool.leave(call.site);
        self.conclude(call, result);
    }

    /// Has the stage be told what has become of a request.
    fn conclude(&mut self, mut call: Call<T>, result: Result<Response, CallError>) {
        // It has never had a connection.
        if let Some(going) = call.going.take() {
            self.end_flow(&going, FlowEnd::Gone);
        }
        self.delivery.conclude(call, result);
    }

    /// Makes connections for requests that had to wait for room.
    fn relieve(&mut self, now: u64) {
        while let Some((site, call, instead_of)) = self.pool.relieve() {
            self.dial((site, call), instead_of, now);
        }
    }
}

impl<T: Send + 'static> Source for Dispatch<T> {
    fn poll(&mut self, now: Tick) -> Next {
        let now = now.as_nanos();
        mem::swap(&mut self.cohort, &mut self.later);
        self.collect_ready();
        self.collect_found(now);
        for call in self.orders.take() {
            self.accept(call, now);
        }
        self.untold.tell_again();
        self.collect_notes(now);
        self.collect_due(now);
        self.cut_quiet(now);
        let mut cohort = Vec::new();
        loop {
            self.relieve(now);
            mem::swap(&mut self.cohort, &mut cohort);
            if cohort.is_empty() {
                break;
            }
            for index in cohort.drain(..) {
                self.turn(index, now);
            }
        }
        self.delivery.tell();
        self.untold.count(&self.score.flows);
        if !self.later.is_empty() {
            return Next::Again;
        }
        let again = now.saturating_add(nanoseconds(OFFER_AGAIN));
        let all_told = self.delivery.is_empty() && self.untold.is_empty();
        let offer = (!all_told).then_some(again);
        let look = if self.quiesced { self.looks_at() } else { None };
        let soonest = [offer, self.alarms.next_at(), look];
        let soonest = soonest.into_iter().flatten().min();
        soonest.map_or(Next::Idle, |at| Next::At(Tick::from_nanos(at)))
    }

    fn quiesce(&mut self) {
        self.quiesced = true;
        self.delivery.quiesce();
        self.untold.note_ending();
        for index in self.pool.take_all_idle() {
            self.end(index);
        }
        self.note_all_ending();
    }

    fn is_drained(&self) -> bool {
        let carried = self.calls.is_empty() && self.pouring == 0;
        self.quiesced && carried && self.delivery.is_empty() && self.untold.is_empty()
    }
}

impl<T: Send + 'static> Drop for Dispatch<T> {
    /// Gives up what has no answer yet: the graph has ended.
    fn drop(&mut self) {
        self.notes.close();
        self.cut_all();
        let mut undone = self.orders.close();
        undone.extend(self.calls.drain());
        self.cut_flows(&mut undone);
        let undone = undone.len();
        self.delivery.abandon(undone);
        self.score.closed.add(self.lines.len());
    }
}
