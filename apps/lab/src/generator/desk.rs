//! Whose turn it is: requests, their attempts and their clients, without sockets and clock.
//!
//! The desk is told what has happened, and says what to do about it. It is here
//! that nothing is lost: a request that has begun is concluded once, whatever
//! becomes of its attempts.

use std::collections::VecDeque;
use std::time::Duration;

use slab::Slab;

use super::errand::{Due, End, Failure, What};
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
}

/// Is what a client does that asks more than once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    /// Nanoseconds between an answer and the next request.
    pub(super) think: u64,
    /// Requests on one connection; 0 is no bound.
    pub(super) per_connection: u32,
    /// Requests until it leaves; none if it stays.
    pub(super) requests: Option<u32>,
}

/// Is what is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Send a request of this client, and close the connection behind the answer, or not.
    Send {
        ticket: usize,
        lane: u64,
        last: Last,
    },
    /// Come back when something is due.
    Wait(Due),
    /// A request has begun, so many nanoseconds too late.
    Begun { at: u64, lag: u64 },
    /// It has to wait for a connection.
    Queued { at: u64 },
    /// It was tried once more.
    Retried { at: u64 },
    /// It has ended.
    Concluded(Concluded),
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
}

#[derive(Debug)]
struct Client {
    asked: u32,
    on_connection: u32,
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
}

impl Desk {
    /// Begins with that many clients, whose turn has not come.
    pub(super) fn new(rules: Rules, clients: usize) -> Self {
        let clients = (0..clients).map(|index| {
            let client = Client {
                asked: 0,
                on_connection: 0,
            };
            (index, client)
        });
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
        self.clients.insert(Client {
            asked: 0,
            on_connection: 0,
        })
    }

