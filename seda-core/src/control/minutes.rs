//! What controllers decided last, kept for whoever looks.

use std::collections::VecDeque;

use parking_lot::Mutex;
use serde::Serialize;

use crate::clock::Tick;
use crate::control::Decision;
use crate::stats::dialled::DecisionCount;

/// How many decisions of each controller are remembered.
const DECISIONS_MAX: usize = 16;

/// Is what a controller decided, and when.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decided {
    /// When.
    pub at: Tick,
    /// Who.
    pub by: &'static str,
    /// What, and why.
    pub decision: Decision,
}

/// Keeps the last decisions of each controller, and how many there were.
#[derive(Debug, Default)]
pub(crate) struct Minutes(Mutex<Vec<Page>>);

/// Is the minutes of one controller of one stage.
#[derive(Debug)]
struct Page {
    stage: usize,
    by: &'static str,
    count: u64,
    last: VecDeque<Decided>,
}

impl Minutes {
    pub(crate) fn write(&self, stage: usize, decided: Decided) {
        let mut pages = self.0.lock();
        let known = pages.iter().position(|page| page.is_of(stage, decided.by));
        let place = known.unwrap_or_else(|| {
            pages.push(Page::new(stage, decided.by));
            pages.len() - 1
        });
        if let Some(page) = pages.get_mut(place) {
            page.write(decided);
        }
    }

    /// Gives the last decisions about a stage, the oldest first.
    pub(crate) fn of(&self, stage: usize) -> Vec<Decided> {
        let pages = self.0.lock();
        let of_stage = pages.iter().filter(|page| page.stage == stage);
        let mut all: Vec<_> = of_stage.flat_map(|page| page.last.clone()).collect();
        all.sort_by_key(|decided| decided.at);
        all
    }

    /// Counts the decisions about a stage, by who made them.
    pub(crate) fn counts(&self, stage: usize) -> Vec<DecisionCount> {
        let pages = self.0.lock();
        let of_stage = pages.iter().filter(|page| page.stage == stage);
        let count = |page: &Page| DecisionCount {
            by: page.by,
            count: page.count,
        };
        of_stage.map(count).collect()
    }
}

impl Page {
    const fn new(stage: usize, by: &'static str) -> Self {
        Self {
            stage,
            by,
            count: 0,
            last: VecDeque::new(),
        }
    }

    fn is_of(&self, stage: usize, by: &str) -> bool {
        self.stage == stage && self.by == by
    }

    fn write(&mut self, decided: Decided) {
        self.count += 1;
        self.last.push_back(decided);
        if self.last.len() > DECISIONS_MAX {
            self.last.pop_front();
        }
    }
}
