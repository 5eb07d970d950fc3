//! Several priorities in one queue: strict or weighted, and none starves.

#[cfg(all(test, not(loom)))]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Tick;
use crate::dials::Order;
use crate::meta::Class;
use crate::queue::census::Census;
use crate::queue::guard::UNSERVED_MAX;
use crate::queue::runs::{Entry, Runs};

/// In a strict queue, one pick in this many goes to the class that waited longest.
const STARVATION_PICKS: u32 = 64;

/// Says how a queue serves its classes.
///
/// Whichever way, a class of which nothing was served for a second
/// ([`unserved_max`](Self::unserved_max)) is let in with one event, though
/// controllers would refuse it, and served first.
///
/// ```
/// use seda_core::{Classes, Graph};
///
/// let mut graph = Graph::new("two classes");
/// graph
///     .stage("serve")
///     .queue(64)
///     .classes(Classes::weighted([8, 1]))
///     .each(|_request: u32| Ok(()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    rule: Rule,
    unserved_max: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    Strict(usize),
    Weighted(Vec<u32>),
}

impl Classes {
    /// Serves class 0 before class 1, and so on; one pick in 64 goes to the
    /// class whose next event has waited longest, so that none starves.
    ///
    /// `count` is held between 1 and [`Class::COUNT_MAX`].
    pub fn strict(count: usize) -> Self {
        Self::by(Rule::Strict(count.clamp(1, Class::COUNT_MAX)))
    }

    /// Serves the classes in proportion to their weights (each at least 1), as
    /// far as they have events; class 0 has the first weight.
    ///
    /// Weights beyond [`Class::COUNT_MAX`] are not used.
    pub fn weighted(weights: impl IntoIterator<Item = u32>) -> Self {
        let mut weights: Vec<u32> = weights
            .into_iter()
            .take(Class::COUNT_MAX)
            .map(|weight| weight.max(1))
            .collect();
        if weights.is_empty() {
            weights.push(1);
        }
        Self::by(Rule::Weighted(weights))
    }

    /// Sets how long a class may go unserved while its events are offered or
    /// wait; 1 s by default. [`Duration::MAX`] lets it starve.
    ///
    /// One event of each such class is served in that time, by which more urgent
    /// ones have less: it should be well above the time that the stage needs
    /// for one event of each class. It holds against priorities, weights and what
    /// controllers refuse; not against the bound of the queue, an
    /// [`Admission`](crate::Admission) policy, or classes that are
    /// [shed](crate::Conditions::shed_from).
    ///
    /// ```
    /// use seda_core::Classes;
    /// use std::time::Duration;
    ///
    /// let patient = Classes::strict(3).unserved_max(Duration::from_secs(10));
    /// assert_ne!(patient, Classes::strict(3));
    /// ```
    #[must_use]
    pub fn unserved_max(mut self, longest: Duration) -> Self {
        self.unserved_max = longest;
        self
    }

    const fn by(rule: Rule) -> Self {
        Self {
            rule,
            unserved_max: UNSERVED_MAX,
        }
    }

    /// Tells a stage's census what it needs to know of them.
    pub(crate) fn tell(&self, census: &Census) {
        census.guard.set_unserved_max(self.unserved_max);
        if let Rule::Weighted(weights) = &self.rule {
            let weight = |class: usize| weights.get(class).copied().unwrap_or(0);
            census.set_weights(std::array::from_fn(weight));
        }
    }

    /// Gives how many classes are told apart.
    pub(crate) fn count(&self) -> usize {
        match &self.rule {
            Rule::Strict(count) => *count,
            Rule::Weighted(weights) => weights.len(),
        }
    }
}

/// Is how a queue serves its classes, and who counts their events.
pub(crate) type Ranks<'c> = (&'c Classes, &'c Arc<Census>);

/// Is a queue with one line of events per class.
#[derive(Debug)]
pub(crate) struct Classified<E> {
    lines: Vec<Line<E>>,
    census: Arc<Census>,
    strict: bool,
    picks: u32,
    len: usize,
}

#[derive(Debug)]
struct Line<E> {
    events: Runs<E>,
    weight: i64,
    /// Smooth weighted round robin: what this class is owed.
    credit: i64,
}

