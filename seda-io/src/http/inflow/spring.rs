//! A body that arrives between the source that reads it and the stage that wants it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use seda_core::Sink;

use super::inflow_event::InflowEvent;
use crate::http::telling::{self, Telling, Tells, Told};

/// Is one body that arrives.
pub(crate) struct Spring {
    number: u64,
    /// At most a piece and the end.
    news: Mutex<VecDeque<InflowEvent>>,
    telling: Mutex<Telling<InflowEvent>>,
}

/// Gives a number that no other body has.
pub(super) fn next_number() -> u64 {
    static NUMBERS: AtomicU64 = AtomicU64::new(1);
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

impl Spring {
    pub(super) fn new<E: From<InflowEvent> + Send + 'static>(number: u64, sink: &Sink<E>) -> Self {
        Self {
            number,
            news: Mutex::default(),
            telling: Mutex::new(Telling::new(Some(telling::teller(sink, number)))),
        }
    }

    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// Adds something that the stage is to be told.
    pub(crate) fn note(&self, event: InflowEvent) {
        self.news.lock().push_back(event);
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
