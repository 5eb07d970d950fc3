//! Calls for a worker's attention: which of its connections have something to do.

use std::cell::RefCell;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::reactor::{Mailbox, Member, nudge};

/// Names one connection of one worker's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where it stands; reused when the connection has ended.
    pub(crate) index: usize,
    /// Never reused.
    pub(crate) number: u64,
}

/// Takes calls for the connections of one worker, from any thread; on that
/// worker it costs no lock.
///
/// There are never more of them than connections, since each calls once and
/// then waits until it was looked at.
#[derive(Debug)]
pub(crate) struct Calls {
    id: u64,
    /// Calls from other threads.
    mailbox: Mailbox<Place>,
}

thread_local! {
    /// Calls that this worker makes itself, by the number of their list.
    static LOCAL: RefCell<Vec<(u64, Vec<Place>)>> = const { RefCell::new(Vec::new()) };
}

impl Calls {
    /// Makes the list of a source on the current worker.
    pub(crate) fn open(member: &Member) -> Arc<Self> {
        static LISTS: AtomicU64 = AtomicU64::new(0);
        let id = LISTS.fetch_add(1, Ordering::Relaxed);
        LOCAL.with_borrow_mut(|lists| lists.push((id, Vec::new())));
        Arc::new(Self {
            id,
            mailbox: Mailbox::new(member.bell()),
        })
    }

    /// Takes no more calls; called on the worker that opened it.
    pub(crate) fn close(&self) {
        let id = self.id;
        let _ = LOCAL.try_with(|lists| {
            if let Ok(mut lists) = lists.try_borrow_mut() {
                lists.retain(|(of, _)| *of != id);
            }
        });
        self.mailbox.close();
    }

    /// Has the source look at `place` at its next poll, which this brings about.
    pub(crate) fn call(&self, place: Place) {
        if !self.call_locally(place) {
            // A source that is gone looks at nothing.
            let _ = self.mailbox.post(place);
        }
    }

    /// Takes a call made on the source's own worker; tells whether it was one.
    fn call_locally(&self, place: Place) -> bool {
        let called = LOCAL.try_with(|lists| {
            let mut lists = lists.try_borrow_mut().ok()?;
            let (_, mine) = lists.iter_mut().find(|(of, _)| *of == self.id)?;
            if mine.is_empty() {
                nudge();
            }
            mine.push(place);
            Some(())
        });
        called.is_ok_and(|called| called.is_some())
    }

    /// Moves all calls into `calls`, which is empty.
    pub(crate) fn take(&self, calls: &mut Vec<Place>) {
        LOCAL.with_borrow_mut(|lists| {
            let mine = lists.iter_mut().find(|(of, _)| *of == self.id);
            if let Some((_, mine)) = mine {
                mem::swap(mine, calls);
            }
        });
        calls.extend(self.mailbox.take());
    }
}
