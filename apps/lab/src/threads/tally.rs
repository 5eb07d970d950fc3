//! What became of the events of a run, on all threads together.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use hdrhistogram::{CreationError, Histogram};
use seda_core::Tick;

use crate::fairness::jain;
use crate::quantiles::{DIGITS, LONGEST};
use crate::record::{Fairness, Outcomes};

/// Says what counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// What is asked from here on counts.
    pub(super) from: Tick,
    /// What is asked from here on does not; nobody asks.
    pub(super) until: Tick,
    /// An answer within this is good.
    pub(super) target: Duration,
}

/// Is a client that has asked, with all it had before: it takes that along, so
/// that threads share nothing.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) asked: Tick,
    answers: u64,
    nanos: u64,
}

/// Is the window, once everybody has come.
type Opened = Arc<OnceLock<Window>>;

/// Is a thread's part of what became of the events.
#[derive(Debug)]
pub(super) struct Tally {
    window: Opened,
    /// Everything that came back, counted or not.
    pub(super) seen: u64,
    pub(super) outcomes: Outcomes,
    pub(super) latency: Histogram<u64>,
    /// The clients that ask no more.
    home: Vec<Token>,
}

/// Is the tallies of all threads.
#[derive(Clone, Debug)]
pub(super) struct Tallies {
    window: Opened,
    empty: Histogram<u64>,
    all: Arc<Mutex<Vec<Arc<Mutex<Tally>>>>>,
    /// The clients who have asked for the first time.
    come: Arc<AtomicU64>,
}

impl Token {
    pub(super) const fn new(asked: Tick) -> Self {
        Self {
            asked,
            answers: 0,
            nanos: 0,
        }
    }
}

impl Tally {
    const fn new(window: Opened, latency: Histogram<u64>) -> Self {
        Self {
            window,
            seen: 0,
            outcomes: Outcomes {
                offered: 0,
                good: 0,
                late: 0,
                rejected: 0,
                failed: 0,
            },
            latency,
            home: Vec::new(),
        }
    }

    /// Notes an answer; gives the client back if it asks again.
    pub(super) fn answered(&mut self, mut token: Token, now: Tick) -> Option<Token> {
        self.seen += 1;
        let window = self.window.get().copied();
        if let Some(window) = window.filter(|window| window.counts(token.asked)) {
            let took = now.since(token.asked);
            let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
            self.outcomes.offered += 1;
            if took <= window.target {
                self.outcomes.good += 1;
            } else {
                self.outcomes.late += 1;
            }
            self.latency.saturating_record(nanos);
            token.answers += 1;
            token.nanos = token.nanos.saturating_add(nanos);
        }
        token.asked = now;
        if window.is_none_or(|window| now < window.until) {
            return Some(token);
        }
        self.home.push(token);
        None
    }

    /// Notes that a client was refused, which asks no more.
    pub(super) fn refused(&mut self, token: Token) {
        if self
            .window
            .get()
            .is_some_and(|window| window.counts(token.asked))
        {
            self.outcomes.offered += 1;
            self.outcomes.rejected += 1;
        }
        self.home.push(token);
    }
}

impl Window {
    fn counts(&self, asked: Tick) -> bool {
        (self.from..self.until).contains(&asked)
    }
}

impl Tallies {
    pub(super) fn new() -> Result<Self, CreationError> {
        Ok(Self {
            window: Opened::default(),
            empty: Histogram::new_with_max(LONGEST, DIGITS)?,
            all: Arc::default(),
            come: Arc::default(),
        })
    }

    /// Notes that a client has come.
    pub(super) fn came(&self) {
        self.come.fetch_add(1, Ordering::Relaxed);
    }

    /// Tells how many clients have come.
    pub(super) fn come(&self) -> u64 {
        self.come.load(Ordering::Relaxed)
    }

    /// Says what counts, once.
    pub(super) fn open(&self, window: Window) {
        self.window.get_or_init(|| window);
    }

    /// Makes the part of one more thread.
    pub(super) fn one_more(&self) -> Arc<Mutex<Tally>> {
        let tally = Arc::new(Mutex::new(Tally::new(
            Arc::clone(&self.window),
            self.empty.clone(),
        )));
        locked(&self.all).push(Arc::clone(&tally));
        tally
    }

