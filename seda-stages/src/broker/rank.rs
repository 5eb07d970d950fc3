//! In which order the targets that can take a job are tried.
//!
//! Each policy is a [`Rank`]; all but [`Null`] give an order that does not
//! depend on that in which the targets came.

use std::cmp::{Ordering, Reverse};
use std::fmt;

use crate::job::description::JobDescription;
use crate::target::{Counters, ExecutionTarget};

/// An order of targets for a job.
pub trait Rank: fmt::Debug + Send {
    /// Returns the name under which this policy is configured.
    fn name(&self) -> &'static str;

    /// Puts the best target first. A policy may take out targets of which it
    /// cannot tell how good they are.
    fn rank(&mut self, job: &JobDescription, targets: &mut Vec<&ExecutionTarget>);
}

/// The names of the policies that [`from_name`] makes.
pub const NAMES: [&str; 4] = ["least_waiting", "fastest_queue", "random", "null"];

/// Makes the policy of that name; `seed` is for those that draw lots.
///
/// # Errors
///
/// Fails if there is none.
///
/// # Examples
///
/// ```
/// use seda_stages::broker::rank::from_name;
///
/// assert_eq!(from_name("random", 7)?.name(), "random");
/// assert!(from_name("best", 7).is_err());
/// # Ok::<(), seda_stages::broker::rank::UnknownRank>(())
/// ```
pub fn from_name(name: &str, seed: u64) -> Result<Box<dyn Rank>, UnknownRank> {
    match name {
        "least_waiting" => Ok(Box::new(LeastWaiting)),
        "fastest_queue" => Ok(Box::new(FastestQueue)),
        "random" => Ok(Box::new(Random::with_seed(seed))),
        "null" => Ok(Box::new(Null)),
        _ => Err(UnknownRank {
            name: name.to_owned(),
        }),
    }
}

/// A name that no policy has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRank {
    name: String,
}

impl fmt::Display for UnknownRank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "there is no ranking {:?}, choose one of {}",
            self.name,
            NAMES.join(", ")
        )
    }
}

impl std::error::Error for UnknownRank {}

/// Least waiting per slot, then most free slots: the default.
///
/// Targets that do not publish what is needed come last.
#[derive(Clone, Copy, Debug, Default)]
pub struct LeastWaiting;

impl Rank for LeastWaiting {
    fn name(&self) -> &'static str {
        "least_waiting"
    }

    fn rank(&mut self, _: &JobDescription, targets: &mut Vec<&ExecutionTarget>) {
        targets.sort_by(|a, b| {
            let loads = match (Load::of(&a.counters), Load::of(&b.counters)) {
                (Some(a), Some(b)) => a.cmp(&b),
                (a, b) => a.is_none().cmp(&b.is_none()),
            };
            loads
                .then_with(|| most_free_first(a, b))
                .then_with(|| by_address(a, b))
        });
    }
}

/// The shortest queue for its size; among empty queues, most free slots.
///
/// Of two queues of the same relative length the larger goes first, because
/// its slots become free more often. Targets that do not publish waiting
/// jobs, total and free slots are taken out.
///
/// # Sources
///
/// libarcclient, `FastestQueueBroker`; its preference for the *fewest* free
/// slots is left behind.
#[derive(Clone, Copy, Debug, Default)]
pub struct FastestQueue;

impl Rank for FastestQueue {
    fn name(&self) -> &'static str {
        "fastest_queue"
    }

    fn rank(&mut self, _: &JobDescription, targets: &mut Vec<&ExecutionTarget>) {
        let known =
            |counters: &Counters| Load::of(counters).filter(|_| counters.free_slots.is_some());
        targets.retain(|target| known(&target.counters).is_some());
        targets.sort_by(|a, b| {
            let empty = a.counters.waiting_jobs == Some(0) && b.counters.waiting_jobs == Some(0);
            let free = if empty {
                most_free_first(a, b)
            } else {
                Ordering::Equal
            };
            let sizes = b.counters.total_slots.cmp(&a.counters.total_slots);
            let loads = Load::of(&a.counters).cmp(&Load::of(&b.counters));
            loads.then(free).then(sizes).then_with(|| by_address(a, b))
        });
    }
}

/// Any order, the same for the same seed.
#[derive(Clone, Debug)]
pub struct Random {
    lots: fastrand::Rng,
}

impl Random {
    /// Draws lots from this seed on.
    pub fn with_seed(seed: u64) -> Self {
        Self {
            lots: fastrand::Rng::with_seed(seed),
        }
    }
}

impl Rank for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn rank(&mut self, _: &JobDescription, targets: &mut Vec<&ExecutionTarget>) {
        // Sorted first, so that the seed alone decides.
        targets.sort_by(|a, b| by_address(a, b));
        self.lots.shuffle(targets);
    }
}

/// The order in which the targets came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Null;

impl Rank for Null {
    fn name(&self) -> &'static str {
        "null"
    }

    fn rank(&mut self, _: &JobDescription, _: &mut Vec<&ExecutionTarget>) {}
}

/// Waiting jobs per slot, compared without rounding.
#[derive(Clone, Copy, Debug)]
struct Load {
    waiting: u64,
    slots: u64,
}

