//! Events in order, with what travels along kept once for each run of equals.
//!
//! What one handler sends while it handles one event shares meta and time
//! stamp. Keeping them once per run makes an event in the queue as small as
//! the event itself, and lets a batch look at a deadline once per run; this
//! halves the cost of a hop (`docs/adr/0005-runs.md`).

use std::collections::VecDeque;

use crate::clock::Tick;
use crate::meta::Meta;

/// Is an event with what travels along.
#[derive(Debug)]
pub(crate) struct Entry<E> {
    pub(crate) stamp: Stamp,
    pub(crate) event: E,
}

/// Is what the events of a run share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) meta: Meta,
    pub(crate) enqueued: Tick,
}

impl Stamp {
    pub(crate) const NONE: Self = Self {
        meta: Meta::NONE,
        enqueued: Tick::ZERO,
    };
}

/// Names a stretch of one thread's time in which its stamp does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Epoch(u64);

impl Epoch {
    /// Is no thread's.
    pub(crate) const NONE: Self = Self(0);
    /// Is that of a thread whose events need a closer look.
    pub(crate) const CLOSER_LOOK: Self = Self(u64::MAX);

    #[must_use]
    pub(crate) const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Is a run of events, the next one in front, with their stamps.
#[derive(Debug)]
pub(crate) struct Runs<E> {
    events: VecDeque<E>,
    /// The stamps of all runs but the last, with their lengths.
    closed: VecDeque<(Stamp, usize)>,
    last: Stamp,
    /// How many events the last run has.
    last_len: usize,
    /// When the last run was begun, if it was in an epoch.
    epoch: Epoch,
}

impl<E> Runs<E> {
    pub(crate) const fn new() -> Self {
        Self {
            events: VecDeque::new(),
            closed: VecDeque::new(),
            last: Stamp::NONE,
            last_len: 0,
            epoch: Epoch::NONE,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Tells whether the last run was begun in this epoch.
    #[inline]
    pub(crate) fn is_in(&self, epoch: Epoch) -> bool {
        self.epoch == epoch
    }

    /// Appends an event to the last run, which [`is_in`](Self::is_in) the
    /// pushing thread's epoch, and so is not empty.
    #[inline]
    pub(crate) fn push_on(&mut self, event: E) {
        self.last_len += 1;
        self.events.push_back(event);
    }

    /// Appends an event, which begins a run in this epoch of the only thread
    /// that pushes here in epochs; tells whether it was empty.
    pub(crate) fn push_in(&mut self, epoch: Epoch, entry: Entry<E>) -> bool {
        let was_empty = self.push(entry);
        self.epoch = epoch;
        was_empty
    }

    /// Appends an event; tells whether it was empty.
    pub(crate) fn push(&mut self, Entry { stamp, event }: Entry<E>) -> bool {
        if self.last_len > 0 && self.last == stamp {
            self.last_len += 1;
        } else {
            self.begin_run(stamp);
        }
        let was_empty = self.events.is_empty();
        self.events.push_back(event);
        was_empty
    }

    /// Puts an event in front.
    pub(crate) fn push_front(&mut self, Entry { stamp, event }: Entry<E>) {
        self.closed.push_front((stamp, 1));
        self.events.push_front(event);
    }

    /// Takes the next event.
    pub(crate) fn pop_front(&mut self) -> Option<Entry<E>> {
        let (stamp, _) = self.take_stamp(1)?;
        let event = self.events.pop_front()?;
        Some(Entry { stamp, event })
    }

    /// Takes the last event.
    pub(crate) fn pop_back(&mut self) -> Option<Entry<E>> {
        let event = self.events.pop_back()?;
        if self.last_len > 0 {
            self.last_len -= 1;
            if self.last_len == 0 {
                self.epoch = Epoch::NONE;
            }
            let stamp = self.last;
            return Some(Entry { stamp, event });
        }
        let (stamp, len) = self.closed.back_mut()?;
        let stamp = *stamp;
        *len -= 1;
        if *len == 0 {
            self.closed.pop_back();
        }
        Some(Entry { stamp, event })
    }

    /// Takes the stamp of the next run, or of its first `most` events; the
    /// caller then takes as many events by [`pop_event`](Self::pop_event).
    pub(crate) fn take_stamp(&mut self, most: usize) -> Option<(Stamp, usize)> {
        if let Some((stamp, len)) = self.closed.front_mut() {
            let n = most.min(*len);
            let taken = (*stamp, n);
            *len -= n;
            if *len == 0 {
                self.closed.pop_front();
            }
            return Some(taken);
        }
        let n = most.min(self.last_len);
        self.last_len -= n;
        if self.last_len == 0 {
            self.epoch = Epoch::NONE;
        }
        (n > 0).then_some((self.last, n))
    }

    /// Gives back the stamp of events that were not taken.
    pub(crate) fn return_stamp(&mut self, stamp: Stamp, n: usize) {
        if n > 0 {
            self.closed.push_front((stamp, n));
        }
    }

    /// Takes an event whose stamp was taken before.
    #[inline]
    pub(crate) fn pop_event(&mut self) -> Option<E> {
        self.events.pop_front()
    }

    /// Tells since when the next event waits.
    pub(crate) fn oldest(&self) -> Option<Tick> {
        let first = self.stamps().next();
        first.map(|(stamp, _)| stamp.enqueued)
    }

    /// Lists the runs' stamps with their lengths.
    pub(crate) fn stamps(&self) -> impl Iterator<Item = (Stamp, usize)> {
        let last = (self.last_len > 0).then_some((self.last, self.last_len));
        self.closed.iter().copied().chain(last)
    }

    /// Appends all events of `other`.
    pub(crate) fn append(&mut self, other: &mut Self) {
        if other.is_empty() {
            return;
        }
        self.close_run();
        self.closed.append(&mut other.closed);
        self.events.append(&mut other.events);
        self.last = other.last;
        self.last_len = std::mem::take(&mut other.last_len);
        other.epoch = Epoch::NONE;
    }

    /// Moves the first `n` events to the back of `into`.
    pub(crate) fn move_front(&mut self, into: &mut Self, n: usize) {
        let n = n.min(self.len());
        into.close_run();
        let mut left = n;
        while let Some((stamp, len)) = self.take_stamp(left).filter(|_| left > 0) {
            into.closed.push_back((stamp, len));
            left -= len;
        }
        into.events.extend(self.events.drain(..n));
    }

    /// Moves the last `n` events to the back of `into`, the last one first.
    pub(crate) fn move_back(&mut self, into: &mut Self, n: usize) {
        for entry in std::iter::from_fn(|| self.pop_back()).take(n) {
            into.push(entry);
        }
    }

    /// Empties it, and starts over at the front of its memory, which is in the cache.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.events.clear();
        if !self.closed.is_empty() {
            self.closed.clear();
        }
        self.last_len = 0;
        self.epoch = Epoch::NONE;
    }

    fn begin_run(&mut self, stamp: Stamp) {
        self.close_run();
        self.last = stamp;
        self.last_len = 1;
    }

    fn close_run(&mut self) {
        if self.last_len > 0 {
            self.closed.push_back((self.last, self.last_len));
            self.last_len = 0;
        }
        self.epoch = Epoch::NONE;
    }
}

impl<E> Iterator for Runs<E> {
    type Item = Entry<E>;

