//! The clients of a closed loop: who is there from the beginning, and who joins for a time.

use seda_core::Tick;

use super::course::{Course, Traffic};
use super::desk::nanos;
use super::errand::{Due, What};

/// Nanoseconds over which the first requests of clients spread that do not think.
const SPREAD: u64 = 1_000_000;
/// Nanoseconds of the clock at which those leave who stay.
const NEVER: u64 = u64::MAX;

/// Is clients that come together. Moments are nanoseconds of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Group {
    clients: usize,
    comes: u64,
    leaves: u64,
}

/// Is all clients of a closed loop, in the order of their numbers.
#[derive(Clone, Debug)]
pub(super) struct Residents {
    groups: Vec<Group>,
    /// Nanoseconds over which the first requests of a group spread.
    spread: u64,
    /// When the run is over.
    end: u64,
}

impl Residents {
    /// Gives those of a course that begins at `start`; none in an open loop.
    pub(super) fn of(course: &Course, start: Tick) -> Self {
        let end = start.after(course.whole()).as_nanos();
        let Traffic::Closed {
            clients,
            client,
            joined,
        } = &course.traffic
        else {
            let (groups, spread) = (Vec::new(), SPREAD);
            return Self {
                groups,
                spread,
                end,
            };
        };
        let always = Group {
            clients: usize::try_from(*clients).unwrap_or(usize::MAX),
            comes: start.as_nanos(),
            leaves: NEVER,
        };
        let counts = start.after(course.warm_up);
        let joined = joined.iter().map(|joined| {
            let comes = counts.after(joined.at.0);
            Group {
                clients: usize::try_from(joined.clients).unwrap_or(usize::MAX),
                comes: comes.as_nanos(),
                leaves: comes.after(joined.lasts.0).as_nanos(),
            }
        });
        Self {
            groups: [always].into_iter().chain(joined).collect(),
            spread: nanos(client.think.0).max(SPREAD),
            end,
        }
    }

    /// Counts those whose shares can be compared: who comes and goes has less.
    pub(super) fn comparable(&self) -> usize {
        match self.groups.as_slice() {
            [only] => only.clients,
            _ => 0,
        }
    }

    /// Gives when each leaves.
    pub(super) fn leaves(&self) -> impl Iterator<Item = u64> {
        let groups = self.groups.iter();
        groups.flat_map(|group| std::iter::repeat_n(group.leaves, group.clients))
    }

    /// Gives the first turn of each that comes before the end: those of a group evenly
    /// over the time that they think.
    pub(super) fn turns(&self) -> impl Iterator<Item = Due> {
        let moments = self.groups.iter().flat_map(|group| {
            let apart = self.spread / (group.clients as u64).max(1);
            let place = move |place| group.comes.saturating_add(apart * place as u64);
            (0..group.clients).map(place)
        });
        let turns = moments.enumerate().map(|(client, at)| {
            let what = What::Turn(client);
            Due { at, what }
        });
        turns.filter(|due| due.at < self.end)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::generator::course::Aim;
    use crate::scenario::{Clients, Joined, Moment};

    fn ms(count: u64) -> Moment {
        Moment(Duration::from_millis(count))
    }

    #[test]
    fn who_joins_comes_and_leaves_by_when_the_run_counts() {
        let joined = |at, clients| Joined {
            at: ms(at),
            lasts: ms(50),
            clients,
        };
        let traffic = Traffic::Closed {
            clients: 2,
            client: Clients {
                think: ms(10),
                ..Clients::default()
            },
            joined: vec![joined(100, 2), joined(900, 1)],
        };
        let course = Course {
            warm_up: ms(200).0,
            measured: ms(500).0,
            ..Course::new(Aim::get("http://127.0.0.1/").unwrap(), traffic)
        };
        assert_eq!(course.connections(), 1_024);
        let start = Tick::from_nanos(7);
        let residents = Residents::of(&course, start);
        let after = |count: u64| start.after(ms(count).0).as_nanos();
        let leaves: Vec<u64> = residents.leaves().collect();
        let [early, late] = [after(350), after(1_150)];
        assert_eq!(leaves, [NEVER, NEVER, early, early, late]);
        let turn = |client, at| Due {
            at: after(at),
            what: What::Turn(client),
        };
        let turns: Vec<Due> = residents.turns().collect();
        let expected = [turn(0, 0), turn(1, 5), turn(2, 300), turn(3, 305)];
        assert_eq!(turns, expected, "the last one would come behind the end");
        assert_eq!(residents.comparable(), 0);
    }
}
