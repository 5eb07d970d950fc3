//! Clients at work: who asks when, waits for what, and asks again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Tick;
use crate::meta::{Class, Meta};
use crate::simulator::arrivals::Arrivals;
use crate::simulator::call::{Answers, Call, Ended, Line, Outcome};
use crate::simulator::clients::{Clients, Habit};
use crate::simulator::random::Random;
use crate::sink::Sink;

/// How long a client of a closed loop takes at least after a refusal: no
/// network is quicker, and time must pass.
const ROUND_TRIP: Duration = Duration::from_micros(100);
/// How many retries may be saved up by a budget.
const SAVED_MAX: f64 = 100.0;
/// The longest back-off is the first one, doubled so often.
const DOUBLINGS_MAX: u32 = 10;

/// Is clients at work.
pub(super) struct Crowd {
    clients: Clients,
    coming: Option<Tick>,
    places: Vec<Place>,
    free: Vec<u32>,
    /// When somebody asks or gives up; outdated where the serial is another.
    agenda: BinaryHeap<Reverse<(Tick, u32, u32)>>,
    /// For when the simulator has an entry for this crowd.
    pub(super) entered: Option<Tick>,
    answers: Arc<Answers>,
    heard: Vec<(Line, Outcome)>,
    saved: f64,
    random: Random,
    workers: Range<usize>,
    sink: Sink<Call>,
    tell: Box<dyn FnMut(&Ended)>,
}

/// Is one client.
#[derive(Clone, Copy, Debug)]
struct Place {
    asked: Tick,
    sent: Tick,
    serial: u32,
    attempts: u32,
    class: Class,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Until its moment on the agenda.
    Resting,
    /// For an answer.
    Waiting,
    /// Nobody is here.
    Gone,
}

impl Crowd {
    pub(super) fn new(
        clients: Clients,
        (sink, workers): (Sink<Call>, Range<usize>),
        random: Random,
        tell: Box<dyn FnMut(&Ended)>,
    ) -> Self {
        Self {
            clients,
            coming: None,
            places: Vec::new(),
            free: Vec::new(),
            agenda: BinaryHeap::new(),
            entered: None,
            answers: Arc::default(),
            heard: Vec::new(),
            saved: SAVED_MAX,
            random,
            workers,
            sink,
            tell,
        }
    }

    /// Has the first ones come.
    pub(super) fn begin(&mut self, now: Tick) {
        match &mut self.clients.habit {
            Habit::Open(arrivals) => self.coming = arrivals.next(now, &mut self.random),
            Habit::Closed { count, think } => {
                let from = self.clients.present.start.max(now);
                for place in 0..*count {
                    let at = from.after(think.mul_f64(self.random.unit()));
                    self.places.push(Place::empty(State::Resting));
                    self.agenda.push(Reverse((at, place, 0)));
                }
            }
        }
    }

    /// Tells when somebody asks or gives up next.
    pub(super) fn due(&self) -> Option<Tick> {
        let agenda = self.agenda.peek().map(|Reverse((at, ..))| *at);
        [agenda, self.coming].into_iter().flatten().min()
    }

    /// Takes in what was heard.
    pub(super) fn hear(&mut self, now: Tick) {
        let mut heard = std::mem::take(&mut self.heard);
        self.answers.take(&mut heard);
        for (line, outcome) in heard.drain(..) {
            self.take_in(line, outcome, now);
        }
        self.heard = heard;
    }

    /// Gives the place of the next client that asks now; those that give up
    /// before are dealt with.
    pub(super) fn next(&mut self, now: Tick) -> Option<u32> {
        if let Some(at) = self.coming.filter(|at| *at <= now) {
            return Some(self.come(at));
        }
        while let Some(Reverse((at, place, serial))) = self.agenda.peek().copied() {
            if at > now {
                return None;
            }
            self.agenda.pop();
            match self.state(Line { place, serial }) {
                Some(State::Waiting) => self.fail(place, Outcome::TimedOut, now),
                Some(State::Resting) => return Some(place),
                Some(State::Gone) | None => {}
            }
        }
        None
    }

    /// Gives the worker that the next attempt takes time of, and how much.
    pub(super) fn cost(&mut self) -> Option<(usize, Duration)> {
        let cost = self.clients.cost;
        (!cost.is_zero()).then(|| (self.random.pick(self.workers.clone()), cost))
    }

    /// Has a client ask; tells whether it was let in.
    pub(super) fn ask(&mut self, place: u32, now: Tick) -> bool {
        let class = self.draw_class();
        let Some(client) = self.places.get_mut(place as usize) else {
            return false;
        };
        if client.attempts == 0 {
            client.asked = now;
            client.class = class;
            self.saved = (self.saved + saving(&self.clients)).min(SAVED_MAX);
        }
        client.attempts += 1;
        client.sent = now;
        client.step(State::Waiting);
        let (asked, class, serial) = (client.asked, client.class, client.serial);
        let line = Line { place, serial };
        let call = Call::new(asked, line, Arc::clone(&self.answers));
        let meta = Meta::NONE.with_class(class);
        match self.sink.with(meta).enqueue(call) {
            Ok(()) => {
                if let Some(timeout) = self.clients.timeout {
                    let gives_up = now.after(timeout);
                    self.agenda.push(Reverse((gives_up, place, serial)));
                }
                true
            }
            Err(rejected) => {
                rejected.event.forget();
                self.fail(place, Outcome::Rejected, now);
                false
            }
        }
    }

