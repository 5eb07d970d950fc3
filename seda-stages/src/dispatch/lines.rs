//! Jobs that wait in line for slots.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::job::id::JobId;
use crate::target::TargetName;

/// Where a job stands in its line: the more urgent first, then the older.
type Place = (Reverse<u8>, JobId);

/// The priority of a job that says nothing; priorities go from 0 to 100.
const PRIORITY_DEFAULT: u8 = 50;

/// A line for each target, and a bound on the slots of all of them together.
///
/// Lines are fair: nobody overtakes a job of the same priority, even one
/// that needs fewer slots. What jobs take they give back by the same numbers.
///
/// # Examples
///
/// ```
/// use seda_stages::dispatch::lines::{Lines, Wanted};
/// use seda_stages::job::id::JobId;
/// use seda_stages::target::TargetName;
///
/// let here = TargetName::new("here");
/// let mut lines = Lines::new(8);
/// lines.resize(&here, 1);
/// let (first, second) = (JobId::FIRST, JobId::FIRST.next());
/// for id in [first, second] {
///     lines.join(&here, Wanted { id, slots: 1, priority: None });
/// }
/// assert_eq!(lines.take(), Some((first, here.clone())));
/// assert_eq!(lines.take(), None);
/// lines.give_back(&here, 1);
/// assert_eq!(lines.take(), Some((second, here)));
/// ```
#[derive(Clone, Debug)]
pub struct Lines {
    /// Slots that may be taken at once, over all targets.
    most: u32,
    taken: u32,
    by_target: BTreeMap<TargetName, Line>,
}

#[derive(Clone, Debug, Default)]
struct Line {
    slots: u32,
    taken: u32,
    waiting: BTreeMap<Place, u32>,
}

impl Line {
    /// Returns the first in line if its slots are free here.
    fn head(&self) -> Option<(Place, u32)> {
        let (place, slots) = self.waiting.first_key_value()?;
        // A job that no longer fits after a change of the target runs alone.
        let fits = self.taken == 0 || slots.saturating_add(self.taken) <= self.slots;
        fits.then_some((*place, *slots))
    }
}

/// A job that joins a line.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Whose place it is.
    pub id: JobId,
    /// How many slots it takes at once.
    pub slots: u32,
    /// How urgent it is, 0 to 100; in the middle unless it says.
    pub priority: Option<u8>,
}

impl Wanted {
    fn place(&self) -> Place {
        (Reverse(self.priority.unwrap_or(PRIORITY_DEFAULT)), self.id)
    }
}

impl Lines {
    /// Makes lines that together never take more than `most` slots.
    pub const fn new(most: u32) -> Self {
        Self {
            most,
            taken: 0,
            by_target: BTreeMap::new(),
        }
    }

    /// Says how many slots a target has from now on.
    pub fn resize(&mut self, target: &TargetName, slots: u32) {
        self.by_target.entry(target.clone()).or_default().slots = slots;
    }

    /// Puts a job in the line of a target.
    pub fn join(&mut self, target: &TargetName, wanted: Wanted) {
        let line = self.by_target.entry(target.clone()).or_default();
        line.waiting.insert(wanted.place(), wanted.slots);
    }

    /// Takes a job out of its line; tells whether it was there.
    pub fn leave(&mut self, target: &TargetName, wanted: Wanted) -> bool {
        let line = self.by_target.get_mut(target);
        line.is_some_and(|line| line.waiting.remove(&wanted.place()).is_some())
    }

    /// Returns the job that [`take`](Self::take) would take.
    pub fn peek(&self) -> Option<JobId> {
        self.first().map(|(place, ..)| place.1)
    }

    /// Takes the next job out of its line, with the slots that it needs.
    pub fn take(&mut self) -> Option<(JobId, TargetName)> {
        let (place, slots, target) = self.first()?;
        let line = self.by_target.get_mut(&target)?;
        line.waiting.remove(&place);
        line.taken = line.taken.saturating_add(slots);
        self.taken = self.taken.saturating_add(slots);
        Some((place.1, target))
    }

    /// Gives the slots of a job back that ran at a target.
    pub fn give_back(&mut self, target: &TargetName, slots: u32) {
        if let Some(line) = self.by_target.get_mut(target) {
            line.taken = line.taken.saturating_sub(slots);
        }
        self.taken = self.taken.saturating_sub(slots);
    }

    /// Returns how many jobs wait.
    pub fn waiting(&self) -> usize {
        self.by_target.values().map(|line| line.waiting.len()).sum()
    }