impl<E> Classified<E> {
    pub(crate) fn new((classes, census): Ranks<'_>) -> Self {
        let weight = |place: usize| match &classes.rule {
            Rule::Strict(_) => 1,
            Rule::Weighted(weights) => weights.get(place).copied().map_or(1, i64::from),
        };
        Self {
            lines: (0..classes.count())
                .map(|place| Line {
                    events: Runs::new(),
                    weight: weight(place),
                    credit: 0,
                })
                .collect(),
            census: Arc::clone(census),
            strict: matches!(classes.rule, Rule::Strict(_)),
            picks: 0,
            len: 0,
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Appends an event to its class; tells whether the queue was empty.
    pub(crate) fn push(&mut self, entry: Entry<E>) -> bool {
        let was_empty = self.len == 0;
        let place = self.place_of(&entry);
        if let Some(line) = self.lines.get_mut(place) {
            line.events.push(entry);
            self.len += 1;
            self.census.enter(place);
        }
        was_empty
    }

    pub(crate) fn pop(&mut self, order: Order) -> Option<Entry<E>> {
        let place = if self.strict {
            self.pick_strict()
        } else {
            self.pick_weighted()
        }?;
        self.pop_at(place, order)
    }

    pub(crate) fn take_into(&mut self, into: &mut Runs<E>, limit: usize, order: Order) {
        let first = self.take_overdue(into, limit, order);
        for entry in std::iter::from_fn(|| self.pop(order)).take(limit - first) {
            into.push(entry);
        }
    }

    /// Takes an event of each class that went unserved for too long, with those
    /// before it that have waited for too long themselves; tells how many.
    fn take_overdue(&mut self, into: &mut Runs<E>, limit: usize, order: Order) -> usize {
        if self.lines.len() < 2 || self.len == 0 {
            return 0;
        }
        let now = self.census.guard.now();
        let mut taken = 0;
        for place in 0..self.lines.len() {
            if !self.census.guard.is_overdue(place, now) {
                continue;
            }
            while taken < limit
                && let Some(entry) = self.pop_at(place, order)
            {
                let fresh = self.is_in_time(place, &entry, now);
                into.push(entry);
                taken += 1;
                if fresh {
                    self.census.guard.count_first(place);
                    break;
                }
            }
        }
        taken
    }

    fn is_in_time(&self, place: usize, entry: &Entry<E>, now: Tick) -> bool {
        let stamp = &entry.stamp;
        stamp.meta.deadline() > now && self.census.guard.is_fresh(place, stamp, now)
    }

    pub(crate) fn give_back(&mut self, from: &mut Runs<E>, order: Order) {
        let mut left: Vec<Entry<E>> = from.collect();
        while let Some(entry) = left.pop() {
            let place = self.place_of(&entry);
            if let Some(line) = self.lines.get_mut(place) {
                match order {
                    Order::OldestFirst => line.events.push_front(entry),
                    Order::NewestFirst => {
                        line.events.push(entry);
                    }
                }
                self.len += 1;
                self.census.enter_again(place);
            }
        }
    }

    pub(crate) fn pop_least_urgent(&mut self) -> Option<Entry<E>> {
        let place = self
            .lines
            .iter()
            .rposition(|line| !line.events.is_empty())?;
        self.pop_at(place, Order::OldestFirst)
    }

    fn place_of(&self, entry: &Entry<E>) -> usize {
        let last = self.lines.len().saturating_sub(1);
        usize::from(entry.stamp.meta.class().0).min(last)
    }

    fn pop_at(&mut self, place: usize, order: Order) -> Option<Entry<E>> {
        let events = &mut self.lines.get_mut(place)?.events;
        let entry = match order {
            Order::OldestFirst => events.pop_front(),
            Order::NewestFirst => events.pop_back(),
        }?;
        self.len -= 1;
        self.census.leave(place);
        Some(entry)
    }

    fn pick_strict(&mut self) -> Option<usize> {
        self.picks = self.picks.wrapping_add(1);
        if self.picks.is_multiple_of(STARVATION_PICKS) {
            return self.longest_waiting();
        }
        self.lines.iter().position(|line| !line.events.is_empty())
    }

    fn longest_waiting(&self) -> Option<usize> {
        let heads = self.lines.iter().enumerate();
        heads
            .filter_map(|(place, line)| Some((line.events.oldest()?, place)))
            .min()
            .map(|(_, place)| place)
    }

    /// Smooth weighted round robin over the classes that have events: each
    /// gains its weight, the richest is served and pays what all gained.
    fn pick_weighted(&mut self) -> Option<usize> {
        let mut gained = 0;
        let mut richest: Option<(i64, usize)> = None;
        for (place, line) in self.lines.iter_mut().enumerate() {
            if line.events.is_empty() {
                line.credit = 0;
                continue;
            }
            line.credit += line.weight;
            gained += line.weight;
            if richest.is_none_or(|(credit, _)| line.credit > credit) {
                richest = Some((line.credit, place));
            }
        }
        let (_, place) = richest?;
        self.lines.get_mut(place)?.credit -= gained;
        Some(place)
    }
}
