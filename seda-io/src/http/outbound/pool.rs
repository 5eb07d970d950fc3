//! Which connection a request gets, or what it waits for; knows no socket and no clock.

use std::collections::{HashMap, VecDeque};
use std::mem;

use slab::Slab;

use super::budget::ClientLimits;
use super::origin::Origin;

/// Says how a request comes to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By one that is idle.
    Reuse(usize),
    /// By one that is to be made, after this idle one was closed, if it is said.
    Dial { instead_of: Option<usize> },
    /// Later: it stands in line.
    Wait,
}

/// Says which connections a request may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// Any.
    Any,
    /// One that no other request has used: it was sent on a stale one before.
    Fresh,
}

/// Is the connections of one worker, by origin.
#[derive(Debug)]
pub(super) struct Pool {
    sites: Slab<Site>,
    by_origin: HashMap<Origin, usize>,
    /// Connections with their sites, the one that has been idle for longest first.
    idle: VecDeque<(usize, usize)>,
    /// Sites at which requests wait, each once.
    hungry: VecDeque<usize>,
    lines: usize,
    lines_max: usize,
    lines_per_site_max: usize,
    calls_per_site_max: usize,
}

/// Is one origin.
#[derive(Debug)]
struct Site {
    origin: Origin,
    lines: usize,
    calls: usize,
    waiting: VecDeque<usize>,
    is_hungry: bool,
}

impl Pool {
    pub(super) fn new(limits: &ClientLimits) -> Self {
        Self {
            sites: Slab::new(),
            by_origin: HashMap::new(),
            idle: VecDeque::new(),
            hungry: VecDeque::new(),
            lines: 0,
            lines_max: limits.connections_max.max(1),
            lines_per_site_max: limits.connections_per_origin_max.max(1),
            calls_per_site_max: limits.requests_per_origin_max.max(1),
        }
    }

    /// Counts a request in, and gives where its origin stands; none if there are
    /// too many of them.
    pub(super) fn join(&mut self, origin: &Origin) -> Option<usize> {
        let known = self.by_origin.get(origin).copied();
        let index = known.unwrap_or_else(|| {
            let index = self.sites.insert(Site {
                origin: origin.clone(),
                lines: 0,
                calls: 0,
                waiting: VecDeque::new(),
                is_hungry: false,
            });
            self.by_origin.insert(origin.clone(), index);
            index
        });
        let site = self.sites.get_mut(index)?;
        if site.calls >= self.calls_per_site_max {
            return None;
        }
        site.calls += 1;
        Some(index)
    }

    /// Counts a request out.
    pub(super) fn leave(&mut self, index: usize) {
        if let Some(site) = self.sites.get_mut(index) {
            site.calls -= 1;
        }
        self.forget_if_unused(index);
    }

    /// Gives the origin of a site.
    pub(super) fn origin(&self, index: usize) -> Option<&Origin> {
        self.sites.get(index).map(|site| &site.origin)
    }

    /// Finds a way for a request; a connection to be made is counted in.
    pub(super) fn seek(&mut self, index: usize, call: usize, wants: Wants) -> Way {
        if wants == Wants::Any
            && let Some(line) = self.take_idle(index)
        {
            return Way::Reuse(line);
        }
        if let Some(instead_of) = self.make_room(index) {
            return Way::Dial { instead_of };
        }
        let Some(site) = self.sites.get_mut(index) else {
            return Way::Wait;
        };
        site.waiting.push_back(call);
        if !mem::replace(&mut site.is_hungry, true) {
            self.hungry.push_back(index);
        }
        Way::Wait
    }

    /// Takes the connection to a site that was used last: the others may end.
    fn take_idle(&mut self, index: usize) -> Option<usize> {
        let at = self.idle.iter().rposition(|(_, site)| *site == index)?;
        self.idle.remove(at).map(|(line, _)| line)
    }