    /// Lists when those asked first who do not know yet what becomes of it.
    pub(super) fn unanswered(&self) -> impl Iterator<Item = (Tick, Class)> {
        let asking = |place: &&Place| place.state != State::Gone && place.attempts > 0;
        let places = self.places.iter().filter(asking);
        places.map(|place| (place.asked, place.class))
    }

    fn come(&mut self, now: Tick) -> u32 {
        if let Habit::Open(arrivals) = &mut self.clients.habit {
            self.coming = Arrivals::next(arrivals, now, &mut self.random);
        }
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::empty(State::Gone));
            u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(client) = self.places.get_mut(place as usize) {
            client.attempts = 0;
            client.step(State::Resting);
        }
        place
    }

    fn take_in(&mut self, line: Line, outcome: Outcome, now: Tick) {
        if self.state(line) != Some(State::Waiting) {
            return; // It has given up.
        }
        match outcome {
            Outcome::Answered => self.end(line.place, outcome, now),
            Outcome::Rejected | Outcome::Lost | Outcome::TimedOut => {
                self.fail(line.place, outcome, now);
            }
        }
    }

    /// Gives what a client does; none when it has done something else since.
    fn state(&self, line: Line) -> Option<State> {
        let client = self.places.get(line.place as usize)?;
        (client.serial == line.serial).then_some(client.state)
    }

    /// Has a client ask again, or end with this.
    fn fail(&mut self, place: u32, outcome: Outcome, now: Tick) {
        let Some(wait) = self.wait_before_next(place) else {
            return self.end(place, outcome, now);
        };
        self.rest(place, now.after(wait));
    }

    /// Tells how long a client waits before it asks again, if it does.
    fn wait_before_next(&mut self, place: u32) -> Option<Duration> {
        let retries = self.clients.retries?;
        let attempts = self.places.get(place as usize)?.attempts;
        if attempts > retries.times {
            return None;
        }
        if retries.budget.is_some() {
            if self.saved < 1.0 {
                return None;
            }
            self.saved -= 1.0;
        }
        let doublings = attempts.saturating_sub(1).min(DOUBLINGS_MAX);
        Some(retries.backoff * 2_u32.pow(doublings))
    }

    fn end(&mut self, place: u32, outcome: Outcome, now: Tick) {
        let Some(client) = self.places.get_mut(place as usize) else {
            return;
        };
        let ended = client.ended(place, outcome, now);
        client.attempts = 0;
        match self.clients.habit {
            Habit::Closed { think, .. } if now < self.clients.present.end => {
                let refused = outcome == Outcome::Rejected;
                let least = if refused { ROUND_TRIP } else { Duration::ZERO };
                let jitter = self.random.exponential(self.clients.jitter);
                self.rest(place, now.after(think.max(least) + jitter));
            }
            Habit::Closed { .. } => client.step(State::Gone),
            Habit::Open(_) => {
                client.step(State::Gone);
                self.free.push(place);
            }
        }
        (self.tell)(&ended);
    }

    fn rest(&mut self, place: u32, until: Tick) {
        if let Some(client) = self.places.get_mut(place as usize) {
            client.step(State::Resting);
            self.agenda.push(Reverse((until, place, client.serial)));
        }
    }

    fn draw_class(&mut self) -> Class {
        if self.clients.classes.is_empty() {
            return Class::NORMAL;
        }
        let mut left = self.random.unit();
        let mut class = 0;
        for part in &self.clients.classes {
            if left < *part {
                break;
            }
            left -= part;
            class += 1;
        }
        Class(class)
    }
}

/// Gives how many retries a first attempt pays for.
fn saving(clients: &Clients) -> f64 {
    let budget = clients.retries.and_then(|retries| retries.budget);
    budget.map_or(0.0, |part| part / (1.0 - part).max(f64::EPSILON))
}

impl Place {
    const fn empty(state: State) -> Self {
        Self {
            asked: Tick::ZERO,
            sent: Tick::ZERO,
            serial: 0,
            attempts: 0,
            class: Class::NORMAL,
            state,
        }
    }

    /// Goes over to another state; what was on the agenda is outdated.
    const fn step(&mut self, state: State) {
        self.serial = self.serial.wrapping_add(1);
        self.state = state;
    }

    const fn ended(&self, client: u32, outcome: Outcome, at: Tick) -> Ended {
        Ended {
            client,
            class: self.class,
            asked: self.asked,
            sent: self.sent,
            at,
            attempts: self.attempts,
            outcome,
        }
    }
}
