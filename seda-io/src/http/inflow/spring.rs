//! A body that arrives between the source that reads it and the stage that wants it.

use std::collections::VecDeque;
use std::fmt;

use parking_lot::Mutex;
use seda_core::Sink;

use super::inflow_event::InflowEvent;
use crate::http::telling::{self, Telling, Tells, Told};

/// Is one body that arrives.
pub(crate) struct Spring {
    number: u64,
    /// Nobody is told.
    deaf: bool,
    /// At most a piece and the end.
    news: Mutex<VecDeque<InflowEvent>>,
    telling: Mutex<Telling<InflowEvent>>,
}

impl Spring {
    pub(super) fn new<E: From<InflowEvent> + Send + 'static>(number: u64, sink: &Sink<E>) -> Self {
        Self {
            number,
            deaf: false,
            news: Mutex::default(),
            telling: Mutex::new(Telling::new(Some(telling::teller(sink, number)))),
        }
    }

    /// Makes one whose bytes are thrown away.
    pub(super) fn deaf(number: u64) -> Self {
        Self {
            number,
            deaf: true,
            news: Mutex::default(),
            telling: Mutex::new(Telling::new(None)),
        }
    }

    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// Adds something that the stage is to be told.
    pub(crate) fn note(&self, event: InflowEvent) {
        if !self.deaf {
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
