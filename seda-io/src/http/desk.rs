//! Obeys the steps of connections: requests become events, refusals and faults answers.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use seda_core::{Meta, OverloadAction, Pressure, Sink, Tick};

use super::allowance::Allowance;
use super::carrier::{Carrier, Seat};
use super::date::DateCache;
use super::dues::Turn;
use super::exchange::{Exchange, Reply};
use super::flow::flow_event::FlowEnd;
use super::flow::line::Line;
use super::inflow::Inflow;
use super::inflow::inflow_event::{InflowEvent, InflowFault, Piece};
use super::inflow::spring::Spring;
use super::limits::Timeout;
use super::message::{Request, Response};
use super::outbox::{Answer, Head, Outbox, Part, Switch};
use super::peer::{Peer, Rest};
use super::premises::Premises;
use super::step::Step;
use super::tally::Tally;
use super::untold::Untold;
use super::wishes::Wishes;

/// Steps of one connection in one pass: more than one cohort's worth of refused
/// pipelined requests waits for the next.
const STEPS_MAX: usize = 64;

/// Is where requests leave for the stages and answers come back.
#[derive(Debug)]
pub(super) struct Desk {
    requests: Sink<Exchange>,
    pub(super) allowance: Allowance,
    wishes: Arc<Wishes>,
    request_timeout: Option<Duration>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) tally: Arc<Tally>,
    pub(super) untold: Untold,
    dates: DateCache,
    pressure: Pressure,
    /// Connections end after their answers, in the present turn.
    ends_all: bool,
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
        premises: &Premises,
        (outbox, tally): (Arc<Outbox>, Arc<Tally>),
    ) -> Self {
        Self {
            requests,
            allowance: premises.allowance.clone(),
            wishes: Arc::clone(&premises.wishes),
            request_timeout: premises.limits.timeouts.request,
            outbox,
            tally,
            untold: Untold::default(),
            dates: DateCache::new(0),
            pressure: premises.pressure.clone(),
            ends_all: false,
            second: 0,
            now: Tick::ZERO,
        }
    }

    /// Begins a turn at `now`.
    pub(super) fn begin(&mut self, now: Tick) {
        self.now = now;
        self.ends_all = self.pressure.calls_for(OverloadAction::EndKeepAlive);
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        self.second = since.map_or(0, |since| since.as_secs());
    }

    /// Takes the connection as far as it goes without more bytes.
    pub(super) fn step(&mut self, index: usize, peer: &mut Peer) -> Stepped {
        loop {
            self.pump(peer);
            let stepped = self.step_on(index, peer);
            let rests = stepped == Stepped::Rests;
            if rests && peer.inflow.is_some() && peer.connection.inflowing().is_none() {
                self.end_inflow(peer, InflowFault::Unwanted);
            }
            // An answer that has ended lets the connection go on.
            if stepped == Stepped::Ended || !self.pump(peer) {
                return stepped;
            }
        }
    }

    fn step_on(&mut self, index: usize, peer: &mut Peer) -> Stepped {
        let mut request = None;
        for _ in 0..STEPS_MAX {
            if peer.is_broken() {
                return Stepped::Ended;
            }
            match peer.connection.step_into(&mut request, self.now.as_nanos()) {
                Step::NeedMore => return rest(peer, Rest::Bytes),
                Step::Wait if peer.connection.awaits_stage() => return rest(peer, Rest::Answer),
                Step::Wait => return rest(peer, Rest::Writing),
                Step::Continue100 => {}
                Step::Request(()) => {
                    if let Some(request) = request.take() {
                        self.dispatch(index, peer, request);
                    }
                }
                Step::Bad(error) => {
                    self.tally.bad.add(1);
                    let turn = peer.connection.turn();
                    self.answer(peer, turn, error.into());
                }
                Step::Body(bytes) => self.hand_out(index, peer, bytes),
                Step::BodyEnd(trailers) => {
                    self.tell_inflow(peer, |number| InflowEvent::End(number, trailers));
                }
                Step::BodyBad(error) => {
                    self.tally.bad.add(1);
                    self.end_inflow(peer, InflowFault::Bad(error));
                }
                Step::HalfClose => peer.half_close(),
                Step::Reset => peer.reset_at_end(),
                Step::Closed => return Stepped::Ended,
            }
        }
        rest(peer, Rest::Turn)
    }

    /// Hands a request to the stages, or answers that they are busy.
    fn dispatch(&mut self, index: usize, peer: &mut Peer, request: Request) {
        self.tally.requests.add(1);
        let turn = peer.connection.turn();
        let asked = self
            .allowance
            .ask(peer.caller.as_deref(), self.now.as_nanos(), &self.tally);
        if let Err(wait) = asked {
            return self.answer(peer, turn, Response::too_many(wait));
        }
        let seat = Seat {
            index,
            serial: peer.serial,
            turn,
        };
        let outbox = Arc::clone(&self.outbox);
        let mut reply = Reply::new(peer.address.clone(), seat, request.method(), outbox);
        if peer.connection.may_upgrade(turn) {
            reply = reply.upgradable();
        }
        let flows_in = peer.connection.inflowing().is_some();
        let inflow = flows_in.then(|| {
            let length = peer.connection.inflow_length();
            let outbox = Arc::clone(&self.outbox);
            Inflow::arriving((seat, length), outbox)
        });
        let meta = self.meta(&request);
        let exchange = Exchange::new(request, reply).with_inflow(inflow);
        let enqueued = if meta == Meta::NONE {
            self.requests.enqueue(exchange)
        } else {
            self.requests.with(meta).enqueue(exchange)
        };
        if let Err(rejected) = enqueued {
            self.tally.refused.add(1);
            let response = Response::busy(rejected.retry_after);
            rejected.event.split().1.disarm();
            self.answer(peer, turn, response);
        }
    }

    /// Gives what travels with a request: what it wishes, within bounds.
    fn meta(&self, request: &Request) -> Meta {
        let deadline = match self.request_timeout {
            None => Tick::NEVER,
            Some(timeout) => self.now.after(timeout),
        };
        self.wishes
            .meta(request.headers(), self.now, deadline, &self.tally)
    }

    /// Queues an answer that a connection owes.
    fn answer(&mut self, peer: &mut Peer, turn: Turn, mut response: Response) {
        if self.ends_all {
            response = response.closing();
        }
        let date = self.dates.at(self.second);
        let now = self.now.as_nanos();
        let queued = peer.connection.answer_to(turn, response, date, now);
        if queued.is_err() {
            self.tally.late.add(1);
        }
    }

    /// Gives up a body that is on its way, for want of room for all of them.
    pub(super) fn give_body_up(&mut self, peer: &mut Peer) {
        if let Some(turn) = peer.connection.give_body_up() {
            self.tally.bodies_given_up.add(1);
            self.answer(peer, turn, Response::busy(None));
        }
    }

    /// Queues an answer that a stage has given, if its connection is still there.
    pub(super) fn deliver(&mut self, peer: Option<&mut Peer>, answer: Answer) {
        match peer {
            Some(peer) if peer.serial == answer.seat.serial => {
                peer.held = false;
                let turn = answer.seat.turn;
                match answer.part {
                    Part::Whole(response) => {
                        self.tally.answers.add(1);
                        self.answer(peer, turn, response);
                    }
                    Part::Head(head) => {
                        self.tally.answers.add(1);
                        self.begin_flow(peer, turn, *head);
                    }
                    Part::Upgrade(switch) => {
                        self.tally.answers.add(1);
                        self.upgrade(peer, turn, *switch);
                    }
                    Part::Want(spring) => self.begin_inflow(peer, turn, spring),
                    Part::Ask if peer.is_inflowing(turn) => {
                        peer.connection.ask_body(self.now.as_nanos());
                    }
                    Part::Leave if peer.is_inflowing(turn) => peer.leave_inflow(),
                    Part::Ask | Part::Leave | Part::More => {}
                }
            }
            _ => self.outbox.throw_away(answer),
        }
    }

    /// Begins to hand a body out, if it still can be.
    fn begin_inflow(&mut self, peer: &mut Peer, turn: Turn, spring: Arc<Spring>) {
        if peer.connection.inflowing() == Some(turn) {
            peer.inflow = Some(spring);
            peer.connection.ask_body(self.now.as_nanos());
        } else if peer.connection.may_upgrade(turn) {
            // The upgrade was said before, on another thread, and is among the same answers.
            peer.inflow = Some(spring);
        } else {
            let why = InflowFault::Unwanted;
            spring.note(InflowEvent::Failed(spring.number(), why));
            self.untold.tell(&spring);
        }
    }

    /// Hands a piece of a body to the stage that wants it; when the stage has
    /// done with it, the next is asked for.
    fn hand_out(&mut self, index: usize, peer: &Peer, bytes: Vec<u8>) {
        let (serial, turn) = (peer.serial, peer.connection.turn());
        let seat = Seat {
            index,
            serial,
            turn,
        };
        let outbox = Arc::clone(&self.outbox);
        let piece = Piece::new(bytes, move || outbox.ask(seat));
        if let Some(spring) = &peer.inflow {
            spring.note(InflowEvent::Data(spring.number(), piece));
            self.untold.tell(spring);
        }
    }

    /// Tells the last of a body.
    fn tell_inflow(&mut self, peer: &mut Peer, event: impl FnOnce(u64) -> InflowEvent) {
        if let Some(spring) = peer.inflow.take() {
            spring.note(event(spring.number()));
            self.untold.tell(&spring);
        }
    }

    /// Tells that a body will never be whole.
    pub(super) fn end_inflow(&mut self, peer: &mut Peer, why: InflowFault) {
        self.tell_inflow(peer, |number| InflowEvent::Failed(number, why));
    }

    /// Queues the head of a streamed answer.
    fn begin_flow(&mut self, peer: &mut Peer, turn: Turn, head: Head) {
        let Head {
            response,
            length,
            line,
        } = head;
        let head = (response, length);
        let (date, now) = (self.dates.at(self.second), self.now.as_nanos());
        self.tally.flows.opened.add(1);
        if peer.connection.begin_flow(turn, head, date, now).is_err() {
            self.tally.late.add(1);
            return self.untold.end(&line, FlowEnd::Gone, &self.tally.flows);
        }
        if self.untold.is_ending() {
            line.note_ending();
            self.untold.tell(&line);
        }
        peer.flows.get_or_insert_default().add(turn, line);
    }

    /// Has another protocol spoken on a connection.
    fn upgrade(&mut self, peer: &mut Peer, turn: Turn, switch: Switch) {
        let Switch { headers, line } = switch;
        let now = self.now.as_nanos();
        self.tally.flows.opened.add(1);
        if !peer.connection.upgrade(turn, &headers, now) {
            self.tally.late.add(1);
            return self.untold.end(&line, FlowEnd::Gone, &self.tally.flows);
        }
        self.tally.flows.upgraded.add(1);
        peer.expect_farewell();
        if self.untold.is_ending() {
            line.note_ending();
            self.untold.tell(&line);
        }
        peer.flows.get_or_insert_default().upgrade(turn, line);
        if peer.inflow.is_some() {
            peer.connection.ask_body(now);
        }
    }

    /// Moves what stages have sent of streamed answers to the connection; tells
    /// whether one of them has ended by that.
    #[inline]
    fn pump(&mut self, peer: &mut Peer) -> bool {
        if peer.flows.is_some() {
            return self.pump_flows(peer);
        }
        // Its maker was cut off before its turn had come.
        let lost = peer.connection.flowing().is_some();
        if lost {
            peer.connection.break_flow();
        }
        lost
    }

    fn pump_flows(&mut self, peer: &mut Peer) -> bool {
        let Some(flows) = &mut peer.flows else {
            return false;
        };
        let (date, now) = (self.dates.at(self.second), self.now.as_nanos());
        let tally = &self.tally.flows;
        let ended = flows.pump(&mut peer.connection, (date, now), &mut self.untold, tally);
        if flows.is_empty() {
            peer.flows = None;
        }
        ended
    }

    /// Tells those who stream answers to a peer that it has taken something.
    pub(super) fn note_written(&mut self, peer: &Peer) {
        if let Some(flows) = &peer.flows {
            flows.wrote(&peer.connection, &mut self.untold);
        }
    }

    /// Tells those who stream answers to a peer that the server is about to end.
    pub(super) fn note_ending(&mut self, peer: &Peer) {
        self.untold.note_ending();
        if let Some(flows) = &peer.flows {
            flows.note(Line::note_ending, &mut self.untold);
        }
    }

    /// Ends the streamed answers of a peer.
    pub(super) fn end_flows(&mut self, peer: &mut Peer, why: FlowEnd) {
        if let Some(flows) = peer.flows.take() {
            flows.end(why, &mut self.untold, &self.tally.flows);
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
