//! Alarms of jobs: an event that is due at a later time, at most one for each job.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use seda_core::{Next, Sink, Source, Tick};

use crate::dispatch::event::meta;
use crate::job::id::JobId;

/// How long the source sleeps at most. An alarm that a worker of its own
/// domain sets is noticed at once, that of any other thread after this time.
const NAP: Duration = Duration::from_millis(500);

/// How long the source waits before it offers an event again.
const OFFER_AGAIN: Duration = Duration::from_millis(2);

/// The alarms that are set. Clones are one.
#[derive(Debug)]
pub struct Alarms<E> {
    book: Arc<Mutex<Book<E>>>,
}

#[derive(Debug)]
struct Book<E> {
    times: BTreeMap<JobId, Tick>,
    events: BTreeMap<(Tick, JobId), E>,
}

impl<E> Alarms<E> {
    /// Has `event` enqueued at that time, in place of the job's alarm so far.
    pub fn set(&self, at: Tick, id: JobId, event: E) {
        let mut book = self.book.lock();
        if let Some(before) = book.times.insert(id, at) {
            book.events.remove(&(before, id));
        }
        book.events.insert((at, id), event);
    }

    /// Forgets the alarm of a job.
    pub fn clear(&self, id: JobId) {
        let mut book = self.book.lock();
        if let Some(at) = book.times.remove(&id) {
            book.events.remove(&(at, id));
        }
    }

    /// Takes an event that is due; tells when the next one is if none is.
    fn take_due(&self, now: Tick) -> Result<(JobId, E), Option<Tick>> {
        let mut book = self.book.lock();
        let Some(first) = book.events.first_entry() else {
            return Err(None);
        };
        let (at, id) = *first.key();
        if at > now {
            return Err(Some(at));
        }
        let event = first.remove();
        book.times.remove(&id);
        Ok((id, event))
    }
}

impl<E> Default for Alarms<E> {
    fn default() -> Self {
        let book = Book {
            times: BTreeMap::new(),
            events: BTreeMap::new(),
        };
        Self {
            book: Arc::new(Mutex::new(book)),
        }
    }
}

impl<E> Clone for Alarms<E> {
    fn clone(&self) -> Self {
        Self {
            book: Arc::clone(&self.book),
        }
    }
}

/// The source that enqueues what is due; there is one on each worker, so that
/// the worker that sets an alarm is one that looks at it.
#[derive(Debug)]
pub struct AlarmClock<E> {
    /// What is due and when.
    pub alarms: Alarms<E>,
    /// Where it goes.
    pub sink: Sink<E>,
}

impl<E: Send + 'static> Source for AlarmClock<E> {
    fn poll(&mut self, now: Tick) -> Next {
        loop {
            let (id, event) = match self.alarms.take_due(now) {
                Ok(due) => due,
                Err(next) => return Next::At(next.unwrap_or(Tick::NEVER).min(now.after(NAP))),
            };
            if let Err(rejected) = self.sink.with(meta(id)).enqueue(event) {
                let again = now.after(OFFER_AGAIN);
                self.alarms.set(again, id, rejected.event);
                return Next::At(again);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use seda_core::testing::probe;

    use super::*;
    use crate::dispatch::event::job_of;

    fn tick(nanos: u64) -> Tick {
        Tick::from_nanos(nanos)
    }

    #[test]
    fn what_is_due_comes_in_order_and_what_is_cleared_does_not() {
        let (sink, events) = probe(8);
        let alarms = Alarms::default();
        let (one, two, three) = (
            JobId::FIRST,
            JobId::FIRST.next(),
            JobId::FIRST.next().next(),
        );
        let mut clock = AlarmClock {
            alarms: alarms.clone(),
            sink,
        };
        assert_eq!(clock.poll(tick(0)), Next::At(tick(0).after(NAP)));
        alarms.set(tick(30), one, "late");
        alarms.set(tick(20), two, "cleared");
        alarms.set(tick(10), three, "early");
        alarms.set(tick(15), one, "moved");
        alarms.clear(two);
        assert_eq!(clock.poll(tick(5)), Next::At(tick(10)));
        clock.poll(tick(40));
        let due = events.take_with_meta();
        let due: Vec<_> = due
            .iter()
            .map(|(event, meta)| (*event, job_of(meta)))
            .collect();
        assert_eq!(due, [("early", Some(three)), ("moved", Some(one))]);
    }

    #[test]
    fn an_event_without_room_is_offered_again() {
        let (sink, events) = probe(1);
        let alarms = Alarms::default();
        alarms.set(tick(1), JobId::FIRST, "a");
        alarms.set(tick(2), JobId::FIRST.next(), "b");
        let mut clock = AlarmClock { alarms, sink };
        let again = tick(5).after(OFFER_AGAIN);
        assert_eq!(clock.poll(tick(5)), Next::At(again));
        assert_eq!(events.take(), ["a"]);
        clock.poll(again);
        assert_eq!(events.take(), ["b"]);
    }
}