impl Load {
    /// Returns the load, if it is published and there are slots.
    fn of(counters: &Counters) -> Option<Self> {
        let slots = counters.total_slots.filter(|slots| *slots > 0)?;
        Some(Self {
            waiting: counters.waiting_jobs?.into(),
            slots: slots.into(),
        })
    }
}

impl Ord for Load {
    fn cmp(&self, other: &Self) -> Ordering {
        // Both factors come from 32 bits.
        (self.waiting * other.slots).cmp(&(other.waiting * self.slots))
    }
}

impl PartialOrd for Load {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Load {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Load {}

fn most_free_first(a: &ExecutionTarget, b: &ExecutionTarget) -> Ordering {
    Reverse(a.counters.free_slots).cmp(&Reverse(b.counters.free_slots))
}

/// Breaks ties, so that every order is one that can be foretold.
fn by_address(a: &ExecutionTarget, b: &ExecutionTarget) -> Ordering {
    (&a.url, &a.name).cmp(&(&b.url, &b.name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Makes a target of waiting jobs, total and free slots.
    fn target(name: &str, figures: [Option<u32>; 3]) -> ExecutionTarget {
        let [waiting_jobs, total_slots, free_slots] = figures;
        let mut target = ExecutionTarget::new(name);
        target.counters = Counters {
            total_slots,
            free_slots,
            used_slots: None,
            waiting_jobs,
        };
        target
    }

    fn known(name: &str, waiting: u32, total: u32, free: u32) -> ExecutionTarget {
        target(name, [Some(waiting), Some(total), Some(free)])
    }

    fn order(rank: &mut dyn Rank, targets: &[ExecutionTarget]) -> String {
        let mut ranked: Vec<_> = targets.iter().collect();
        rank.rank(&JobDescription::default(), &mut ranked);
        ranked.iter().map(|target| target.name.as_str()).collect()
    }

    fn some_targets() -> Vec<ExecutionTarget> {
        vec![
            known("d", 5, 100, 0),
            known("b", 0, 10, 3),
            known("a", 1, 2, 0),
            known("e", 50, 1_000, 0),
            known("c", 0, 10, 8),
            target("f", [None, Some(5), Some(5)]),
            target("g", [Some(0), None, Some(5)]),
            target("h", [Some(0), Some(0), Some(0)]),
            target("i", [Some(0), Some(9), None]),
        ]
    }

    #[test]
    fn least_waiting_prefers_short_queues_then_room() {
        assert_eq!(order(&mut LeastWaiting, &some_targets()), "cbideafgh");
    }

    #[test]
    fn fastest_queue_drops_what_it_cannot_judge() {
        assert_eq!(order(&mut FastestQueue, &some_targets()), "cbeda");
    }

    #[test]
    fn addresses_break_ties_before_names() {
        let mut targets = [
            known("a", 0, 1, 1),
            known("b", 0, 1, 1),
            known("c", 0, 1, 1),
        ];
        targets[0].url = Some("http://z".into());
        targets[1].url = Some("http://y".into());
        assert_eq!(
            order(&mut LeastWaiting, &targets),
            "cba",
            "this machine, then by address"
        );
    }

    #[test]
    fn null_keeps_the_order() {
        assert_eq!(order(&mut Null, &some_targets()), "dbaecfghi");
    }

    #[test]
    fn random_follows_its_seed() {
        let mut reversed = some_targets();
        reversed.reverse();
        let (mut one, mut other) = (Random::with_seed(1), Random::with_seed(1));
        let orders: Vec<_> = (0..20).map(|_| order(&mut one, &some_targets())).collect();
        let again: Vec<_> = (0..20).map(|_| order(&mut other, &reversed)).collect();
        assert_eq!(orders, again);
        let firsts: std::collections::BTreeSet<_> = orders.iter().map(|o| &o[..1]).collect();
        assert!(firsts.len() > 3, "{orders:?}");
    }

    #[test]
    fn every_listed_name_makes_its_policy() {
        for name in NAMES {
            assert_eq!(from_name(name, 1).unwrap().name(), name);
        }
        let refused = from_name("fastest", 1).unwrap_err().to_string();
        assert_eq!(
            refused,
            "there is no ranking \"fastest\", choose one of least_waiting, fastest_queue, random, null"
        );
    }

    fn any_targets() -> impl Strategy<Value = Vec<ExecutionTarget>> {
        let figure = || prop::option::of(0..4_u32);
        prop::collection::vec([figure(), figure(), figure()], 0..8).prop_map(|all| {
            let named = |(n, figures)| target(&format!("{n}"), figures);
            all.into_iter().enumerate().map(named).collect()
        })
    }

    proptest! {
        /// `sort_by` panics on orders that are none, so this tests that too.
        #[test]
        fn the_order_of_arrival_does_not_matter(targets in any_targets(), turn in 0..8_usize) {
            let mut turned = targets.clone();
            turned.rotate_left(turn.min(targets.len()));
            for name in ["least_waiting", "fastest_queue"] {
                let mut rank = from_name(name, 0).unwrap();
                prop_assert_eq!(order(&mut *rank, &targets), order(&mut *rank, &turned));
            }
        }
    }
}
