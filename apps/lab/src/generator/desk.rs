//! Whose turn it is: requests, their attempts and their clients, without sockets and clock.
//!
//! The desk is told what has happened, and says what to do about it. It is here
//! that nothing is lost: a request that has begun is concluded once, whatever
//! becomes of its attempts.

use std::collections::VecDeque;
use std::time::Duration;

use fastrand::Rng;
use slab::Slab;

use super::errand::{Due, End, Failure, What};
use super::mix::Draw;
use crate::scenario::Retries;

/// Retries that a budget allows before anything was asked: a small run has some too.
const BUDGET_FLOOR: f64 = 10.0;
/// How often a wait before a retry is doubled at most.
pub(super) const DOUBLINGS_MAX: u32 = 16;

/// Is what the desk goes by.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// Attempts under way at once, at most.
    pub(super) connections: usize,
    /// Nanoseconds that an attempt may take, from when it is due.
    pub(super) timeout: u64,
    /// Nanoseconds of the clock: no client begins anything from then on.
    pub(super) end: u64,
    /// What is done about failures and refusals.
    pub(super) retries: Option<Retries>,
    /// What clients do that ask more than once.
    pub(super) clients: Option<Habits>,
    /// The parts of requests that belong to classes.
    pub(super) parts: Vec<f64>,
    /// Decides which class each has, and how long exactly clients think.
    pub(super) seed: u64,
}

/// Is what a client does that asks more than once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    /// Nanoseconds between an answer and the next request.
    pub(super) think: u64,
    /// By how many a thought is longer on average, exponentially distributed.
    pub(super) jitter: u64,
    /// Requests on one connection; 0 is no bound.
    pub(super) per_connection: u32,
    /// Requests until it leaves; none if it stays.
    pub(super) requests: Option<u32>,
}

/// Is what is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Send a request.
    Send(Sending),
    /// Come back when something is due.
    Wait(Due),
    /// A request of a class has begun, so many nanoseconds too late.
    Begun { at: u64, lag: u64, class: u8 },
    /// It has to wait for a connection.
    Queued { at: u64 },
    /// It was tried once more.
    Retried { at: u64 },
    /// It has ended.
    Concluded(Concluded),
}

/// Is a request that is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sending {
    pub(super) ticket: usize,
    /// Whose connections it goes by.
    pub(super) lane: u64,
    /// Whether the connection is closed behind the answer.
    pub(super) last: Last,
    pub(super) class: u8,
}

/// Says whether a request is the last one on its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    Yes,
    No,
}

/// Is a request that has ended; times are nanoseconds of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Concluded {
    /// When it should have been sent.
    pub(super) at: u64,
    /// When it was sent first, if ever.
    pub(super) sent: Option<u64>,
    /// When it ended.
    pub(super) done: u64,
    /// How.
    pub(super) end: End,
    /// Whose it was.
    pub(super) client: Option<usize>,
    /// Its class; 0 where there are none.
    pub(super) class: u8,
}

/// Is a request that has not ended.
#[derive(Debug)]
struct Open {
    at: u64,
    /// When its present attempt was due.
    due: u64,
    sent: Option<u64>,
    attempts: u32,
    client: Option<usize>,
    class: u8,
}

#[derive(Debug)]
struct Client {
    asked: u32,
    on_connection: u32,
    /// Nanoseconds of the clock: what ends from then on was its last request.
    leaves: u64,
}

/// Is the requests and clients of a run.
#[derive(Debug)]
pub(super) struct Desk {
    rules: Rules,
    open: Slab<Open>,
    clients: Slab<Client>,
    waiting: VecDeque<usize>,
    under_way: usize,
    begun: u64,
    retried: u64,
    over: bool,
    acts: VecDeque<Act>,
    draw: Draw,
    random: Rng,
}

impl Desk {
    /// Begins with clients whose turn has not come, and which leave at these moments.
    pub(super) fn new(rules: Rules, clients: impl IntoIterator<Item = u64>) -> Self {
        let clients = clients.into_iter().map(Client::new).enumerate();
        let mut random = Rng::with_seed(rules.seed);
        // Forked, since the schedule is drawn from the seed itself.
        let draw = Draw::new(rules.parts.clone(), random.fork());
        Self {
            rules,
            open: Slab::new(),
            clients: clients.collect(),
            waiting: VecDeque::new(),
            under_way: 0,
            begun: 0,
            retried: 0,
            over: false,
            acts: VecDeque::new(),
            draw,
            random,
        }
    }

