//! The part of a stage's queue that any thread can reach.

use crate::dials::Order;
use crate::meta::{Key, Meta};
use crate::queue::EventQueue;
use crate::queue::classes::Ranks;
use crate::queue::lanes::{LaneId, Lanes};
use crate::queue::runs::{Entry, Runs};
use crate::sync::Mutex;

/// Is a locked queue. What depends on whether it is empty or closed (ready
/// bits, the choice to refuse) is decided while the lock is held.
#[derive(Debug)]
pub(crate) struct Inbox<E>(Mutex<State<E>>);

#[derive(Debug)]
struct State<E> {
    events: EventQueue<E>,
    lanes: Option<Box<Lanes<E>>>,
    closed: bool,
    /// Serves keyed and other events in turn.
    lanes_next: bool,
}

/// Says that an inbox takes no more from who asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shut;

/// What a batch took from an inbox.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) lane: Option<LaneId>,
    /// Events are left that another worker could take.
    pub(crate) more: bool,
    /// The order in which they are.
    pub(crate) order: Order,
}

impl<E> Inbox<E> {
    pub(crate) fn new(ranks: Option<Ranks<'_>>) -> Self {
        Self(Mutex::new(State {
            events: EventQueue::new(ranks),
            lanes: None,
            closed: false,
            lanes_next: false,
        }))
    }

    /// Changes how classes are served; keeps what is queued.
    pub(crate) fn set_classes(&self, ranks: Ranks<'_>) {
        let mut state = self.0.lock();
        let mut queued = Runs::new();
        state.events.take_all(&mut queued);
        state.events = EventQueue::new(Some(ranks));
        for entry in queued {
            state.events.push(entry);
        }
    }

    /// Has `place` decide under the lock which events need a lane from now on,
    /// and sorts what is queued accordingly.
    pub(crate) fn assign<L>(&self, place: impl FnOnce() -> L)
    where
        L: Fn(&Meta) -> Option<Key>,
    {
        let mut state = self.0.lock();
        let lane = place();
        let mut queued = Runs::new();
        state.events.take_all(&mut queued);
        for entry in queued {
            state.push(lane(&entry.stamp.meta), entry);
        }
    }

    /// Appends events whose room is reserved, in their key's lane if `enter`
    /// gives one; gives them back when closed, or when `enter` finds it so.
    /// `enter`, and `ready` with their number, run under the lock.
    pub(crate) fn push<I>(
        &self,
        enter: impl FnOnce() -> Result<Option<Key>, Shut>,
        entries: I,
        ready: impl FnOnce(usize),
    ) -> Result<(), I>
    where
        I: IntoIterator<Item = Entry<E>>,
    {
        let mut state = self.0.lock();
        if state.closed {
            return Err(entries);
        }
        let Ok(lane) = enter() else {
            return Err(entries);
        };
        let mut n = 0;
        for entry in entries {
            state.push(lane, entry);
            n += 1;
        }
        ready(n);
        Ok(())
    }

    /// Takes up to `limit` events, in this order where they have no key. `idle`
    /// runs under the lock when nothing is left that a worker could take.
    pub(crate) fn take_into(
        &self,
        into: &mut Runs<E>,
        (limit, order): (usize, Order),
        idle: impl FnOnce(),
    ) -> Taken {
        let mut state = self.0.lock();
        let order = state.events.order(order);
        let lane = state.take_into(into, limit, order);
        let more = state.is_ready();
        if !more {
            idle();
        }
        Taken { lane, more, order }
    }

    /// Takes back what a batch left, where it took it in this order; lets its
    /// lane go. `ready` runs under the lock when there is something to take.
    pub(crate) fn give_back(
        &self,
        lane: Option<LaneId>,
        (left, order): (&mut Runs<E>, Order),
        ready: impl FnOnce(),
    ) {
        let mut state = self.0.lock();
        match (lane, &mut state.lanes) {
            (Some(lane), Some(lanes)) => lanes.release(lane, left),
            _ => state.events.give_back(left, order),
        }
        if state.is_ready() {
            ready();
        }
    }

    /// Removes the oldest event of the least urgent class; keyed ones stay.
    pub(crate) fn evict_oldest(&self) -> Option<Entry<E>> {
        self.0.lock().events.pop_oldest()
    }

    /// Takes no more events from now on, and gives out all it holds.
    pub(crate) fn close(&self) -> Runs<E> {
        let mut state = self.0.lock();
        state.closed = true;
        state.drain()
    }

    /// Gives out all it holds and stays open. `idle` runs under the lock.
    pub(crate) fn drain(&self, idle: impl FnOnce()) -> Runs<E> {
        let mut state = self.0.lock();
        idle();
        state.drain()
    }

