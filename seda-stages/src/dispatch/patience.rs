//! The source that ends the server's patience with jobs while it stops.

use std::time::Duration;

use seda_core::{Next, Sink, Source, Tick};

use super::event::JobEvent;

/// How long the source waits before it says so again.
const OFFER_AGAIN: Duration = Duration::from_millis(2);

/// Says [`JobEvent::Close`] when a drain has lasted for some time: until then
/// jobs run, and those in line get their turn; from then on they are ended.
#[derive(Debug)]
pub struct Patience {
    lasts: Duration,
    jobs: Sink<JobEvent>,
    /// `None` until the drain begins.
    state: Option<State>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Begins,
    Until(Tick),
    Over,
}

impl Patience {
    /// Makes patience that lasts this long from the beginning of a drain.
    pub const fn new(lasts: Duration, jobs: Sink<JobEvent>) -> Self {
        Self {
            lasts,
            jobs,
            state: None,
        }
    }
}

impl Source for Patience {
    fn poll(&mut self, now: Tick) -> Next {
        let until = match self.state {
            None => return Next::Idle,
            Some(State::Over) => return Next::Ended,
            Some(State::Begins) => now.after(self.lasts),
            Some(State::Until(until)) => until,
        };
        self.state = Some(State::Until(until));
        if now < until {
            return Next::At(until);
        }
        if self.jobs.enqueue(JobEvent::Close).is_err() {
            return Next::At(now.after(OFFER_AGAIN));
        }
        self.state = Some(State::Over);
        Next::Ended
    }

    fn quiesce(&mut self) {
        self.state.get_or_insert(State::Begins);
    }
}

#[cfg(test)]
mod tests {
    use seda_core::testing::probe;

    use super::*;

    #[test]
    fn it_ends_once_and_only_in_a_drain() {
        let (jobs, told) = probe(8);
        let mut patience = Patience::new(Duration::from_nanos(10), jobs);
        let at = Tick::from_nanos;
        assert_eq!(patience.poll(at(100)), Next::Idle);
        patience.quiesce();
        assert_eq!(patience.poll(at(200)), Next::At(at(210)));
        assert_eq!(patience.poll(at(209)), Next::At(at(210)));
        assert!(told.take().is_empty());
        assert_eq!(patience.poll(at(211)), Next::Ended);
        assert_eq!(patience.poll(at(300)), Next::Ended);
        assert!(matches!(told.take().as_slice(), [JobEvent::Close]));
    }
}