    /// Gives what is to be done next.
    pub(super) fn act(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    /// Tells whether nothing will happen any more.
    pub(super) fn is_done(&self) -> bool {
        self.over && self.open.is_empty()
    }

    /// Hears that something is due.
    pub(super) fn due(&mut self, due: Due, now: u64) {
        match due.what {
            What::Arrival => {
                let client = self.rules.clients.map(|_| self.arrive());
                self.begin(client, due.at, now);
            }
            What::Turn(client) => self.begin(Some(client), due.at, now),
            What::Again(ticket) => {
                if let Some(open) = self.open.get_mut(ticket) {
                    open.due = due.at;
                    self.acts.push_back(Act::Retried { at: open.at });
                    self.place(ticket, now);
                }
            }
            What::Over => self.over = true,
        }
        self.give_up_waiting(now);
    }

    /// Hears that an attempt has ended.
    pub(super) fn ended(&mut self, ticket: usize, end: End, now: u64) {
        self.under_way -= 1;
        self.settle(ticket, end, now);
        self.give_up_waiting(now);
        while self.under_way < self.rules.connections
            && let Some(next) = self.waiting.pop_front()
        {
            self.send(next, now);
        }
    }

    fn arrive(&mut self) -> usize {
        self.clients.insert(Client::new(u64::MAX))
    }

    fn begin(&mut self, client: Option<usize>, at: u64, now: u64) {
        self.begun += 1;
        let lag = now.saturating_sub(at);
        let class = self.draw.class();
        self.acts.push_back(Act::Begun { at, lag, class });
        let ticket = self.open.insert(Open {
            at,
            due: at,
            sent: None,
            attempts: 0,
            client,
            class,
        });
        self.place(ticket, now);
    }

    /// Sends an attempt, or has it wait for a connection.
    fn place(&mut self, ticket: usize, now: u64) {
        if self.under_way < self.rules.connections {
            return self.send(ticket, now);
        }
        if let Some(open) = self.open.get(ticket) {
            self.acts.push_back(Act::Queued { at: open.at });
            self.waiting.push_back(ticket);
        }
    }

    fn send(&mut self, ticket: usize, now: u64) {
        let Some(open) = self.open.get_mut(ticket) else {
            return;
        };
        open.sent.get_or_insert(now);
        open.attempts += 1;
        self.under_way += 1;
        let class = open.class;
        let (lane, last) = match open.client {
            Some(index) => (index as u64 + 1, self.on_connection(index)),
            None => (0, Last::No),
        };
        self.acts.push_back(Act::Send(Sending {
            ticket,
            lane,
            last,
            class,
        }));
    }

    /// Counts a request on a client's connection, and tells whether it is the last.
    fn on_connection(&mut self, index: usize) -> Last {
        let (Some(client), Some(habits)) = (self.clients.get_mut(index), self.rules.clients) else {
            return Last::No;
        };
        client.asked += 1;
        client.on_connection += 1;
        let leaves = Some(client.asked) == habits.requests;
        if leaves || client.on_connection == habits.per_connection {
            client.on_connection = 0;
            return Last::Yes;
        }
        Last::No
    }

    /// Decides what becomes of a request, one of whose attempts has ended.
    fn settle(&mut self, ticket: usize, end: End, now: u64) {
        let Some(open) = self.open.get(ticket) else {
            return;
        };
        let late = now.saturating_sub(open.due) > self.rules.timeout;
        let end = if late && end != End::Failed(Failure::NoConnection) {
            End::Failed(Failure::TimedOut)
        } else {
            end
        };
        match self.next_attempt(open, end, now) {
            Some(at) => {
                self.retried += 1;
                let what = What::Again(ticket);
                self.acts.push_back(Act::Wait(Due { at, what }));
            }
            None => self.conclude(ticket, end, now),
        }
    }

    /// Says when a request is tried again, if it is.
    #[allow(clippy::cast_precision_loss, reason = "counts of requests")]
    fn next_attempt(&self, open: &Open, end: End, now: u64) -> Option<u64> {
        let retries = self.rules.retries.as_ref()?;
        if end == End::Answered || open.attempts > retries.times || open.attempts == 0 {
            return None;
        }
        let allowed = |budget: f64| budget * self.begun as f64 + BUDGET_FLOOR;
        if retries
            .budget
            .is_some_and(|budget| self.retried as f64 >= allowed(budget))
        {
            return None;
        }
        let doublings = (open.attempts - 1).min(DOUBLINGS_MAX);
        Some(now.saturating_add(nanos(retries.backoff.0) << doublings))
    }

    fn conclude(&mut self, ticket: usize, end: End, now: u64) {
        let Some(open) = self.open.try_remove(ticket) else {
            return;
        };
        self.acts.push_back(Act::Concluded(Concluded {
            at: open.at,
            sent: open.sent,
            done: now,
            end,
            client: open.client,
            class: open.class,
        }));
        if let Some(client) = open.client {
            self.think(client, now);
        }
    }

    /// Has a client think, or leave.
    fn think(&mut self, index: usize, now: u64) {
        let (Some(client), Some(habits)) = (self.clients.get(index), self.rules.clients) else {
            return;
        };
        let jitter = jitter(&mut self.random, habits.jitter);
        let at = now.saturating_add(habits.think).saturating_add(jitter);
        let leaves = Some(client.asked) == habits.requests || now >= client.leaves;
        if leaves || at >= self.rules.end {
            self.clients.try_remove(index);
        } else {
            let what = What::Turn(index);
            self.acts.push_back(Act::Wait(Due { at, what }));
        }
    }

    /// Ends the wait of those who would not wait any longer for a connection.
    fn give_up_waiting(&mut self, now: u64) {
        while let Some(ticket) = self.waiting.front().copied() {
            let due = self.open.get(ticket).map_or(0, |open| open.due);
            if now.saturating_sub(due) <= self.rules.timeout {
                return;
            }
            self.waiting.pop_front();
            self.settle(ticket, End::Failed(Failure::NoConnection), now);
        }
    }
}

impl Client {
    const fn new(leaves: u64) -> Self {
        Self {
            asked: 0,
            on_connection: 0,
            leaves,
        }
    }
}

/// Draws an exponentially distributed time.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "nanoseconds of a thought, which are positive and below 2^53"
)]
fn jitter(random: &mut Rng, mean: u64) -> u64 {
    // Of (0, 1], since the logarithm of 0 is none.
    (mean as f64 * -(1.0 - random.f64()).ln()) as u64
}

/// Gives whole nanoseconds; 584 years and more are one value.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