    pub(crate) fn len(&self) -> usize {
        let state = self.0.lock();
        state.events.len() + state.lanes.as_ref().map_or(0, |lanes| lanes.len())
    }
}

impl<E> State<E> {
    fn push(&mut self, lane: Option<Key>, entry: Entry<E>) {
        match lane {
            Some(key) => self
                .lanes
                .get_or_insert_with(|| Box::new(Lanes::new()))
                .push(key, entry),
            None => {
                self.events.push(entry);
            }
        }
    }

    fn take_into(&mut self, into: &mut Runs<E>, limit: usize, order: Order) -> Option<LaneId> {
        self.lanes_next = !self.lanes_next;
        let keyed = self.lanes.as_ref().is_some_and(|lanes| lanes.is_ready());
        if keyed && (self.lanes_next || self.events.len() == 0) {
            return self.lanes.as_mut()?.take_into(into, limit);
        }
        self.events.take_into(into, limit, order);
        None
    }

    fn is_ready(&self) -> bool {
        self.events.len() > 0 || self.lanes.as_ref().is_some_and(|lanes| lanes.is_ready())
    }

    fn drain(&mut self) -> Runs<E> {
        let mut all = Runs::new();
        self.events.take_all(&mut all);
        if let Some(lanes) = &mut self.lanes {
            lanes.drain_into(&mut all);
        }
        all
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::Inbox;
    use crate::dials::Order;
    use crate::domain::Site;
    use crate::driver::Wake;
    use crate::queue::runs::{Entry, Runs, Stamp};
    use crate::ready::Bit;
    use loom::sync::atomic::{AtomicBool, Ordering};
    use loom::thread;
    use std::sync::Arc;

    struct Alarm(AtomicBool);

    impl Wake for Alarm {
        fn wake(&self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    fn push(inbox: &Inbox<u8>, site: &Site, bit: Bit) {
        let event = Entry {
            stamp: Stamp::NONE,
            event: 1,
        };
        let pushed = inbox.push(|| Ok(None), [event], |_| site.mark_ready(None, bit));
        assert!(pushed.is_ok());
        site.wake(None);
    }

    /// A worker that finds its inbox empty and goes to sleep while an event
    /// comes in took the event, sees the ready bit, or is woken.
    #[test]
    fn no_event_waits_while_its_worker_sleeps() {
        loom::model(|| {
            let bit = Bit::of_rank(3);
            let inbox = Arc::new(Inbox::new(None));
            let site = Arc::new(Site::detached(1));
            let alarm = Arc::new(Alarm(AtomicBool::new(false)));
            site.set_waker(0, Arc::clone(&alarm) as Arc<dyn Wake>);
            let maker = {
                let (inbox, site) = (Arc::clone(&inbox), Arc::clone(&site));
                thread::spawn(move || push(&inbox, &site, bit))
            };
            let mut taken = Runs::new();
            inbox.take_into(&mut taken, (8, Order::OldestFirst), || {
                site.mark_idle(None, bit)
            });
            site.sleepers().enter(0);
            let saw = site.ready_for(0).contains(bit);
            maker.join().unwrap();
            let waits = inbox.len() > 0;
            assert_eq!(site.ready_for(0).contains(bit), waits, "the bit lies");
            let woken = alarm.0.load(Ordering::SeqCst);
            assert!(!waits || saw || woken, "asleep with an event to handle");
        });
    }

    /// Two workers take while two events come in: each event is taken once or
    /// waits with its ready bit set.
    #[test]
    fn the_ready_bit_never_lies() {
        loom::model(|| {
            let bit = Bit::of_rank(70);
            let inbox = Arc::new(Inbox::new(None));
            let site = Arc::new(Site::detached(2));
            push(&inbox, &site, bit);
            let take = move |inbox: &Inbox<u8>, site: &Site| {
                let mut taken = Runs::new();
                inbox.take_into(&mut taken, (1, Order::OldestFirst), || {
                    site.mark_idle(None, bit)
                });
                taken.len()
            };
            let other = {
                let (inbox, site) = (Arc::clone(&inbox), Arc::clone(&site));
                thread::spawn(move || take(&inbox, &site))
            };
            let maker = {
                let (inbox, site) = (Arc::clone(&inbox), Arc::clone(&site));
                thread::spawn(move || push(&inbox, &site, bit))
            };
            let mine = take(&inbox, &site);
            let theirs = other.join().unwrap();
            maker.join().unwrap();
            assert_eq!(mine + theirs + inbox.len(), 2);
            assert_eq!(site.ready_for(0).contains(bit), inbox.len() > 0);
        });
    }
}