    /// Finds the first of all heads, if its slots are free over all targets.
    fn first(&self) -> Option<(Place, u32, TargetName)> {
        let heads = self.by_target.iter().filter_map(|(target, line)| {
            let (place, slots) = line.head()?;
            Some((place, slots, target))
        });
        let (place, slots, target) = heads.min_by_key(|(place, ..)| *place)?;
        let fits = self.taken == 0 || slots.saturating_add(self.taken) <= self.most;
        fits.then(|| (place, slots, target.clone()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(number: u64) -> JobId {
        number.to_string().parse().unwrap()
    }

    fn wanted(number: u64, slots: u32) -> Wanted {
        Wanted {
            id: id(number),
            slots,
            priority: None,
        }
    }

    fn lines(most: u32, targets: &[(&str, u32)]) -> (Lines, Vec<TargetName>) {
        let mut lines = Lines::new(most);
        let names: Vec<_> = targets
            .iter()
            .map(|(name, _)| TargetName::new(*name))
            .collect();
        for (name, (_, slots)) in names.iter().zip(targets) {
            lines.resize(name, *slots);
        }
        (lines, names)
    }

    #[test]
    fn a_small_job_does_not_overtake_a_large_one() {
        let (mut lines, names) = lines(8, &[("a", 4)]);
        for (number, slots) in [(1, 3), (2, 2), (3, 1)] {
            lines.join(&names[0], wanted(number, slots));
        }
        assert_eq!(lines.take().unwrap().0, id(1));
        assert_eq!(lines.take(), None, "2 waits, and 3 behind it");
        lines.give_back(&names[0], 3);
        assert_eq!(lines.take().unwrap().0, id(2));
        assert_eq!(lines.take().unwrap().0, id(3));
        assert_eq!(lines.waiting(), 0);
    }

    #[test]
    fn the_urgent_go_first_and_lines_share_the_whole() {
        let (mut lines, names) = lines(2, &[("a", 2), ("b", 2)]);
        lines.join(&names[0], wanted(1, 1));
        lines.join(&names[0], wanted(2, 1));
        let urgent = Wanted {
            priority: Some(90),
            ..wanted(3, 1)
        };
        lines.join(&names[1], urgent);
        let order: Vec<_> = std::iter::from_fn(|| lines.take())
            .map(|(id, _)| id)
            .collect();
        assert_eq!(order, [id(3), id(1)], "two slots over both");
        assert!(!lines.leave(&names[1], urgent), "it runs");
        assert!(lines.leave(&names[0], wanted(2, 1)));
        assert_eq!(lines.peek(), None);
    }

    #[test]
    fn a_job_larger_than_all_slots_runs_alone() {
        let (mut lines, names) = lines(2, &[("a", 1)]);
        lines.join(&names[0], wanted(1, 9));
        lines.join(&names[0], wanted(2, 1));
        assert_eq!(lines.take().unwrap().0, id(1));
        assert_eq!(lines.take(), None);
        lines.give_back(&names[0], 9);
        assert_eq!(lines.take().unwrap().0, id(2));
    }

    proptest! {
        /// Whatever comes and goes, no bound is exceeded and nobody is forgotten.
        #[test]
        fn slots_are_never_exceeded(
            most in 1..6_u32,
            slots in prop::collection::vec(1..5_u32, 1..4),
            jobs in prop::collection::vec((0..4_usize, 1..4_u32), 0..40),
        ) {
            let names: Vec<_> = slots.iter().enumerate()
                .map(|(n, _)| TargetName::new(n.to_string())).collect();
            let mut lines = Lines::new(most);
            for (name, slots) in names.iter().zip(&slots) {
                lines.resize(name, *slots);
            }
            let mut needs = Vec::new();
            for (number, (target, need)) in (1..).zip(&jobs) {
                let target = target % names.len();
                let need = (*need).min(slots[target]).min(most);
                lines.join(&names[target], wanted(number, need));
                needs.push((target, need));
            }
            let mut running = Vec::new();
            let mut done = 0;
            while lines.waiting() + running.len() > 0 {
                while let Some((id, _)) = lines.take() {
                    running.push(needs[usize::try_from(id.number()).unwrap() - 1]);
                }
                prop_assert!(!running.is_empty(), "stands still");
                prop_assert!(running.iter().map(|(_, need)| need).sum::<u32>() <= most);
                for (target, slots) in slots.iter().enumerate() {
                    let here = running.iter().filter(|(at, _)| *at == target);
                    prop_assert!(here.map(|(_, need)| need).sum::<u32>() <= *slots);
                }
                let (target, need) = running.remove(0);
                lines.give_back(&names[target], need);
                done += 1;
            }
            prop_assert_eq!(done, jobs.len());
        }
    }
}