    fn begin(&mut self, client: Option<usize>, at: u64, now: u64) {
        self.begun += 1;
        let lag = now.saturating_sub(at);
        self.acts.push_back(Act::Begun { at, lag });
        let ticket = self.open.insert(Open {
            at,
            due: at,
            sent: None,
            attempts: 0,
            client,
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
        let (lane, last) = match open.client {
            Some(index) => (index as u64 + 1, self.on_connection(index)),
            None => (0, Last::No),
        };
        self.acts.push_back(Act::Send { ticket, lane, last });
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
        let at = now.saturating_add(habits.think);
        if Some(client.asked) == habits.requests || at >= self.rules.end {
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

/// Gives whole nanoseconds; 584 years and more are one value.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Moment;

    const MS: u64 = 1_000_000;

    fn rules() -> Rules {
        Rules {
            connections: 2,
            timeout: 100 * MS,
            end: 1_000 * MS,
            retries: None,
            clients: None,
        }
    }

    fn arrival(at: u64) -> Due {
        Due {
            at,
            what: What::Arrival,
        }
    }

    fn acts(desk: &mut Desk) -> Vec<Act> {
        std::iter::from_fn(|| desk.act()).collect()
    }

    fn sent(acts: &[Act]) -> Vec<(usize, u64, Last)> {
        let sends = acts.iter().filter_map(|act| match act {
            Act::Send { ticket, lane, last } => Some((*ticket, *lane, *last)),
            _ => None,
        });
        sends.collect()
    }

    fn concluded(acts: &[Act]) -> Vec<Concluded> {
        let ends = acts.iter().filter_map(|act| match act {
            Act::Concluded(concluded) => Some(*concluded),
            _ => None,
        });
        ends.collect()
    }

    #[test]
    fn who_finds_no_connection_waits_and_counts_from_when_it_was_due() {
        let mut desk = Desk::new(rules(), 0);
        for at in [0, MS, 2 * MS] {
            desk.due(arrival(at), at + 5);
        }
        let told = acts(&mut desk);
        assert_eq!(sent(&told).len(), 2);
        assert!(told.contains(&Act::Begun { at: MS, lag: 5 }));
        assert!(told.contains(&Act::Queued { at: 2 * MS }));
        desk.ended(0, End::Answered, 50 * MS);
        assert_eq!(sent(&acts(&mut desk)), [(2, 0, Last::No)]);
        desk.ended(2, End::Answered, 60 * MS);
        let end = Concluded {
            at: 2 * MS,
            sent: Some(50 * MS),
            done: 60 * MS,
            end: End::Answered,
            client: None,
        };
        assert_eq!(concluded(&acts(&mut desk)), [end]);
    }

    #[test]
    fn an_answer_behind_the_timeout_is_none_and_a_wait_ends_with_it() {
        let mut desk = Desk::new(rules(), 0);
        (0..4).for_each(|_| desk.due(arrival(0), 0));
        acts(&mut desk);
        desk.ended(0, End::Answered, 101 * MS);
        let ends: Vec<End> = concluded(&acts(&mut desk))
            .iter()
            .map(|it| it.end)
            .collect();
        let timed_out = End::Failed(Failure::TimedOut);
        let unsent = End::Failed(Failure::NoConnection);
        assert_eq!(ends, [timed_out, unsent, unsent]);
        let over = Due {
            at: 0,
            what: What::Over,
        };
        desk.due(over, 102 * MS);
        assert!(!desk.is_done(), "one is under way");
        desk.ended(1, End::Rejected, 103 * MS);
        assert!(desk.is_done());
    }

    #[test]
    fn a_request_is_tried_again_as_often_as_it_may_be_and_concluded_once() {
        let retries = Retries {
            timeout: Moment(Duration::from_millis(100)),
            times: 2,
            backoff: Moment(Duration::from_millis(10)),
            budget: None,
        };
        let mut desk = Desk::new(
            Rules {
                retries: Some(retries),
                ..rules()
            },
            0,
        );
        desk.due(arrival(0), 0);
        acts(&mut desk);
        for (ended, next) in [(MS, 11 * MS), (20 * MS, 40 * MS)] {
            desk.ended(0, End::Rejected, ended);
            let again = Due {
                at: next,
                what: What::Again(0),
            };
            assert_eq!(acts(&mut desk), [Act::Wait(again)]);
            desk.due(again, next);
            let retried = acts(&mut desk);
            assert_eq!(sent(&retried).len(), 1);
            assert!(retried.contains(&Act::Retried { at: 0 }));
        }
        desk.ended(0, End::Rejected, 50 * MS);
        let ends = concluded(&acts(&mut desk));
        assert_eq!((ends.len(), ends[0].sent, ends[0].at), (1, Some(0), 0));
    }

    #[test]
    fn a_budget_bounds_retries() {
        let retries = Retries {
            timeout: Moment(Duration::from_millis(100)),
            times: 3,
            backoff: Moment::default(),
            budget: Some(0.1),
        };
        let all = Rules {
            connections: 1_000,
            retries: Some(retries),
            ..rules()
        };
        let mut desk = Desk::new(all, 0);
        (0..200).for_each(|_| desk.due(arrival(0), 0));
        acts(&mut desk);
        (0..200).for_each(|ticket| desk.ended(ticket, End::Rejected, MS));
        let told = acts(&mut desk);
        let again = told
            .iter()
            .filter(|act| matches!(act, Act::Wait(_)))
            .count();
        assert_eq!((again, concluded(&told).len()), (30, 170));
    }

    #[test]
    fn a_client_thinks_closes_its_connection_in_time_and_leaves_at_the_end() {
        let habits = Habits {
            think: 20 * MS,
            per_connection: 2,
            requests: None,
        };
        let mut desk = Desk::new(
            Rules {
                clients: Some(habits),
                ..rules()
            },
            1,
        );
        let mut lasts = Vec::new();
        let mut turn = Due {
            at: 0,
            what: What::Turn(0),
        };
        let mut requests = 0;
        loop {
            desk.due(turn, turn.at);
            let sends = sent(&acts(&mut desk));
            assert_eq!((sends.len(), sends[0].1), (1, 1));
            lasts.push(sends[0].2);
            requests += 1;
            desk.ended(sends[0].0, End::Answered, turn.at + 5 * MS);
            match acts(&mut desk).pop() {
                Some(Act::Wait(next)) => {
                    assert_eq!(next.at, turn.at + 25 * MS);
                    turn = next;
                }
                _ => break,
            }
        }
        assert_eq!(requests, 40);
        assert_eq!(lasts[..4], [Last::No, Last::Yes, Last::No, Last::Yes]);
    }

    #[test]
    fn a_session_asks_so_often_and_leaves() {
        let habits = Habits {
            think: 0,
            per_connection: 0,
            requests: Some(2),
        };
        let mut desk = Desk::new(
            Rules {
                clients: Some(habits),
                ..rules()
            },
            0,
        );
        desk.due(arrival(0), 0);
        assert_eq!(sent(&acts(&mut desk)), [(0, 1, Last::No)]);
        desk.ended(0, End::Answered, MS);
        let turn = Due {
            at: MS,
            what: What::Turn(0),
        };
        assert_eq!(acts(&mut desk).pop(), Some(Act::Wait(turn)));
        desk.due(turn, MS);
        assert_eq!(sent(&acts(&mut desk)), [(0, 1, Last::Yes)]);
        desk.ended(0, End::Answered, 2 * MS);
        let told = acts(&mut desk);
        assert_eq!((told.len(), concluded(&told).len()), (1, 1));
        assert!(desk.clients.is_empty());
    }
}