    fn next(&mut self) -> Option<Entry<E>> {
        self.pop_front()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::{Entry, Epoch, Runs, Stamp};
    use crate::clock::Tick;
    use crate::meta::Meta;

    #[derive(Clone, Debug)]
    enum Step {
        Push(u64),
        PushIn(u64),
        PushFront(u64),
        Pop,
        PopBack,
        MoveBack(usize),
        TakeRun { most: usize, back: usize },
        Move(usize),
        Append,
        Clear,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            8 => (0..3_u64).prop_map(Step::Push),
            8 => (0..3_u64).prop_map(Step::PushIn),
            2 => (0..3_u64).prop_map(Step::PushFront),
            6 => proptest::strategy::Just(Step::Pop),
            3 => proptest::strategy::Just(Step::PopBack),
            2 => (0..9_usize).prop_map(Step::MoveBack),
            4 => (0..5_usize, 0..5_usize).prop_map(|(most, back)| Step::TakeRun { most, back }),
            2 => (0..9_usize).prop_map(Step::Move),
            2 => proptest::strategy::Just(Step::Append),
            1 => proptest::strategy::Just(Step::Clear),
        ];
        proptest::collection::vec(step, 0..80)
    }

    fn stamp(at: u64) -> Stamp {
        Stamp {
            meta: Meta::NONE,
            enqueued: Tick::from_nanos(at),
        }
    }