    /// Adds all up; a client that is not at home has failed: it waits for an
    /// answer that it did not get.
    pub(super) fn total(&self, clients: usize) -> Total {
        let mut total = Tally::new(Arc::clone(&self.window), self.empty.clone());
        for tally in &*locked(&self.all) {
            let mut tally = locked(tally);
            total.seen += tally.seen;
            total.outcomes.add(&tally.outcomes);
            // They are made alike, so that one fits into the other.
            let fits = total.latency.add(&tally.latency).is_ok();
            debug_assert!(fits, "tallies are made alike");
            total.home.append(&mut tally.home);
        }
        let lost = clients.saturating_sub(total.home.len());
        let at_home = u64::try_from(total.home.len()).unwrap_or(u64::MAX);
        let again = total.seen.saturating_sub(at_home);
        let failed = u64::try_from(lost).unwrap_or(u64::MAX);
        total.outcomes.offered += failed;
        total.outcomes.failed += failed;
        Total {
            asked: self.come() + again,
            seen: total.seen,
            outcomes: total.outcomes,
            fairness: fairness(&total.home, lost),
            latency: total.latency,
        }
    }
}

/// Is what became of everything.
#[derive(Debug)]
pub(super) struct Total {
    /// How often the first stage was asked and took it.
    pub(super) asked: u64,
    pub(super) seen: u64,
    pub(super) outcomes: Outcomes,
    pub(super) latency: Histogram<u64>,
    pub(super) fairness: Fairness,
}

/// Another thread's panic does not make what was counted wrong.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[allow(clippy::cast_precision_loss, reason = "counts and times of a run")]
fn fairness(home: &[Token], lost: usize) -> Fairness {
    let answers = home.iter().map(|token| token.answers as f64);
    let mean = |token: &Token| token.nanos as f64 / token.answers as f64;
    let mut means: Vec<f64> = home
        .iter()
        .filter(|token| token.answers > 0)
        .map(mean)
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    let median = means.get(means.len() / 2).copied().unwrap_or(1.0);
    let slowest = means.last().copied().unwrap_or(1.0);
    Fairness {
        jain: jain(answers.chain(std::iter::repeat_n(0.0, lost))),
        slowest: slowest / median.max(1.0),
        p99_ms: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use seda_core::Tick;

    use super::{Tallies, Token, Window, locked};

    const fn at(ms: u64) -> Tick {
        Tick::from_nanos(ms * 1_000_000)
    }

    fn tallies() -> Tallies {
        let tallies = Tallies::new().unwrap();
        tallies.open(Window {
            from: at(100),
            until: at(200),
            target: Duration::from_millis(10),
        });
        tallies
    }

    #[test]
    fn what_is_asked_in_the_window_becomes_good_late_or_failed() {
        let tallies = tallies();
        let (one, other) = (tallies.one_more(), tallies.one_more());
        let asks = |token: Option<Token>| token.expect("it asks again");
        let token = asks(locked(&one).answered(Token::new(at(90)), at(110)));
        let token = asks(locked(&other).answered(token, at(120)));
        assert!(locked(&one).answered(token, at(230)).is_none());
        let total = tallies.total(3);
        let outcomes = total.outcomes;
        assert!(outcomes.is_exact());
        assert_eq!((outcomes.good, outcomes.late, outcomes.failed), (1, 1, 2));
        assert_eq!((total.seen, total.latency.len()), (3, 2));
        assert!((total.fairness.jain - 1.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn who_is_refused_is_counted_and_at_home() {
        let tallies = tallies();
        let one = tallies.one_more();
        locked(&one).refused(Token::new(at(150)));
        locked(&one).refused(Token::new(at(50)));
        let outcomes = tallies.total(2).outcomes;
        assert_eq!(
            (outcomes.offered, outcomes.rejected, outcomes.failed),
            (1, 1, 0)
        );
    }

    #[test]
    fn the_slowest_is_compared_with_the_median() {
        let tallies = tallies();
        let one = tallies.one_more();
        for took in [10, 10, 30] {
            assert!(
                locked(&one)
                    .answered(Token::new(at(190)), at(190 + took))
                    .is_none()
            );
        }
        let fairness = tallies.total(3).fairness;
        assert!((fairness.slowest - 3.0).abs() < 1e-9, "{fairness:?}");
        assert!((fairness.jain - 1.0).abs() < 1e-9, "{fairness:?}");
    }
}