    /// Counts one more connection in, if there may be one; says which idle one
    /// has to go for it, which is counted out with [`close`](Self::close).
    #[expect(
        clippy::option_option,
        reason = "none at all is told from one that costs nothing"
    )]
    fn make_room(&mut self, index: usize) -> Option<Option<usize>> {
        let site = self.sites.get_mut(index)?;
        let own_first = site.lines >= self.lines_per_site_max;
        let instead_of = if own_first {
            Some(self.take_idle(index)?)
        } else if self.lines >= self.lines_max {
            Some(self.idle.pop_front()?.0)
        } else {
            None
        };
        let site = self.sites.get_mut(index)?;
        site.lines += 1;
        self.lines += 1;
        Some(instead_of)
    }

    /// Takes back a connection whose answer is there: gives the request that has
    /// waited for it, or has it be idle.
    pub(super) fn free(&mut self, index: usize, line: usize) -> Option<usize> {
        let next = self.next_waiting(index);
        if next.is_none() {
            self.idle.push_back((line, index));
        }
        next
    }

    fn next_waiting(&mut self, index: usize) -> Option<usize> {
        self.sites.get_mut(index)?.waiting.pop_front()
    }

    /// Says that a request waits no more.
    pub(super) fn give_up(&mut self, index: usize, call: usize) {
        if let Some(site) = self.sites.get_mut(index) {
            site.waiting.retain(|waiting| *waiting != call);
        }
    }

    /// Counts a connection out that has ended.
    pub(super) fn close(&mut self, index: usize, line: usize) {
        self.idle.retain(|(idle, _)| *idle != line);
        if let Some(site) = self.sites.get_mut(index) {
            site.lines -= 1;
            self.lines -= 1;
        }
        self.forget_if_unused(index);
    }

    /// Finds a request that waits and for which a connection may be made now.
    pub(super) fn relieve(&mut self) -> Option<(usize, usize, Option<usize>)> {
        for _ in 0..self.hungry.len() {
            let index = self.hungry.pop_front()?;
            let Some(site) = self.sites.get_mut(index) else {
                continue;
            };
            if site.waiting.is_empty() {
                site.is_hungry = false;
                self.forget_if_unused(index);
                continue;
            }
            self.hungry.push_back(index);
            if let Some(instead_of) = self.make_room(index) {
                let call = self.next_waiting(index)?;
                return Some((index, call, instead_of));
            }
        }
        None
    }

    /// Takes all connections that are idle.
    pub(super) fn take_all_idle(&mut self) -> Vec<usize> {
        mem::take(&mut self.idle)
            .into_iter()
            .map(|(line, _)| line)
            .collect()
    }

    /// Forgets an origin to which there is nothing any more, so that their number is bounded.
    fn forget_if_unused(&mut self, index: usize) {
        let unused = |site: &Site| site.lines == 0 && site.calls == 0 && !site.is_hungry;
        if self.sites.get(index).is_some_and(unused)
            && let Some(site) = self.sites.try_remove(index)
        {
            self.by_origin.remove(&site.origin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> (Pool, [usize; 3]) {
        let mut pool = Pool::new(&ClientLimits {
            connections_per_origin_max: 2,
            connections_max: 3,
            requests_per_origin_max: 4,
            ..ClientLimits::default()
        });
        let sites = ["http://a", "http://b", "http://c"];
        let sites = sites.map(|text| pool.join(&Origin::parse(text).unwrap()).unwrap());
        (pool, sites)
    }

    const DIAL: Way = Way::Dial { instead_of: None };

    #[test]
    fn a_free_connection_goes_to_who_waits_and_then_to_who_comes() {
        let (mut pool, [a, ..]) = pool();
        assert_eq!(pool.seek(a, 1, Wants::Any), DIAL);
        assert_eq!(pool.seek(a, 2, Wants::Any), DIAL);
        assert_eq!(pool.seek(a, 3, Wants::Any), Way::Wait);
        assert_eq!(pool.free(a, 70), Some(3));
        assert_eq!(pool.free(a, 71), None);
        assert_eq!(pool.free(a, 70), None);
        assert_eq!(
            pool.seek(a, 4, Wants::Any),
            Way::Reuse(70),
            "the last used first"
        );
    }

    #[test]
    fn the_longest_idle_makes_room_for_another_origin() {
        let (mut pool, [a, b, c]) = pool();
        assert_eq!(pool.seek(a, 1, Wants::Any), DIAL);
        assert_eq!(pool.seek(b, 2, Wants::Any), DIAL);
        assert_eq!(pool.seek(b, 3, Wants::Any), DIAL);
        assert_eq!(pool.seek(c, 4, Wants::Any), Way::Wait, "none is idle");
        assert_eq!(pool.relieve(), None);
        assert_eq!(pool.free(b, 71), None);
        assert_eq!(pool.free(a, 70), None);
        assert_eq!(pool.relieve(), Some((c, 4, Some(71))));
        pool.close(b, 71);
        assert_eq!(pool.relieve(), None);
        assert_eq!(
            pool.seek(b, 5, Wants::Any),
            Way::Dial {
                instead_of: Some(70)
            }
        );
        pool.close(a, 70);
        assert_eq!(pool.lines, 3);
    }

    #[test]
    fn who_wants_a_fresh_connection_gets_no_idle_one() {
        let (mut pool, [a, ..]) = pool();
        assert_eq!(pool.seek(a, 1, Wants::Any), DIAL);
        assert_eq!(pool.seek(a, 2, Wants::Any), DIAL);
        pool.free(a, 70);
        assert_eq!(
            pool.seek(a, 1, Wants::Fresh),
            Way::Dial {
                instead_of: Some(70)
            }
        );
    }

    #[test]
    fn an_origin_has_a_bound_and_is_forgotten_when_unused() {
        let (mut pool, [a, b, c]) = pool();
        let origin = pool.origin(a).unwrap().clone();
        assert_eq!([0; 3].map(|_| pool.join(&origin)), [Some(a); 3]);
        assert_eq!(pool.join(&origin), None);
        for (index, calls) in [(a, 4), (b, 1), (c, 1)] {
            assert!(pool.sites.contains(index));
            (0..calls).for_each(|_| pool.leave(index));
        }
        assert!(pool.sites.is_empty() && pool.by_origin.is_empty());
    }

    #[test]
    fn who_gives_up_is_passed_over() {
        let (mut pool, [a, ..]) = pool();
        for call in 1..=4 {
            pool.seek(a, call, Wants::Any);
        }
        pool.give_up(a, 3);
        assert_eq!(pool.free(a, 70), Some(4));
        assert_eq!(pool.relieve(), None, "nobody is left");
        assert!(pool.hungry.is_empty());
    }
}
