//! Who asks in a simulation, and what they do with what they get.

use std::ops::Range;
use std::time::Duration;

use crate::clock::Tick;
use crate::simulator::arrivals::Arrivals;

/// Is clients whose next step depends on what they are told.
///
/// ```
/// use seda_core::simulator::{Call, Clients, Outcome, Service, Simulator};
/// use seda_core::{Clock, Graph, Plan};
/// use std::cell::Cell;
/// use std::rc::Rc;
/// use std::time::Duration;
///
/// let mut graph = Graph::new("closed loop").with_clock(Clock::manual());
/// let serve = graph.stage("serve").each(|call: Call| Ok(call.answer()));
/// let mut simulator = Simulator::new(graph, &Plan::default().workers(1), 42)?;
/// simulator.service("serve", Service::constant(Duration::from_millis(1)));
/// let answered = Rc::new(Cell::new(0));
/// let count = Rc::clone(&answered);
/// let inlet = simulator.inlet(&serve);
/// let clients = Clients::closed(2, Duration::from_millis(9));
/// simulator.clients(inlet, clients, move |ended| {
///     assert_eq!(ended.outcome, Outcome::Answered);
///     count.set(count.get() + 1);
/// });
/// simulator.run_for(Duration::from_secs(1));
/// // Each of the two asks every 10 ms, give or take a wait for the other.
/// assert!((180..=202).contains(&answered.get()), "{}", answered.get());
/// # Ok::<(), seda_core::BoxError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Clients {
    pub(super) habit: Habit,
    pub(super) timeout: Option<Duration>,
    pub(super) retries: Option<Retries>,
    pub(super) classes: Vec<f64>,
    pub(super) cost: Duration,
    pub(super) present: Range<Tick>,
    pub(super) jitter: Duration,
}

/// Says when a client asks.
#[derive(Clone, Debug)]
pub(super) enum Habit {
    /// So many ask, wait for what becomes of it, think, and ask again.
    Closed { count: u32, think: Duration },
    /// Each asks once, whatever becomes of others.
    Open(Arrivals),
}

/// Says how clients ask again that were refused, or got nothing in time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retries {
    /// How often at most, after the first time.
    pub times: u32,
    /// How long they wait before; doubled for each further time.
    pub backoff: Duration,
    /// Asking again is at most this part of all asking, 0 to 1; unbounded without it.
    pub budget: Option<f64>,
}

impl Clients {
    /// Has `count` clients ask, wait, think for a time, and ask again, for
    /// ever. They begin spread over the time of a thought.
    pub const fn closed(count: u32, think: Duration) -> Self {
        Self::of(Habit::Closed { count, think })
    }

    /// Has a client come at each arrival; it asks, and goes with what it gets.
    pub const fn open(arrivals: Arrivals) -> Self {
        Self::of(Habit::Open(arrivals))
    }

    /// Has clients give up on an attempt after a time; what it would have
    /// brought later is worth nothing, and the server does not know.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Has clients ask again.
    #[must_use]
    pub const fn retries(mut self, retries: Retries) -> Self {
        self.retries = Some(retries);
        self
    }

    /// Divides requests into classes, the most urgent first, by their parts of
    /// all; what is missing to 1 is of one class more. Without it, all are
    /// [`Class::NORMAL`](crate::Class::NORMAL).
    #[must_use]
    pub fn classes(mut self, parts: impl IntoIterator<Item = f64>) -> Self {
        self.classes = parts.into_iter().collect();
        self
    }

    /// Has each attempt, let in or not, take this much time of a worker of the
    /// domain that it enters, as reading and refusing a request does.
    #[must_use]
    pub const fn costing(mut self, each: Duration) -> Self {
        self.cost = each;
        self
    }

    /// Makes each thought longer by an exponentially distributed time of this
    /// mean, as a network does. Without it clients stay in step for ever: one
    /// that always asks just after another finds the room always taken.
    #[must_use]
    pub const fn jitter(mut self, mean: Duration) -> Self {
        self.jitter = mean;
        self
    }

    /// Has clients of a closed loop come at one moment, and leave as soon as
    /// they have an answer after another; both count from the clock's start.
    #[must_use]
    pub fn present(mut self, from: Duration, until: Duration) -> Self {
        self.present = Tick::ZERO.after(from)..Tick::ZERO.after(until);
        self
    }

    const fn of(habit: Habit) -> Self {
        Self {
            habit,
            timeout: None,
            retries: None,
            classes: Vec::new(),
            cost: Duration::ZERO,
            present: Tick::ZERO..Tick::NEVER,
            jitter: Duration::ZERO,
        }
    }
}
