//! A body that arrives between the source that reads it and the stage that wants it.

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use seda_core::Sink;

use super::inflow_event::InflowEvent;
use crate::http::telling::{self, Teller, Telling, Tells, Told};

/// Is one body that arrives.
pub(crate) struct Spring {
    number: u64,
    /// Nobody is told.
    deaf: AtomicBool,
    /// At most a piece and the end.
    news: Mutex<VecDeque<InflowEvent>>,
    telling: Mutex<Telling<InflowEvent>>,
}

impl Spring {
    pub(super) fn new<E: From<InflowEvent> + Send + 'static>(number: u64, sink: &Sink<E>) -> Self {
        Self::by(number, Some(telling::teller(sink, number)))
    }

    /// Makes one that is told in a way of its own.
    pub(super) fn by(number: u64, teller: Option<Teller<InflowEvent>>) -> Self {
        Self {
            number,
            deaf: AtomicBool::new(teller.is_none()),
            news: Mutex::default(),
            telling: Mutex::new(Telling::new(teller)),
        }
    }

    /// Makes one whose bytes are thrown away.
    pub(super) fn deaf(number: u64) -> Self {
        Self::by(number, None)
    }

    /// Tells nobody from now on, and throws away what was not told.
    pub(super) fn deafen(&self) {
        self.deaf.store(true, Ordering::Release);
        // What is dropped may call for more, which takes locks of its own.
        let untold = mem::take(&mut *self.news.lock());
        let telling = mem::replace(&mut *self.telling.lock(), Telling::new(None));
        drop((untold, telling));
    }

    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// Adds something that the stage is to be told.
    pub(crate) fn note(&self, event: InflowEvent) {
        if !self.deaf.load(Ordering::Acquire) {
            self.news.lock().push_back(event);
        }
    }
}

impl Tells for Spring {
    fn tell(&self) -> Told {
        let next = || self.news.lock().pop_front();
        self.telling.lock().tell(next)
    }
}

impl fmt::Debug for Spring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spring")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}
