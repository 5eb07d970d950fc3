//! How many connections come at once: a guess that spares the accept which finds nobody.

use std::mem;

/// Connections that one worker lets in at one turn, so that those that are there
/// wait little; each costs about as much as ten small requests.
const AT_ONCE_MAX: usize = 16;
/// How many times as many are let in when those before were not all.
const FOLD: usize = 4;

/// Guesses how many wait when a listener says that somebody does.
///
/// Mostly that is one, and to ask for a second costs as much as a connection
/// brings; the listener says so again when there are more. So as many are let
/// in as came last time, four times as many when they were not all, and the
/// guess is put right whenever nobody is found.
#[derive(Debug)]
pub(super) struct Crowd {
    knocked: bool,
    /// How many are let in when somebody knocks.
    guess: usize,
    /// How many more are let in at this turn.
    left: usize,
    /// As many as that have come at the last turn.
    all_came: bool,
}

impl Crowd {
    pub(super) const fn new() -> Self {
        Self {
            knocked: false,
            guess: 1,
            left: 0,
            all_came: false,
        }
    }

    /// Says that somebody waits.
    pub(super) const fn knock(&mut self) {
        self.knocked = true;
    }

    /// Begins a turn before which the listener was not asked: that nobody has
    /// knocked says nothing about how many wait.
    pub(super) const fn rest(&mut self) {
        self.left = 0;
    }

    /// Begins a turn.
    pub(super) fn begin(&mut self) {
        let more = mem::take(&mut self.all_came);
        let knocked = mem::take(&mut self.knocked);
        if knocked && more {
            self.guess = (self.guess * FOLD).min(AT_ONCE_MAX);
        }
        self.left = if knocked { self.guess } else { 0 };
    }

    /// Has everybody be let in who waits.
    pub(super) const fn expect_all(&mut self) {
        self.left = usize::MAX;
    }

    /// Tells whether to let in one more.
    pub(super) const fn is_expected(&self) -> bool {
        self.left > 0
    }

    /// Says that one has come.
    pub(super) const fn came(&mut self) {
        self.left = self.left.saturating_sub(1);
        self.all_came = self.left == 0;
    }

    /// Says that there was nobody else.
    pub(super) fn nobody(&mut self) {
        self.guess = self.guess.saturating_sub(self.left).max(1);
        self.left = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::{AT_ONCE_MAX, Crowd};

    /// Lets in at one turn who waits; returns how many, and whether an accept found nobody.
    fn turn(crowd: &mut Crowd, waiting: usize) -> (usize, bool) {
        if waiting > 0 {
            crowd.knock();
        }
        crowd.begin();
        let mut came = 0;
        while crowd.is_expected() {
            if came == waiting {
                crowd.nobody();
                return (came, true);
            }
            crowd.came();
            came += 1;
        }
        (came, false)
    }

    #[test]
    fn one_at_a_time_costs_no_accept_in_vain() {
        let mut crowd = Crowd::new();
        for _ in 0..100 {
            assert_eq!(turn(&mut crowd, 1), (1, false));
            assert_eq!(turn(&mut crowd, 0), (0, false));
        }
    }

    #[test]
    fn a_rush_is_let_in_faster_at_each_turn_up_to_a_bound() {
        let mut crowd = Crowd::new();
        let mut waiting = 1_000;
        let mut at_once = 0;
        for turns in 1.. {
            let (came, _) = turn(&mut crowd, waiting);
            at_once = at_once.max(came);
            waiting -= came;
            if waiting == 0 {
                assert!(turns <= 1_000 / AT_ONCE_MAX + 3, "{turns}");
                break;
            }
        }
        assert_eq!(at_once, AT_ONCE_MAX);
    }

    #[test]
    fn a_turn_without_a_look_at_the_listener_changes_nothing() {
        let mut crowd = Crowd::new();
        let mut came = Vec::new();
        for _ in 0..4 {
            came.push(turn(&mut crowd, 1_000).0);
            crowd.rest();
            assert!(!crowd.is_expected());
        }
        assert_eq!(came, [1, 4, 16, AT_ONCE_MAX]);
    }

    #[test]
    fn after_a_rush_one_accept_in_vain_makes_it_one_at_a_time_again() {
        let mut crowd = Crowd::new();
        for _ in 0..10 {
            turn(&mut crowd, 1_000);
        }
        turn(&mut crowd, 0);
        assert_eq!(turn(&mut crowd, 1), (1, true));
        turn(&mut crowd, 0);
        assert_eq!(turn(&mut crowd, 1), (1, false));
    }

    #[test]
    fn a_last_turn_lets_in_all_who_wait() {
        let mut crowd = Crowd::new();
        crowd.expect_all();
        let waiting = AT_ONCE_MAX + 1;
        for _ in 0..waiting {
            assert!(crowd.is_expected());
            crowd.came();
        }
        crowd.nobody();
        assert!(!crowd.is_expected());
    }
}