    fn listed(runs: &mut Runs<u64>) -> Vec<(u64, u64)> {
        runs.map(|entry| (entry.stamp.enqueued.as_nanos(), entry.event))
            .collect()
    }

    proptest! {
        /// It behaves as a queue of entries would, whatever is done to it.
        #[test]
        fn it_is_a_queue_of_entries(steps in steps()) {
            let (mut runs, mut other) = (Runs::new(), Runs::new());
            let (mut model, mut twin) = (VecDeque::new(), VecDeque::new());
            let mut epoch = (Epoch::NONE, u64::MAX);
            for (event, step) in (0_u64..).zip(steps) {
                match step {
                    Step::Push(at) => {
                        runs.push(Entry { stamp: stamp(at), event });
                        model.push_back((at, event));
                    }
                    Step::PushIn(at) => {
                        if epoch.1 != at {
                            epoch = (epoch.0.next(), at);
                        }
                        if runs.is_in(epoch.0) {
                            prop_assert!(!model.is_empty());
                            runs.push_on(event);
                        } else {
                            let was_empty = runs.push_in(epoch.0, Entry { stamp: stamp(at), event });
                            prop_assert_eq!(was_empty, model.is_empty());
                        }
                        model.push_back((at, event));
                    }
                    Step::PushFront(at) => {
                        runs.push_front(Entry { stamp: stamp(at), event });
                        model.push_front((at, event));
                    }
                    Step::Pop => {
                        let popped = runs.pop_front().map(|e| (e.stamp.enqueued.as_nanos(), e.event));
                        prop_assert_eq!(popped, model.pop_front());
                    }
                    Step::PopBack => {
                        let popped = runs.pop_back().map(|e| (e.stamp.enqueued.as_nanos(), e.event));
                        prop_assert_eq!(popped, model.pop_back());
                    }
                    Step::MoveBack(n) => {
                        runs.move_back(&mut other, n);
                        twin.extend((0..n).map_while(|_| model.pop_back()));
                    }
                    Step::TakeRun { most, back } => {
                        if let Some((stamp, n)) = runs.take_stamp(most) {
                            let back = back.min(n);
                            for _ in back..n {
                                let want = model.pop_front();
                                let got = runs.pop_event().map(|e| (stamp.enqueued.as_nanos(), e));
                                prop_assert_eq!(got, want);
                            }
                            runs.return_stamp(stamp, back);
                        }
                    }
                    Step::Move(n) => {
                        runs.move_front(&mut other, n);
                        twin.extend(model.drain(..n.min(model.len())));
                    }
                    Step::Append => {
                        runs.append(&mut other);
                        model.append(&mut twin);
                    }
                    Step::Clear => {
                        runs.clear();
                        model.clear();
                    }
                }
                prop_assert_eq!(runs.len(), model.len());
                prop_assert_eq!(runs.oldest().map(Tick::as_nanos), model.front().map(|(at, _)| *at));
            }
            prop_assert_eq!(listed(&mut runs), Vec::from(model));
            prop_assert_eq!(listed(&mut other), Vec::from(twin));
        }
    }
}
